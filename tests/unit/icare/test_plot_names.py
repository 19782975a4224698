"""Names in figures: as they are written, in letters that a font of the machine has, cut where they would break the layout."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text
from PIL import Image
from tests.unit.deepunlearn.deepunlearn_tables import make_attacks
from tests.unit.icare.plot_tables import make_tables
from tests.unit.icare.template_world import make_task

from lethe.benchmarks.deepunlearn.templates import lira_roc
from lethe.benchmarks.icare.figures import source_grid
from lethe.benchmarks.icare.templates import interference_matrix, similarity_matrix, visual_grid
from lethe.benchmarks.icare.templates.paper import figures
from lethe.figures import bars, fonts
from lethe.figures.fonts import BASE, families_for, further_fonts
from lethe.figures.style import plain_power, save, styled
from lethe.figures.templates import TEMPLATES
from lethe.figures.templates.parameters import validate
from lethe.figures.text import shortened, text_width, wrapped
from lethe.settings.models import Settings
from lethe.statistics.resampling import Inference

HARD = ["A$AP and Ke$ha", "$x^2$", r"\frac{a}{b}", "50% {z}", "a^b", "#1 & <b>", "кошка", "قط", "NA", "x$"]
NO_FONT = "\U0003fff0"  # a place that Unicode keeps free


def texts(figure: Figure) -> list[Text]:
    figure.draw_without_rendering()
    return [text for text in figure.findobj(Text) if text.get_text()]


def hard_tables() -> Any:
    made = make_tables()
    names = dict(zip((record["name"] for record in made.metadata), HARD, strict=True)) | {"emitter": "emitter"}
    made.metadata = [record | {"name": names[record["name"]]} for record in made.metadata]
    made.similarity = {
        kind: [{names[key]: names.get(value, value) for key, value in row.items()} for row in rows]
        for kind, rows in made.similarity.items()
    }
    return made


def test_names_stand_in_figures_as_they_are_written(tmp_path: Path) -> None:
    made = hard_tables()
    pairs = interference_matrix.data(made.pairs, made.metadata, "clip_diff", ["uce"], made.noise_floor)
    grid = visual_grid.data(made.pairs, made.alike("clip"), made.metadata, 0, 42, "clip_diff", ["uce"])
    blank = np.zeros((8, 8, 3), np.uint8)
    drawn = {
        "interference": interference_matrix.draw(pairs, "clip_diff"),
        "similarity": similarity_matrix.draw(
            similarity_matrix.data({kind: made.alike(kind) for kind in made.similarity}, made.metadata)
        ),
        "sources": source_grid.draw({name: [blank] for name in HARD}),
        "bars": bars.draw(pd.Series(range(10), index=HARD, name="popularity")),
    }
    for what, figure in drawn.items():
        written = {text.get_text() for text in texts(figure)}
        assert set(HARD) <= written, what
    pictures = {(row, member): blank for row, member in zip(grid["row"], grid["member"], strict=True)}
    drawn["pictures"] = visual_grid.draw(grid, pictures)
    assert HARD[0] in {text.get_text() for text in texts(drawn["pictures"])}
    for what, figure in drawn.items():
        assert not any(text.get_parse_math() or text.get_usetex() for text in texts(figure) if "$" in text.get_text()), what
        save(figure, tmp_path / f"{what}.png")


@pytest.mark.parametrize("name", ["MSAOne", "MCI", "EUP", "IVS", "SRC", "IAT"])
def test_names_and_categories_stand_in_results_as_they_are_written(name: str) -> None:
    task = make_task("objects", 10)
    kinds = {"curved": "$curved$", "mixed": "50% {x}", "straight": r"\alpha_1", "even": "$e$", "odd": "o$d$"}
    for records in (task.metadata, task.entities):
        for record, new in zip(records, HARD, strict=True):
            record |= {"name": new, "curvature": kinds[record["curvature"]], "parity": kinds[record["parity"]]}
    template = TEMPLATES.load(name)
    [asked] = [figure for figure in figures(Settings()) if figure.template == name and figure.name.startswith("objects_")]
    parameters = validate(template.parameters, asked.parameters)
    result = template.compute(parameters, {"objects": task}, Inference(permutations=99, bootstrap=50))
    pictures = {(row["row"], row["member"]): np.zeros((8, 8, 3), np.uint8) for row in result.rows if "member" in row}
    shown = texts(TEMPLATES.load(name).draw(result, parameters, pictures))
    assert not any(text.get_parse_math() for text in shown if "$" in text.get_text())
    written = " ".join(text.get_text() for text in shown)
    assert {"SRC": "$e$", "IAT": "$e$"}.get(name, HARD[0]) in written


def test_powers_of_ten_need_no_mathematics() -> None:
    written = [text.get_text() for text in texts(lira_roc.draw(lira_roc.data(*make_attacks())))]
    assert {"10\u207b\u00b2", "10\u2070"} <= set(written)
    assert not any("$" in text or "\\" in text for text in written)
    assert plain_power(r"$\mathdefault{2\times10^{-3}}$") == "2\u00d710\u207b\u00b3"
    assert plain_power(r"$\mathdefault{-10^{1}}$") == "\u221210\u00b9"
    assert plain_power(r"$\mathdefault{0}$") == "0"


@styled
def one_title(name: str) -> Figure:
    figure = Figure()
    figure.subplots().set_title(name)
    return figure


def test_a_letter_is_drawn_from_whatever_font_has_it(tmp_path: Path) -> None:
    letter = "\u24b6"  # in the STIX that ships with matplotlib, not in its DejaVu
    assert ord(letter) not in FT2Font(str(findfont(BASE))).get_charmap()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = one_title(f"cat {letter}")
        save(figure, tmp_path / "a.png")
        save(figure, tmp_path / "a.pdf")
    [title] = [text for text in texts(figure) if letter in text.get_text()]
    first, *further = title.get_fontfamily()
    assert first == BASE
    assert any(ord(letter) in FT2Font(str(findfont(family))).get_charmap() for family in further)
    assert not further_fonts(one_title("cat"))
    assert families_for([letter, NO_FONT]) == (further, {NO_FONT})
    save(one_title(f"cat {NO_FONT}"), tmp_path / "b.png")
    ink = [np.asarray(Image.open(tmp_path / f"{name}.png").convert("L")) for name in "ab"]
    assert ink[0].shape == ink[1].shape
    assert (ink[0] != ink[1]).any()  # a letter, and not the box of a letter that no font has


def test_letters_that_no_font_has_are_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fonts, "_told", set())
    with warnings.catch_warnings(record=True) as warned, caplog.at_level(logging.WARNING):
        warnings.simplefilter("always")
        for _ in range(2):
            figure = one_title(f"{NO_FONT} cat")
            figure.savefig(tmp_path / "as_a_notebook_does.png")
            save(figure, tmp_path / "a.png")
    assert not warned
    [record] = [record for record in caplog.records if "no font" in record.getMessage()]
    assert "U+3FFF0" in record.getMessage()
    assert "apt install fonts-noto" in record.getMessage()


def test_long_names_leave_a_figure_its_size() -> None:
    made, long = make_tables(), "long name " * 100
    made.metadata[0]["name"] = long
    data = interference_matrix.data(made.pairs, made.metadata, "clip_diff", ["uce"], made.noise_floor)
    assert set(data.loc[data["emitter"] == 0, "emitter_name"]) == {long}  # whole in the data
    figure = interference_matrix.draw(data, "clip_diff")
    assert figure.get_figwidth() < 12
    assert any(text.get_text().startswith("long name") and text.get_text().endswith("\u2026") for text in texts(figure))


def test_wide_letters_take_two_columns() -> None:
    assert text_width("cat") == 3
    assert text_width("\u9ed1\u732b") == 4
    assert shortened("\u9ed1\u732b\u8b66\u957f", 8) == "\u9ed1\u732b\u8b66\u957f"
    assert shortened("\u9ed1\u732b\u8b66\u957f", 5) == "\u9ed1\u732b\u2026"
    assert shortened("a" * 25) == "a" * 23 + "\u2026"
    assert wrapped("\u9ed1\u732b\u8b66\u957f", 4, 2) == "\u9ed1\u732b\n\u8b66\u957f"
    assert wrapped("a very long name indeed", 10, 2) == "a very\nlong name\u2026"
    assert wrapped("a cat", 14, 2) == "a cat"
