"""What a column means, where names are written out and where they follow a pattern."""

from __future__ import annotations

import pytest

from lethe.core.columns import SAME, Column, Named, Placeholder, Table, UndescribedError, interval, number, table_of, text

QUANTITY = Placeholder(
    "quantity", "a quantity", {"ssim": Named("SSIM", better="higher"), "ssim_x": Named("X", "points", "lower")}
)
ANY = Placeholder("name", "anything", {})
TABLE = Table(
    "tables/harm_{task}.csv",
    "a method",
    [
        number("ssim_kept", "not a pattern"),
        *interval("{quantity}_others", "mean of {quantity}, as in `harm_{task}.csv`", SAME, SAME, over="emitters"),
        text("{quantity}", "{quantity}"),
        text("{name}", "called {name}"),
    ],
    [QUANTITY, ANY],
)


def test_a_pattern_takes_label_unit_and_direction_from_what_stands_in_it() -> None:
    found = TABLE.described("ssim_x_others")
    assert found == Column("ssim_x_others", "mean of X, as in `harm_{task}.csv`", "number", "points", "lower")
    assert TABLE.described("ssim_others_low").meaning == "lower end of the interval of `SSIM_others` over emitters"


def test_what_is_written_out_counts_before_a_pattern_and_the_more_exact_pattern_before_another() -> None:
    assert TABLE.described("ssim_kept").meaning == "not a pattern"
    assert TABLE.column_of("ssim").name == "{quantity}" and TABLE.described("other").meaning == "called `other`"


def test_an_unknown_column_is_named_with_the_nearest_one() -> None:
    table = Table("tables/a.csv", "a row", [text("method", "its name")])
    with pytest.raises(UndescribedError, match=r"tables/a.csv: column 'methods' is not described.*did you mean 'method'"):
        table.described("methods")


def test_the_most_exact_name_of_a_file_is_meant() -> None:
    other = Table("tables/harm_pairs_{task}.csv", "a pair", [])
    assert table_of([TABLE, other], "tables/harm_pairs_objects.csv") is other
    assert table_of([TABLE, other], "tables/harm_objects.csv") is TABLE
    with pytest.raises(UndescribedError, match="tables/harms_objects.csv: no table is described"):
        table_of([TABLE, other], "tables/harms_objects.csv")
