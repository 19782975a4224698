"""Folders, tables and parquet files that users bring: names, values and pictures as they stand; faults name file, row and column."""

from __future__ import annotations

import json
import logging
import os
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.paper_world import PaperWorld, picture

from lethe.core.registry import UnknownNameError
from lethe.diffusion.sources import SOURCES
from lethe.diffusion.sources.folder import ImageFolder
from lethe.diffusion.sources.pack import SourceError, member_name, pack_source
from lethe.diffusion.sources.tables import read_table
from lethe.io.fileformat import wrong_format
from lethe.io.shards import ShardReader
from lethe.io.tables import CorruptFileError, read_json, read_parquet

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 197000000\n"
PERSONS = "slug,name,birthyear,gender,occupation,bplace_country,hpi\n"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder source with two entities of two and three pictures."""
    (tmp_path / "entities.json").write_text('[{"name": "cat", "legs": 4}, {"name": "blue dog", "legs": 4}]')
    for name, count in (("cat", 2), ("blue dog", 3)):
        (tmp_path / "images" / name).mkdir(parents=True)
        for number in range(count):
            (tmp_path / "images" / name / f"{number}.png").write_bytes(picture(number, "PNG"))
    return tmp_path


def packed(folder: Path, out: Path) -> pd.DataFrame:
    out.mkdir()
    pack_source(ImageFolder(folder), *(out / name for name in ("a.tar", "a.parquet", "records.json", "distance.json")))
    with ShardReader(out / "a.tar") as shard:
        assert shard.read_all().shape[1:] == (8, 8, 3)
    return read_parquet(out / "a.parquet")


# --- folders ------------------------------------------------------------------------------------------------------


def test_what_is_not_read_is_counted_and_named(own: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "lethe")
    cat = own / "images" / "cat"
    for hidden in (".DS_Store", "._0.jpg", "Thumbs.db", "desktop.ini"):
        (cat / hidden).write_bytes(b"x")
    for name in ("3.heic", "4.TIFX", "notes.txt"):
        (cat / name).write_bytes(b"x")
    (cat / "more.png").mkdir()
    for name, kind in (("5.JFIF", "JPEG"), ("6.tif", "TIFF"), ("7.jpe", "JPEG"), ("8.avif", "AVIF")):
        (cat / name).write_bytes(picture(0, kind))
    (own / "images" / "lizard").mkdir()
    (own / "images" / "loose.png").write_bytes(picture(0, "PNG"))
    table = packed(own, tmp_path / "out")
    assert table["file_name"][table["entity"] == "cat"].tolist() == ["0.png", "1.png", "5.JFIF", "6.tif", "7.jpe", "8.avif"]
    said = [record.getMessage() for record in caplog.records]
    assert any("left out" in line and "4 (cat/3.heic, cat/4.TIFX, cat/more.png, cat/notes.txt)" in line for line in said)
    assert any("folders without a record in entities.json, left out: 1 (lizard)" in line for line in said)
    assert any("beside the folders of entities, left out: 1 (loose.png)" in line for line in said)
    assert sum("left out" in line for line in said) == 3
    assert said[-1] == "2 entities, 9 images; fewest: 'blue dog' with 3"


def test_what_was_done_to_pictures_is_said(own: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    from PIL import Image

    Image.new("RGBA", (8, 8), (255, 0, 0, 0)).save(own / "images" / "cat" / "1.png")
    packed(own, tmp_path / "out")
    assert "pictures with transparent parts laid on white: 1 (cat/1.png)" in caplog.text


def test_an_entity_of_which_nothing_is_read_is_an_error(own: Path, tmp_path: Path) -> None:
    cat = own / "images" / "cat"
    for file in cat.iterdir():
        file.rename(file.with_suffix(".heic"))
    with pytest.raises(CorruptFileError, match=r"images/cat: no image that is read, but 2 \(0.heic, 1.heic\); read are .apng"):
        ImageFolder(own).entities()
    for file in cat.iterdir():
        file.unlink()
    with pytest.raises(CorruptFileError, match=r"images/cat: no images; every entity of .*entities.json needs at least one"):
        ImageFolder(own).entities()


def test_names_are_equal_in_either_unicode_form(own: Path, tmp_path: Path) -> None:
    composed, decomposed = (unicodedata.normalize(form, "Müller é") for form in ("NFC", "NFD"))
    assert composed != decomposed
    for number, (folder, written) in enumerate(((decomposed, composed), (composed, decomposed))):
        (own / "images" / "cat").rename(own / "images" / folder)
        (own / "entities.json").write_text(json.dumps([{"name": written}], ensure_ascii=False))
        table = packed(own, tmp_path / f"out{number}")
        assert table["entity"].tolist() == [composed] * 2
        assert read_json(tmp_path / f"out{number}" / "records.json") == [{"dataset_n_original": 2, "name": composed}]
        (own / "images" / folder).rename(own / "images" / "cat")
    for name in (composed, decomposed):
        (own / "images" / name).mkdir()
    with pytest.raises(CorruptFileError, match="two folders are called 'Müller é'"):
        ImageFolder(own).entities()


@pytest.mark.parametrize("name", ["/etc", "..", ".", "../images/cat", "cat/../cat", "cat/", "./cat", "cat\0", "C:\\cat", ".git"])
def test_a_name_leads_nowhere_but_to_its_folder(own: Path, name: str) -> None:
    (own / "images" / ".git").mkdir()
    (own / "entities.json").write_text(json.dumps([{"name": name}]))
    with pytest.raises(UnknownNameError, match=r"entities.json: no folder called .* for that entity"):
        ImageFolder(own).entities()


def test_an_unknown_name_names_the_nearest(own: Path) -> None:
    (own / "entities.json").write_text('[{"name": "bleu dog"}]')
    with pytest.raises(UnknownNameError, match="no folder called .bleu dog. .*for that entity; did you mean 'blue dog'"):
        ImageFolder(own).entities()
    (own / "entities.json").write_text('[{"name": "cat"}]')
    with pytest.raises(UnknownNameError, match="'cats'.*did you mean 'cat'"):
        ImageFolder(own).images("cats")


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([{"Name": "cat"}], "record 0: no key 'name'; it has Name; did you mean 'Name'"),
        ([{"name": "cat"}, {}], "record 1: no key 'name'; it has none"),
        ([{"name": 7}], "record 0: 'name' is 7; allowed: text"),
        ([{"name": None}], "record 0: 'name' is null; allowed: text"),
        ([{"name": " "}], "record 0: 'name' is \" \"; allowed: text"),
        ([{"name": "cat"}, "dog"], 'record 1: "dog"; expected a record'),
        ([{"name": "Mu\u0308ller"}, {"name": "cat"}, {"name": "M\u00fcller"}], "record 2: the name 'Müller' is that of record 0"),
        ({"name": "cat"}, '.name.: "cat".; expected a list of records'),
        ([], r"\[\]; expected a list of records"),
        ([{"name": "cat", "tags": ["a"]}], r"record 0 ..cat..: 'tags' is .*allowed: bool, finite number, text or null"),
        ([{"name": "cat", "legs": "\ud800"}], "record 0 ..cat..: 'legs' is"),
        ([{"name": "cat", "dataset_n_original": 0}], "record 0 ..cat..: 'dataset_n_original' is 0; allowed: a whole number"),
        ([{"name": "cat", "dataset_n_original": "12"}], "'dataset_n_original' is \"12\""),
    ],
)
def test_faults_of_records_name_file_record_and_key(own: Path, records: Any, message: str) -> None:
    (own / "entities.json").write_text(json.dumps(records))
    with pytest.raises(CorruptFileError, match=f"entities.json.*{message}"):
        ImageFolder(own).entities()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'[{"name": "cat"}', "not valid JSON"),
        (b'[{"name": "cat", "x": 1e999}]', "record 0 ..cat..: 'x' is Infinity; allowed: bool, finite number"),
        (b'[{"name": "M\xfcller"}]', "not valid JSON .*utf-8"),
        (POINTER.encode(), "a Git LFS pointer, not the file of 197000000 bytes.*`git lfs pull`"),
    ],
)
def test_a_broken_list_is_never_to_be_deleted(own: Path, data: bytes, message: str) -> None:
    (own / "entities.json").write_bytes(data)
    with pytest.raises(CorruptFileError, match=f"entities.json.*{message}") as caught:
        ImageFolder(own).entities()
    assert "delete" not in str(caught.value)


def test_a_byte_order_mark_is_passed_over(own: Path) -> None:
    (own / "entities.json").write_text('[{"name": "cat"}]', encoding="utf-8-sig")
    assert ImageFolder(own).entities() == [{"dataset_n_original": 2, "name": "cat"}]


def test_long_and_foreign_file_names_are_packed(own: Path, tmp_path: Path) -> None:
    cat = own / "images" / "cat"
    names = ["x" * 120 + ".png", "x" * 121 + ".png", "猫" * 60 + ".png", "y" * 96 + ".png"]
    for name in names:
        (cat / name).write_bytes(picture(1, "PNG"))
    table = packed(own, tmp_path / "out")
    assert set(names) < set(table["file_name"]) and table["member"].is_unique
    assert all(len(member.removeprefix("000/").encode()) <= 100 for member in table["member"])
    assert member_name("y" * 96 + ".png") == "y" * 96 + ".png"  # as before


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="other systems allow no such name")
def test_a_file_name_that_is_no_text_is_refused(own: Path) -> None:
    (own / "images" / "cat" / os.fsdecode(b"\xff.png")).write_bytes(picture(0, "PNG"))
    with pytest.raises(CorruptFileError, match=r"images/cat: the name '\\udcff.png' is no UTF-8 text; rename it"):
        ImageFolder(own).entities()


def test_a_missing_part_of_the_folder_is_named(own: Path) -> None:
    (own / "images").rename(own / "pictures")
    (own / "images").write_text("")
    with pytest.raises(FileNotFoundError, match="images does not exist; a `folder` source needs"):
        ImageFolder(own)
    with pytest.raises(FileNotFoundError, match="elsewhere is no folder; a `folder` source needs one"):
        ImageFolder(own / "elsewhere")
    (own / "entities.json").rename(own / "entity.json")
    with pytest.raises(FileNotFoundError, match="entities.json does not exist, but entity.json does; did you mean 'entity.json'"):
        ImageFolder(own)


def test_without_a_list_every_folder_is_an_entity(own: Path) -> None:
    (own / "entities.json").unlink()
    counted = [{"dataset_n_original": 3, "name": "blue dog"}, {"dataset_n_original": 2, "name": "cat"}]
    assert ImageFolder(own).entities() == counted
    assert ImageFolder(own / "images").entities() == counted, "also where they lie in the folder itself"
    assert [image.file_name for image in ImageFolder(own).images("cat")] == ["0.png", "1.png"]
    with pytest.raises(UnknownNameError, match="'cats'.*did you mean 'cat'"):
        ImageFolder(own).images("cats")
    for folder in list((own / "images").iterdir()):
        folder.rename(own / folder.name)
    (own / "images").rmdir()
    assert ImageFolder(own).entities() == counted


def test_a_link_that_leads_nowhere_is_named(own: Path) -> None:
    (own / "images" / "cat" / "z.png").symlink_to(own / "gone.png")
    with pytest.raises(FileNotFoundError, match=r"images/cat/z\.png"):
        list(ImageFolder(own).images("cat"))


# --- tables -------------------------------------------------------------------------------------------------------


def persons(world: PaperWorld, path: Path) -> dict[str, dict[str, Any]]:
    return {record["name_pantheon"]: record for record in world.source("lfw", pantheon=path, race=None).entities()}


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            'Tony_Blair,Tony Blair,"1,953",M,POLITICIAN,UK,70',
            "row 2, column 'birthyear': '1,953'; allowed: a number such as 1954",
        ),
        ("Tony_Blair,Tony Blair,c. 1953,M,POLITICIAN,UK,70", "row 2, column 'birthyear': 'c. 1953'"),
        ("Tony_Blair,Tony Blair,1953.5,M,POLITICIAN,UK,70", "row 2, column 'birthyear': 1953.5; allowed: a whole number"),
        ("Tony_Blair,Tony Blair,1953,M,POLITICIAN,UK,inf", "row 2, column 'hpi': 'inf'; allowed: a number"),
        ("Tony_Blair,Tony Blair,1953,M,POLITICIAN,UK,True", "row 2, column 'hpi': 'True'; allowed: a number"),
        (
            "Tony_Blair,Tony Blair,1,953,M,POLITICIAN,UK,70",
            "row 2: 8 cells, but the header has 7; a cell with a comma needs quotes",
        ),
        ("Tony_Blair,Tony Blair,1953,M", "row 2: 4 cells, but the header has 7"),
        ('Tony_Blair,"Tony Blair,1953,M,POLITICIAN,UK,70', "not a readable csv"),
    ],
)
def test_a_number_that_is_none_names_row_and_column(world: PaperWorld, tmp_path: Path, cells: str, message: str) -> None:
    path = tmp_path / "pantheon.csv"
    path.write_text(f"{PERSONS}A,A,1900,F,ACTOR,France,50\n{cells}\n")
    with pytest.raises(CorruptFileError, match=rf"pantheon\.csv.*{message}"):
        persons(world, path)
    path.write_text(f"{PERSONS}{cells}\n")  # every row alike, which parsers may take for a table with an index
    with pytest.raises(CorruptFileError, match=r"pantheon\.csv"):
        persons(world, path)


def test_words_stay_words_and_empty_cells_are_missing(world: PaperWorld, tmp_path: Path) -> None:
    path = tmp_path / "pantheon.csv"
    path.write_text(
        f"{PERSONS}Tony_Blair,Tony Blair,NA,nan,None,NA,70\nNull,Null,1960,F,ACTOR,France,\nJunichiro_Koizumi,Junichiro Koizumi,,,,,\n"
    )
    found = persons(world, path)
    blair = found["Tony_Blair"]
    assert (blair["gender"], blair["occupation"], blair["bplace_country"]) == ("nan", "None", "NA")
    assert (blair["birthyear"], blair["hpi"]) == (None, 70.0)  # among numbers the word means a missing one
    assert {found["Junichiro_Koizumi"][key] for key in ("birthyear", "gender", "occupation", "bplace_country", "hpi")} == {None}
    (tmp_path / "lfw" / "Null").mkdir(parents=True)
    (tmp_path / "lfw" / "Null" / "Null_0001.jpg").write_bytes(picture(0))
    record = world.source("lfw", images=[tmp_path / "lfw"], pantheon=path, race=None).entities()[0]
    assert (record["name"], record["name_pantheon"], record["birthyear"]) == ("Null", "Null", 1960)


def test_other_columns_hold_what_all_of_their_cells_are(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("name,number,words,flag,few,none,same\na,1,NA,True,,,NA\nb,NA,x,False,True,,NA\n")
    table = read_table(path, ["name"], text=["name"])
    assert table["number"].tolist()[0] == 1.0 and np.isnan(table["number"][1])
    assert table["words"].tolist() == ["NA", "x"] and table["same"].tolist() == ["NA", "NA"]
    assert table["flag"].tolist() == [True, False] and table["few"].tolist()[1] is True
    assert table["none"].isna().all()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a readable csv of UTF-8 text .*expected a table with the columns name, year"),
        (b"name,year\nM\xfcller,1\n", "not a readable csv of UTF-8 text .*0xfc"),
        ("name,year\na,1\n".encode("utf-16"), "not a readable csv of UTF-8 text"),
        (b"name;year\na;1\n", "no column 'name'.*separated by commas, not by semicolons"),
        (b"name,yaer\na,1\n", "no column 'year'; .*did you mean 'yaer'"),
        (b"name,year,year\na,1,2\n", "column 'year' stands twice"),
        (POINTER.encode(), "a Git LFS pointer, not the file of 197000000 bytes"),
        (b"PK\3\4\0\0\0", r"no column 'name'; expected name, year, found PK\?\?\?\?\?$"),
    ],
)
def test_what_is_no_table_is_named(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "a.csv").write_bytes(data)
    with pytest.raises(CorruptFileError, match=rf"a\.csv.*{message}") as caught:
        read_table(tmp_path / "a.csv", ["name", "year"], text=["name"], numbers=["year"])
    assert "delete" not in str(caught.value)


def test_a_byte_order_mark_is_no_part_of_a_column(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name,year\na,1\n", encoding="utf-8-sig")
    assert read_table(tmp_path / "a.csv", ["name", "year"]).columns.tolist() == ["name", "year"]


# --- parquet and others -------------------------------------------------------------------------------------------


IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


@pytest.mark.parametrize(
    ("names", "pictures", "message"),
    [
        (["A_0001.jpg", "A_0002.jpg"], [{"bytes": picture(0), "path": ""}, None], r"row 1 .A_0002.jpg.: 'image' is null"),
        (
            ["A_0001.jpg"],
            [{"bytes": None, "path": "/x.jpg"}],
            "row 0 .*the picture is not in the file, but only its path '/x.jpg'",
        ),
        (["A_0001.jpg"], [{"bytes": None, "path": None}], "row 0 .*the picture is not in the file; expected it encoded"),
        (["A_0001.jpg"], [{"bytes": b"", "path": None}], "row 0 .*not a readable image"),
        (["../A_0001.jpg"], [None], "row 0: filename is '../A_0001.jpg'"),
        (["/A_0001.jpg"], [None], "row 0: filename is '/A_0001.jpg'"),
        ([None], [None], "row 0: filename is None"),
        (["A\0_0001.jpg"], [None], "row 0: filename is 'A.x00_0001.jpg'"),
    ],
)
def test_faults_of_parquet_name_file_and_row(
    world: PaperWorld, tmp_path: Path, names: list[Any], pictures: list[Any], message: str
) -> None:
    pq.write_table(
        pa.table({"filename": pa.array(names, pa.string()), "image": pa.array(pictures, IMAGE)}), tmp_path / "a.parquet"
    )
    with pytest.raises(CorruptFileError, match=rf"a\.parquet, {message}"):
        list(world.source("lfw", images=[tmp_path / "a.parquet"]).images("A"))


def test_a_pointer_is_named_wherever_a_file_is_read(world: PaperWorld, tmp_path: Path) -> None:
    path = tmp_path / "pointer"
    path.write_text(POINTER)
    (tmp_path / "images.mat").write_text(POINTER)
    assert "Git LFS pointer" in wrong_format(path, "csv")
    for read in (
        lambda: list(world.source("lfw", images=[path]).images("A")),
        lambda: list(world.source("sun_attributes", attributes=tmp_path).images("abbey")),
        lambda: read_json(path),
        lambda: read_parquet(path),
    ):
        with pytest.raises(CorruptFileError, match="a Git LFS pointer, not the file of 197000000 bytes.*`git lfs pull`"):
            read()


def test_two_images_of_one_name_are_refused(world: PaperWorld, tmp_path: Path) -> None:
    image = pa.array([{"bytes": picture(0), "path": ""}] * 2, IMAGE)
    pq.write_table(pa.table({"filename": ["A_0001.jpg"] * 2, "image": image}), tmp_path / "a.parquet")
    source = SOURCES.load("lfw")(images=[tmp_path / "a.parquet"], pantheon=world.options["lfw"]["pantheon"])
    with pytest.raises(SourceError, match="entity 'A' has two images called 'A_0001.jpg'"):
        pack_source(source, *(tmp_path / name for name in ("a.tar", "b.parquet", "records.json", "distance.json")))
