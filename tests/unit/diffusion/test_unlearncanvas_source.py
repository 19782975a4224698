"""The published UnlearnCanvas, as a folder and as parquet shards: the same cells and pairs, and what is broken refused by name."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from tests.canvas_world import OBJECTS, OPTIONS, THEMES, jpeg, pictures, write_folder, write_shards

from lethe.core.registry import UnknownNameError
from lethe.diffusion.sources.unlearncanvas_folder import UnlearnCanvasFolder
from lethe.diffusion.sources.unlearncanvas_pairing import PairingError, numbered, outline
from lethe.diffusion.sources.unlearncanvas_parquet import UnlearnCanvasParquet
from lethe.io.tables import CorruptFileError
from lethe.settings.errors import SettingsError
from lethe.settings.sources import UnlearnCanvasOptions, options_of
from lethe.settings.unlearncanvas_classes import OBJECTS as ALL_OBJECTS
from lethe.settings.unlearncanvas_classes import SEED_IMAGES
from lethe.settings.unlearncanvas_classes import THEMES as ALL_THEMES


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("published") / "canvas")


def named(theme: str, thing: str, number: int) -> str:
    return f"{theme}_{thing}_{number}.jpg"


def unnamed(*_: object) -> None:
    return None


def decoded(source: UnlearnCanvasFolder | UnlearnCanvasParquet) -> dict[tuple[str, str], np.ndarray]:
    return {
        (record["name"], image.file_name): image.pixels
        for record in source.entities()
        for split in ("training", "reference", "attack", "transfer")
        for image in source.split(record["name"], split)
    }


def test_classes_are_in_the_published_order() -> None:
    assert (len(ALL_THEMES), len(ALL_OBJECTS), ALL_THEMES.index(SEED_IMAGES)) == (51, 20, 38)
    values = UnlearnCanvasOptions(path="x").values()
    assert values["style"][38] == "Photo" and values["object"] == list(ALL_OBJECTS)


def test_a_folder_gives_cells_whose_splits_share_no_number(published: Path) -> None:
    source = UnlearnCanvasFolder(path=str(published), **OPTIONS)
    records = source.entities()
    assert [record["name"] for record in records] == [f"{theme}_{thing}" for theme in THEMES for thing in OBJECTS]
    assert records[-1] == {"name": "Seed_Images_Trees", "style": "Photo", "object": "Trees", "dataset_n_original": 13}
    names = {
        split: [image.file_name for image in source.split("Mosaic_Fishes", split)]
        for split in ("training", "reference", "attack", "transfer")
    }
    assert sorted(name for split in names.values() for name in split) == [f"{number:02d}.jpg" for number in range(1, 21)]
    assert names["transfer"] == ["19.jpg", "20.jpg"]
    assert len(decoded(source)) == len(pictures())
    with pytest.raises(UnknownNameError, match="Mosaic_Fish.*did you mean 'Mosaic_Fishes'"):
        list(source.images("Mosaic_Fish"))


def test_shards_give_what_the_folder_gives_where_names_hold_the_numbers(published: Path, tmp_path: Path) -> None:
    order = np.random.default_rng(0).permutation(len(pictures())).tolist()
    of_shards = decoded(UnlearnCanvasParquet(path=str(write_shards(tmp_path / "data", named, order)), **OPTIONS))
    of_folder = decoded(UnlearnCanvasFolder(path=str(published), **OPTIONS))
    assert of_shards.keys() == of_folder.keys()
    assert all(np.array_equal(of_shards[key], pixels) for key, pixels in of_folder.items())


def test_shards_without_numbers_are_paired_by_what_they_show_or_refused(tmp_path: Path) -> None:
    order = np.random.default_rng(1).permutation(len(pictures())).tolist()
    folder = write_shards(tmp_path / "data", unnamed, order)
    with pytest.raises(
        CorruptFileError,
        match=r"train-0000\d-of-00003.parquet: '\w+' in '\w+', picture \d+ may be of photo .*source: unlearncanvas",
    ):
        UnlearnCanvasParquet(path=str(folder), **OPTIONS).entities()


def test_pictures_of_one_photo_are_found_and_doubt_is_refused() -> None:
    """Of large shapes that a style keeps; two equal photos cannot be told apart."""
    draw = np.random.default_rng(0)
    photos = [np.kron(draw.integers(0, 256, (6, 6, 3), dtype=np.uint8), np.ones((16, 16, 1), np.uint8)) for _ in range(5)]
    order = [3, 0, 4, 1, 2]
    painted = [255 - photos[place] // 2 for place in order]  # other colours, the same edges
    found = numbered([outline(photo) for photo in photos], [outline(picture) for picture in painted])
    assert [order[place] for place in found] == list(range(5))
    with pytest.raises(PairingError, match="picture 1 may be of photo 1 or of another"):
        numbered([outline(photos[0])] * 2, [outline(photos[0])] * 2)


def test_larger_pictures_are_brought_to_the_shorter_side(published: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(published, tmp_path / "canvas")
    Image.fromarray(np.zeros((64, 96, 3), np.uint8)).save(folder / "Mosaic/Trees/2.jpg")
    second = list(UnlearnCanvasFolder(path=str(folder), **OPTIONS).images("Mosaic_Trees"))[1]
    assert second.pixels.shape == (32, 48, 3)


def rename(old: str, new: str) -> Callable[[Path], None]:
    return lambda folder: os.replace(folder / old, folder / new)


def write(name: str, data: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(data) and None


def truncate(folder: Path) -> None:
    file = folder / "Mosaic/Trees/1.jpg"
    file.write_bytes(file.read_bytes()[:400])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (rename("Mosaic", "Mosaik"), r"no folder 'Mosaic'; expected \{Style\}/\{Object\}/\{k\}.jpg; did you mean 'Mosaik'"),
        (rename("Mosaic/Trees", "Mosaic/trees"), r"Mosaic: no folder 'Trees'; there are: Fishes, trees; did you mean 'trees'"),
        (rename("Mosaic/Trees/7.jpg", "Mosaic/Trees/21.jpg"), r"Mosaic/Trees/21.jpg: expected files 1.jpg to 20.jpg"),
        (rename("Mosaic/Trees/7.jpg", "Mosaic/Trees/07.jpg"), r"Mosaic/Trees/07.jpg: expected files 1.jpg to 20.jpg"),
        (rename("Mosaic/Trees/7.jpg", "away.jpg"), r"Mosaic/Trees/7.jpg is missing \(1 of 20\)"),
        (write("Mosaic/Trees/7.jpg", b"no picture"), r"Mosaic/Trees/7.jpg: not a readable JPEG"),
        (
            write("Mosaic/Trees/7.jpg", jpeg(np.zeros((32, 31, 3), np.uint8))),
            r"Mosaic/Trees/7.jpg: 31 x 32 px; expected at least 32",
        ),
        (write("Mosaic/Trees/7.jpg", pictures()["Mosaic", "Trees", 8]), r"Mosaic/Trees/8.jpg: the same picture as 7.jpg"),
        (write("Mosaic/Trees/notes.txt", b"x"), r"Mosaic/Trees/notes.txt: expected files 1.jpg to 20.jpg and nothing else"),
    ],
)
def test_a_damaged_folder_is_refused_before_a_picture_is_decoded(
    published: Path, tmp_path: Path, damage: Callable[[Path], None], message: str
) -> None:
    folder = shutil.copytree(published, tmp_path / "canvas")
    damage(folder)
    with pytest.raises(CorruptFileError, match=message):
        UnlearnCanvasFolder(path=str(folder), **OPTIONS).entities()


def test_a_picture_that_is_cut_short_is_named(published: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(published, tmp_path / "canvas")
    truncate(folder)
    with pytest.raises(CorruptFileError, match=r"Mosaic/Trees/1.jpg: not a readable (JPEG|image)"):
        decoded(UnlearnCanvasFolder(path=str(folder), **OPTIONS))


def without(column: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        file = folder / "train-00001-of-00003.parquet"
        pq.write_table(pq.read_table(file).drop_columns([column]), file)

    return damage


def recaption(text: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        file = folder / "train-00001-of-00003.parquet"
        table = pq.read_table(file)
        pq.write_table(table.set_column(1, "text", [[text, *table["text"].to_pylist()[1:]]]), file)

    return damage


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            rename("train-00001-of-00003.parquet", "gone"),
            r"train-00001-of-00003.parquet is there 0 times; expected 3 shards, each once",
        ),
        (
            rename("train-00001-of-00003.parquet", "one.parquet"),
            r"one.parquet: expected shards called as train-00000-of-00153.parquet",
        ),
        (write("train-00001-of-00003.parquet", b"PAR1 no"), r"train-00001-of-00003.parquet: not a readable parquet file"),
        (without("text"), r"train-00001-of-00003.parquet: .*text"),
        (
            recaption("a mosaic"),
            r"train-00001-of-00003.parquet, row 0 of row group 0: text is 'a mosaic'; expected 'A \{Object\}",
        ),
        (
            recaption("A Tree image in Mosaic style"),
            r"row 0 of row group 0: 'Tree' of .* is none of source_options.objects; did you mean 'Trees'",
        ),
        (recaption("A Trees image in Mosaic style"), r"data: 19 pictures of 'Fishes' in 'Mosaic'; expected 20"),
    ],
)
def test_damaged_shards_are_refused_by_name(tmp_path: Path, damage: Callable[[Path], None], message: str) -> None:
    folder = write_shards(tmp_path / "data", named)
    damage(folder)
    with pytest.raises(CorruptFileError, match=message):
        UnlearnCanvasParquet(path=str(folder), **OPTIONS).entities()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"themes": ["Mosaic", "Cartoon"]}, "themes: 'Seed_Images' is missing"),
        ({"training": 19}, "ask for 26 images of each cell; there are 20"),
        ({"photo": "Mosaic"}, "photo: 'Mosaic' is a style too"),
        ({"theme": ["x"]}, "unknown key 'theme'.*did you mean 'themes'"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises((SettingsError, ValueError), match=message):
        options_of("unlearncanvas", {"path": "x", **options})
