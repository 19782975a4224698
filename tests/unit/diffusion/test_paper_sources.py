"""LFW, SUN Attributes and FCI breeds from files in their published formats; joins, faults, order."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.io import savemat
from tests import paper_world
from tests.paper_world import PUBLISHED, PaperWorld

from lethe.core.registry import UnknownNameError
from lethe.diffusion.sources import SOURCES
from lethe.diffusion.sources.base import EntitySource
from lethe.diffusion.sources.breed_matching import KennelBreed, bare, match_breed, normal
from lethe.diffusion.sources.lfw import pantheon_row
from lethe.diffusion.sources.pack import SourceError, pack_source
from lethe.io.tables import CorruptFileError, read_json, read_parquet
from lethe.settings.columns import KNOWN
from lethe.settings.sources import OPTIONS


def by_name(source: EntitySource) -> dict[str, dict[str, Any]]:
    return {record["name"]: record for record in source.entities()}


@pytest.mark.parametrize(("name", "task"), [("lfw", "people"), ("sun_attributes", "scenes"), ("fci_breeds", "breeds")])
def test_contract(world: PaperWorld, name: str, task: str) -> None:
    source = world.source(name)
    assert isinstance(source, EntitySource)
    assert set(world.options[name]) <= set(OPTIONS[name].model_fields)
    records = by_name(source)
    assert set(PUBLISHED[task]) <= set(records)
    assert len({tuple(record) for record in records.values()}) == 1  # the same keys in the same order
    again = world.source(name)
    for entity in itertools.islice(records, 5):
        first, second = list(source.images(entity)), list(again.images(entity))
        assert len(first) == records[entity]["dataset_n_original"]
        assert [image.file_name for image in first] == [image.file_name for image in second]
        assert all(image.pixels.shape == (8, 8, 3) and image.pixels.dtype == np.uint8 for image in first)
    with pytest.raises(UnknownNameError, match=f"unknown entity '{PUBLISHED[task][0]}x'.*did you mean '{PUBLISHED[task][0]}'"):
        source.images(PUBLISHED[task][0] + "x")
    assert np.isnan(source.attribute_distance(*PUBLISHED[task][:2]))


def test_options_name_every_file_that_a_source_reads() -> None:
    options = {"images": ["a", "b"], "pantheon": "c", "race": "d"}
    assert OPTIONS["lfw"].model_validate(options).inputs() == ["a", "b", "c", "d"]
    assert OPTIONS["lfw"].model_validate({**options, "race": None}).inputs() == ["a", "b", "c"]
    assert OPTIONS["sun_attributes"].model_validate({"images": "a", "attributes": "b"}).inputs() == ["a", "b"]
    assert OPTIONS["fci_breeds"].model_validate({"images": "a", "akc": "b", "fci": "c", "pawsome": "d"}).inputs() == list("abcd")


# --- people -------------------------------------------------------------------------------------------------------


def test_people_have_pantheons_attributes(world: PaperWorld) -> None:
    records = by_name(world.source("lfw"))
    bush = records["George_W_Bush"]
    assert (bush["name_pantheon"], bush["occupation"], bush["birthyear"], bush["race"]) == (
        "George_W._Bush",
        "Politician",
        1900,
        "unknown",
    )
    assert records["Barry_Bonds"]["occupation"] == "Baseball player"
    assert records["Nobody_Known"]["hpi"] is None and records["Nobody_Known"]["occupation"] is None
    assert [record["dataset_n_original"] for record in records.values()] == sorted(
        paper_world.image_counts().values(), reverse=True
    )
    assert "race" not in by_name(world.source("lfw", race=None))["George_W_Bush"]


def test_only_the_most_photographed_are_looked_at(world: PaperWorld) -> None:
    records = world.source("lfw", initial=10).entities()
    assert {record["name"] for record in records} < set(PUBLISHED["people"][:12]) and len(records) == 10
    assert all(
        set(record) == {"name", "dataset_n_original", *KNOWN["lfw"].columns} for record in records
    )  # with a table of races


def test_shards_keep_the_order_of_the_data_set_and_a_folder_that_of_names(world: PaperWorld, tmp_path: Path) -> None:
    table = pq.read_table(world.options["lfw"]["images"][0])
    half = table.num_rows // 2
    for number, part in enumerate((table.slice(0, half), table.slice(half))):
        pq.write_table(part, tmp_path / f"{number}.parquet")
    shards = world.source("lfw", images=[tmp_path / "0.parquet", tmp_path / "1.parquet"])
    expected = [name for name in table["filename"].to_pylist() if name.startswith("Tony_Blair_")]
    assert [image.file_name for image in shards.images("Tony_Blair")] == expected != sorted(expected)
    (tmp_path / "lfw" / "Tony_Blair").mkdir(parents=True)
    for name in reversed(expected):
        (tmp_path / "lfw" / "Tony_Blair" / name).write_bytes(paper_world.picture(2))
    folder = world.source("lfw", images=[tmp_path / "lfw"])
    images = list(folder.images("Tony_Blair"))
    assert [image.file_name for image in images] == sorted(expected)
    assert np.array_equal(images[0].pixels, next(shards.images("Tony_Blair")).pixels)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Tony_Blair", 0),  # the slug is the name
        ("George_W_Bush", 1),  # every part is in one name
        ("Ann_Lee", 4),  # in several names: the first with as many words
        ("Lee_Ann", 4),  # in any order
        ("Ann_Nobody", None),
        ("Joe_Doe", 6),  # the slug of the match stands twice: its first row
        ("J.ck_Straw", None),  # text, not a regular expression
    ],
)
def test_pantheon_matching(name: str, expected: int | None) -> None:
    names = ["Tony Blair", "George W. Bush", "Jack Straw", "Ann Lee Smith", "Ann Lee", "Ann Leer", "Doe", "Joe Doe"]
    slugs = [*(name.replace(" ", "_") for name in names[:4]), "Ann_L.", "Ann_Leer", "J_Doe", "J_Doe"]
    assert pantheon_row(slugs, names, name) == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pantheon": "{}/missing.csv"}, "missing.csv does not exist; expected a table with the columns slug, name"),
        ({"pantheon": "{}/columns.csv"}, "columns.csv: no column 'hpi'; expected slug.*did you mean 'hp'"),
        ({"pantheon": "{}/empty.csv"}, "empty.csv: not a readable csv"),
        ({"race": "{}/race.csv"}, "race.csv: no 'method' for 'b'"),
        ({"race": "{}/twice.csv"}, "twice.csv: 'a' stands in several rows"),
        ({"images": ["{}/missing.parquet"]}, "missing.parquet does not exist; expected a parquet shard"),
        ({"images": ["{}/empty.csv"]}, "empty.csv: not a readable parquet file"),
        ({"images": ["{}/plain.parquet"]}, "plain.parquet: 'image' is string; expected a struct"),
        ({"images": ["{}/name.parquet"]}, "name.parquet, row 0: filename is 'Bush.jpg'; expected e.g. 'Name_0001.jpg'"),
        ({"images": ["{}/no_image.parquet"]}, "no_image.parquet, row 0 .A_0001.jpg.: not a readable image"),
    ],
)
def test_faults_of_people_name_the_file(world: PaperWorld, tmp_path: Path, change: dict[str, Any], message: str) -> None:
    (tmp_path / "columns.csv").write_text("slug,name,birthyear,gender,occupation,bplace_country,hp\n")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "race.csv").write_text("name,race,method,image,date\na,x,m,i,d\nb,x,,i,d\n")
    (tmp_path / "twice.csv").write_text("name,race,method,image,date\na,x,m,i,d\na,y,m,i,d\n")
    picture = pa.array([{"bytes": b"broken", "path": "x"}], pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
    pq.write_table(pa.table({"filename": ["A_0001.jpg"], "image": ["x"]}), tmp_path / "plain.parquet")
    pq.write_table(pa.table({"filename": ["Bush.jpg"], "image": picture}), tmp_path / "name.parquet")
    pq.write_table(pa.table({"filename": ["A_0001.jpg"], "image": picture}), tmp_path / "no_image.parquet")
    filled = {
        key: [v.format(tmp_path) for v in value] if isinstance(value, list) else value.format(tmp_path)
        for key, value in change.items()
    }
    with pytest.raises((FileNotFoundError, CorruptFileError), match=message):
        source = world.source("lfw", **filled)
        source.entities()
        list(source.images("A"))


# --- scenes -------------------------------------------------------------------------------------------------------


def test_a_scene_has_what_most_of_its_images_have(world: PaperWorld, tmp_path: Path) -> None:
    records = by_name(world.source("sun_attributes"))
    assert list(records) == sorted(records) and len(records["abbey"]) == 2 + 102
    for index, name in enumerate(PUBLISHED["scenes"]):
        assert (records[name]["sports"], records[name]["natural"]) == (index // 2 % 2 == 1, index % 2 == 1)
        assert isinstance(records[name]["sports"], bool)
    images = [image.file_name for image in world.source("sun_attributes").images("waterfall_cascade")]
    assert images == ["sun_waterfall_cascade0.jpg", "sun_waterfall_cascade1.jpg"]

    folder = tmp_path / "votes"
    folder.mkdir()
    paths = [f"a/abbey/{number}.jpg" for number in range(4)]
    labels = np.zeros((4, 102))
    labels[:3, 0], labels[:2, 1], labels[:, 2] = 2 / 3, 1, 1 / 3  # 3 of 4 images; 2 of 4; one vote of three each
    write_mats(folder, paths, labels)
    record = SOURCES.load("sun_attributes")(images=tmp_path, attributes=folder).entities()[0]
    assert [record[f"attribute {number}"] for number in range(3)] == [True, False, False]


def write_mats(folder: Path, paths: list[str], labels: np.ndarray, attributes: int = 102) -> None:
    savemat(folder / "attributes.mat", {"attributes": paper_world.cells([f"attribute {n}" for n in range(attributes)])})
    savemat(folder / "images.mat", {"images": paper_world.cells(paths)})
    savemat(folder / "attributeLabels_continuous.mat", {"labels_cv": labels})


@pytest.mark.parametrize(
    ("paths", "shape", "attributes", "message"),
    [
        (["a/abbey/1.jpg"], (1, 102), 101, "attributes.mat: 101 different names; expected 102"),
        (["a/abbey/1.jpg"], (2, 102), 102, r"attributeLabels_continuous.mat: 'labels_cv' is .2, 102.; expected .1, 102."),
        (["abbey.jpg"], (1, 102), 102, "images.mat: image 0 is 'abbey.jpg'; expected e.g."),
        (["a/../../etc/1.jpg"], (1, 102), 102, "images.mat: image 0 is 'a/../../etc/1.jpg'"),
    ],
)
def test_wrong_shapes_of_scenes_name_the_file(
    tmp_path: Path, paths: list[str], shape: tuple[int, int], attributes: int, message: str
) -> None:
    write_mats(tmp_path, paths, np.zeros(shape), attributes)
    with pytest.raises(CorruptFileError, match=message):
        SOURCES.load("sun_attributes")(images=tmp_path, attributes=tmp_path).entities()


def test_faults_of_scenes_name_the_file(tmp_path: Path) -> None:
    def source() -> Any:
        return SOURCES.load("sun_attributes")(images=tmp_path, attributes=tmp_path)

    with pytest.raises(FileNotFoundError, match="nowhere is not a folder; expected the unpacked SUN"):
        SOURCES.load("sun_attributes")(images=tmp_path / "nowhere", attributes=tmp_path)
    with pytest.raises(FileNotFoundError, match="attributes.mat does not exist"):
        source().entities()
    write_mats(tmp_path, ["a/abbey/1.jpg"], np.full((1, 102), 7.0))
    with pytest.raises(CorruptFileError, match=r"'labels_cv' holds values outside \[0, 1\]"):
        source().entities()
    with pytest.raises(FileNotFoundError, match=r"a/abbey/1.jpg does not exist, but .*images.mat lists it .image 0"):
        list(source().images("abbey"))
    (tmp_path / "a" / "abbey").mkdir(parents=True)
    (tmp_path / "a" / "abbey" / "1.jpg").write_bytes(paper_world.picture(0)[:100])
    with pytest.raises(CorruptFileError, match=r"a/abbey/1.jpg: not a readable image"):
        list(source().images("abbey"))
    savemat(tmp_path / "images.mat", {"image": paper_world.cells(["x"])})
    with pytest.raises(CorruptFileError, match="images.mat: no variable 'images'; found image.*did you mean 'image'"):
        source().entities()
    savemat(tmp_path / "images.mat", {"images": np.zeros((2, 1))})
    with pytest.raises(CorruptFileError, match="images.mat: cell 0 of 'images' is .*expected a cell array of strings"):
        source().entities()
    (tmp_path / "images.mat").write_bytes(b"no mat")
    with pytest.raises(CorruptFileError, match="images.mat: not a readable .mat file"):
        source().entities()


def test_a_file_that_makes_scipy_crash_is_named(tmp_path: Path) -> None:
    write_mats(tmp_path, ["a/abbey/1.jpg"], np.zeros((1, 102)))
    data = (tmp_path / "images.mat").read_bytes()
    text = b"\x10\0\0\0\x0d\0\0\0a/abbey/1.jpg"  # 16: of the type UTF-8
    assert data.count(text) == 1
    for damage in (b"\x56" + text[1:], bytes(4) + text[4:]):
        (tmp_path / "images.mat").write_bytes(data.replace(text, damage))
        with pytest.raises(CorruptFileError, match="images.mat: "):
            SOURCES.load("sun_attributes")(images=tmp_path, attributes=tmp_path).entities()


# --- breeds -------------------------------------------------------------------------------------------------------


def test_breeds_have_the_attributes_of_three_tables(world: PaperWorld) -> None:
    records = by_name(world.source("fci_breeds"))
    akita, dogo = records["akita dog"], records["dogo argentino"]
    assert (akita["name_akc"], akita["group_pawsome"], akita["Energy Rating"]) == ("Akita", "Working", 5.0)
    assert (akita["section"], akita["country"]) == ("small_sized_terriers", "great_britain")
    assert (dogo["popularity"], dogo["popularity_text"], dogo["group_pawsome"]) == (None, "of", None)
    assert records["rottweiler dog"]["popularity"] == float(records["rottweiler dog"]["popularity_text"])
    assert not [name for name, record in records.items() if record["name_akc"] is None]
    assert "Size" not in by_name(world.source("fci_breeds", pawsome=None))["akita dog"]


@pytest.mark.parametrize(
    ("name", "group", "expected"),
    [
        ("Akita", "spitz_and_primitive_types", "Akita"),  # 1: the same
        ("leonberger dog", "pinscher_and_schnauzer", "Leonberger"),  # 2: bare
        ("akita inu dog", "spitz_and_primitive_types", "Akita"),  # 3: a synonym
        ("lowchen dog", "companion_and_toy_dogs", "Löwchen"),  # 4: without the accent
        ("komondorr dog", "sheepdogs_and_cattledogs", "Komondor"),  # 4: doubled letters
        ("griffon bruxellois dog", "companion_and_toy_dogs", "Brussels Griffon"),  # 5: griffon, toy
        ("continental toy spaniel dog", "companion_and_toy_dogs", "Papillon"),  # 5: through its synonym
        ("nobody's hound", "scent_hounds_and_related_breeds", None),
        ("toy dog", "companion_and_toy_dogs", None),  # two rows with as many votes
    ],
)
def test_the_five_rules_of_breed_matching(name: str, group: str, expected: str | None) -> None:
    rows = [
        KennelBreed("Akita", "Working Group", ("Japanese Akita", " Akita Inu")),
        KennelBreed("Leonberger", "Working Group"),
        KennelBreed("Löwchen", "Non-Sporting Group"),
        KennelBreed("Komondor", "Working Group"),
        KennelBreed("Brussels Griffon", "Toy Group"),
        KennelBreed("Papillon", "Toy Group", ("Continental Toy Spaniel of France",)),
        KennelBreed("Toy Fox Terrier", "Toy Group"),
    ]
    assert match_breed(name, group, rows) == expected


def test_names_in_bare_and_normal_form() -> None:
    assert [bare(name) for name in ("akita dog", "dogo argentino", "old english sheepdog", "AUSTRIAN  PINSCHER")] == [
        "AKITA", "O ARGENTINO", "OLD ENGLISH SHEEP", "AUSTRIAN PINSCHER"
    ]  # fmt: skip
    assert [normal(text) for text in ("Löwchen", "TERRIER", " a   b ", "Grønland")] == ["lowchen", "terier", "a b", "grnland"]


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("FCI Breeds.csv", "id,name\n1,AKITA\n", "FCI Breeds.csv: no column 'group'"),
        (
            "FCI Breeds.csv",
            "{fci}\n1,AKITE,g,s,,c,,,\n",
            "FCI Breeds.csv: no row for the folder 'akita dog'; did you mean 'AKITE'",
        ),
        ("akc.csv", "name,popularity\n", "akc.csv: no column 'Unnamed: 0'"),
        ("pawsome.csv", "Breed Name,Group\n", "pawsome.csv: no column 'Other Names'"),
        ("akita dog/Image_1.jpg", "<html>", "akita dog/Image_1.jpg: not a readable image"),
    ],
)
def test_faults_of_breeds_name_the_file(world: PaperWorld, tmp_path: Path, file: str, content: str, message: str) -> None:
    options = world.options["fci_breeds"]
    (tmp_path / "akita dog").mkdir()
    shutil.copy(options["images"] / "akita dog" / "Image_1.jpg", tmp_path / "akita dog")
    for source, target in (
        (options["images"] / "FCI Breeds.csv", "FCI Breeds.csv"),
        (options["akc"], "akc.csv"),
        (options["pawsome"], "pawsome.csv"),
    ):
        shutil.copy(source, tmp_path / target)
    (tmp_path / file).write_text(content.replace("{fci}", ",".join(paper_world.FCI)))
    source = SOURCES.load("fci_breeds")(images=tmp_path, akc=tmp_path / "akc.csv", pawsome=tmp_path / "pawsome.csv")
    with pytest.raises(CorruptFileError, match=message):
        source.entities()
        list(source.images("akita dog"))


def test_folders_without_images_and_hidden_ones_are_no_breeds(world: PaperWorld, tmp_path: Path) -> None:
    for folder in (".git", "empty"):
        (tmp_path / folder).mkdir()
    (tmp_path / ".git" / "a.jpg").write_bytes(paper_world.picture(0))
    with pytest.raises(CorruptFileError, match="no folder with images; expected e.g. 'akita dog/Image_1.jpg'"):
        next(world.source("fci_breeds", images=tmp_path).images("akita dog"))


# --- packing ------------------------------------------------------------------------------------------------------


def test_only_the_chosen_entities_are_packed(world: PaperWorld, tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("tar", "index", "records", "distance")}
    only = ["abbey", "moor"]
    source = world.source("sun_attributes")
    pack_source(source, **files, only=only)
    index = read_parquet(files["index"])
    assert index["entity"].tolist() == ["abbey", "abbey", "moor", "moor"]
    assert len(read_json(files["records"])) == 102
    assert read_json(files["distance"]) == {one: dict.fromkeys(only) for one in only}
    with pytest.raises(SourceError, match=r"no entity 'moorr' .1 missing.; did you mean 'moor'"):
        pack_source(source, **files, only=["abbey", "moorr"])


def test_ranks_of_akc_stay_text(world: PaperWorld) -> None:
    table = pd.read_csv(world.options["fci_breeds"]["akc"])
    assert pd.api.types.is_string_dtype(table["popularity"])  # one cell is no number, so that pandas reads all as text
