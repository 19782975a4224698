"""A corpus with one file that is wrong: the error names the file and what was expected. More than a hundred ways."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.corpus_tree import KEYS, PEOPLE, SEEDS, CorpusTree, file_of, write_corpus

from lethe.archive.corpus.images import rows_of
from lethe.archive.corpus.read import read_embeddings, read_entities, read_pairs, read_similarity
from lethe.diffusion.testbed.names import prompt
from lethe.diffusion.testbed.schema import MetadataError
from lethe.io.tables import CorruptFileError

Mutation = Callable[[Any], Any]
PROMPTS = {prompt("person", name): index for index, name in enumerate(PEOPLE)}
FIRST, OTHER = PEOPLE[0], PEOPLE[1]
FILES = {
    "metadata": "metadata_people_2_enriched_filtered.json",
    "pairs": "datasets/interferences_caused_by_people_0_uce_0.json",
    "embeddings": "datasets/embeddings_people_Ann Bole_uce_000.json",
    "records": "similarity_clip_people.json",
    "result": "results/SimilarityMatrix/sd1.4_people_jacc.json",
}
READ: dict[str, Callable[[Path], Any]] = {
    "metadata": read_entities,
    "pairs": lambda path: read_pairs(path, PEOPLE),
    "embeddings": lambda path: read_embeddings(path, PROMPTS),
    "records": lambda path: read_similarity(path, PEOPLE),
    "result": lambda path: read_similarity(path, PEOPLE),
}
NO_NUMBERS: dict[str, Any] = {"text": "0.1", "true": True, "list": [0.1], "null": None, "nan": float("nan"), "inf": float("inf")}


def put(*keys: Any, value: Any) -> Mutation:
    """Set a value deep in the content."""

    def change(content: Any) -> Any:
        place = content
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value
        return content

    return change


def drop(*keys: Any) -> Mutation:
    def change(content: Any) -> Any:
        place = content
        for key in keys[:-1]:
            place = place[key]
        del place[keys[-1]]
        return content

    return change


def rename(old: str, new: str, *keys: Any) -> Mutation:
    def change(content: Any) -> Any:
        place = content
        for key in keys:
            place = place[key]
        place[new] = place.pop(old)
        return content

    return change


def cases() -> dict[str, tuple[str, Mutation, str]]:
    """Name -> kind of file, what happens to it, what the message says beside the file."""
    found: dict[str, tuple[str, Mutation, str]] = {}
    for kind in FILES:
        for name, value in {"null": None, "number": 3, "text": "people", "empty list": [], "empty object": {}}.items():
            found[f"{kind} is {name}"] = (kind, lambda content, value=value: value, "expected|allowed|missing|empty list")
    for key in KEYS:
        for name, value in NO_NUMBERS.items():
            if not (key == "dino_diff" and name in ("null", "nan")):  # where all seeds lack a value, the reference writes NaN
                found[f"pairs: {key} is {name}"] = (
                    "pairs",
                    put(OTHER, key, value=value),
                    f"{OTHER}' *: *{key}|{OTHER}'.*expected|Infinity",
                )
        found[f"pairs: {key} is lost"] = ("pairs", drop(OTHER, key), f"lacks '{key}'")
    for key, value in {"rmse": 0.3, "ssim": 1.2, "dino_diff": -1.5}.items():
        found[f"pairs: {key} out of range"] = ("pairs", put(OTHER, key, value=value), "expected .* to .*4095")
    found |= {
        "pairs: a receiver is lost": ("pairs", drop(OTHER), f"missing are 1 .{OTHER}"),
        "pairs: half of the receivers": ("pairs", lambda content: dict(list(content.items())[:5]), "5 of 10"),
        "pairs: a wrong name": ("pairs", rename(OTHER, "Ann_Bowl"), "did you mean"),
        "pairs: a prompt's name": ("pairs", rename(OTHER, "Ann Bole Jr"), f"did you mean '{OTHER}'"),
        "pairs: one too many": ("pairs", put("Nobody", value={}), "'Nobody' is no entity"),
        "pairs: a list of numbers": ("pairs", put(OTHER, value=[1, 2, 3, 4, 5]), "expected an object"),
        "pairs: written by this project": ("pairs", put(OTHER, "lpips_backbone", value=0.1), "files that Lethe writes"),
        "pairs: a misspelt key": ("pairs", rename("ssim", "sim", OTHER), "did you mean 'sim'"),
        "embeddings: no list": ("embeddings", drop("embeddings"), "expected an object whose 'embeddings'"),
        "embeddings: an unknown prompt": (
            "embeddings",
            put("embeddings", 3, "prompt", value="An image of Ann Bowl"),
            "did you mean",
        ),
        "embeddings: a raw name": ("embeddings", put("embeddings", 1, "prompt", value="An image of Ann_Bole_Jr"), "did you mean"),
        "embeddings: an image is lost": ("embeddings", drop("embeddings", 4), "19 embeddings; expected 10 prompts x 2 seeds"),
        "embeddings: a receiver is lost": (
            "embeddings",
            lambda content: {
                "embeddings": [row for row in content["embeddings"] if row["prompt"] != f"An image of {FIRST.replace('_', ' ')}"]
            },
            "18 embeddings; expected 10",
        ),
        "embeddings: an image twice": ("embeddings", put("embeddings", 3, "prompt", value="An image of Ann Bole"), "given twice"),
        "embeddings: a short vector": ("embeddings", put("embeddings", 3, "embedding", value=[1.0]), "as long as the first"),
        "embeddings: a record is text": ("embeddings", put("embeddings", 3, value="x"), "is no record"),
        "embeddings: text in a vector": (
            "embeddings",
            put("embeddings", 3, "embedding", value=list("abcde")),
            "lists of numbers",
        ),
        "embeddings: a nested vector": (
            "embeddings",
            put("embeddings", 3, "embedding", value=[[1]] * 5),
            "lists of numbers|finite",
        ),
        "embeddings: NaN in a vector": (
            "embeddings",
            put("embeddings", 3, "embedding", 2, value=float("nan")),
            "lists of numbers|finite",
        ),
        "embeddings: infinity": ("embeddings", put("embeddings", 3, "embedding", 2, value=float("inf")), "Infinity"),
        "embeddings: a seed is text": ("embeddings", put("embeddings", 3, "seed", value="42"), "expected a whole number"),
        "embeddings: a seed is half": ("embeddings", put("embeddings", 3, "seed", value=42.5), "expected a whole number"),
    }
    for key in ("prompt", "seed", "embedding"):
        found[f"embeddings: no {key}"] = ("embeddings", drop("embeddings", 3, key), f"lacks '{key}'")
    for kind, place in (("records", ()), ("result", ("result",))):
        found |= {
            f"{kind}: an emitter is lost": (kind, drop(*place, 3), "9 of 10"),
            f"{kind}: a receiver is lost": (kind, drop(*place, 3, OTHER), "9 of 10"),
            f"{kind}: a wrong receiver": (kind, rename(OTHER, "Ann_Bowl", *place, 3), "did you mean"),
            f"{kind}: a wrong emitter": (kind, put(*place, 3, "emitter", value="Cy"), "'Cy' is no entity"),
            f"{kind}: no emitter": (kind, drop(*place, 3, "emitter"), "expected a list of records with 'emitter'"),
            f"{kind}: a record is a number": (kind, put(*place, 3, value=0.5), "expected a list of records"),
        }
        for name, value in NO_NUMBERS.items():
            found[f"{kind}: {name}"] = (kind, put(*place, 3, OTHER, value=value), "expected a finite number|Infinity")
    found |= {
        "metadata: no name": ("metadata", drop(2, "name"), "no 'name'"),
        "metadata: a name twice": ("metadata", put(2, "name", value=FIRST), "names must be unique"),
        "metadata: no number of images": ("metadata", drop(2, "dataset_n_original"), "no 'dataset_n_original'"),
        "metadata: images are text": ("metadata", put(2, "dataset_n_original", value="many"), "allowed: a whole number"),
        "metadata: no images": ("metadata", put(2, "dataset_n_original", value=0), "allowed: a whole number from 1"),
        "metadata: an attribute is lost": ("metadata", drop(2, "hpi"), "do not both have 'hpi'"),
        "metadata: an attribute of one": ("metadata", put(2, "height", value=3), "do not both have 'height'"),
        "metadata: types are mixed": ("metadata", put(2, "hpi", value="high"), "mixes types"),
        "metadata: a list as attribute": ("metadata", put(2, "hpi", value=[1]), "allowed: bool, number, text"),
        "metadata: infinity": ("metadata", put(2, "hpi", value=float("inf")), "Infinity"),
        "metadata: a record is text": ("metadata", put(2, value="Bo"), "allowed: a mapping"),
        "metadata: a name is a number": ("metadata", put(2, "name", value=7), "'name'"),
    }
    return found


CASES = cases()


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> CorpusTree:
    return write_corpus(tmp_path_factory.mktemp("corpus") / "tree")


@pytest.fixture(scope="module")
def contents(tree: CorpusTree) -> dict[str, str]:
    return {kind: (tree.root / name).read_text() for kind, name in FILES.items()}


def test_there_are_a_hundred_and_the_whole_one_is_read(tree: CorpusTree) -> None:
    assert len(CASES) + 4 * len(FILES) + 5 >= 100
    for kind, read in READ.items():
        assert read(tree.root / FILES[kind]) is not None


@pytest.mark.parametrize("case", CASES)
def test_content(case: str, contents: dict[str, str], tmp_path: Path) -> None:
    kind, change, said = CASES[case]
    path = tmp_path / Path(FILES[kind]).name
    path.write_text(json.dumps(change(deepcopy(json.loads(contents[kind])))))
    with pytest.raises((CorruptFileError, MetadataError), match=said) as error:
        READ[kind](path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("damage", ["cut short", "empty", "bytes", "a key twice"])
def test_bytes(kind: str, damage: str, contents: dict[str, str], tmp_path: Path) -> None:
    text = contents[kind]
    data = {
        "cut short": text[: len(text) // 2].encode(),
        "empty": b"",
        "bytes": b"\xff\xfe\x00" + text.encode()[3:],
        "a key twice": text.replace("{", '{"twice": 1, "twice": 2, ', 1).encode(),
    }
    path = tmp_path / Path(FILES[kind]).name
    path.write_bytes(data[damage])
    with pytest.raises(CorruptFileError, match="not valid JSON") as error:
        READ[kind](path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("damage", ["lost", "cut short", "no picture", "another size", "another name"])
def test_pictures(damage: str, tmp_path: Path) -> None:
    folder = tmp_path / "generated_people_Ann Bole_uce_000"
    folder.mkdir()
    for seed in SEEDS:
        for name in PEOPLE:
            Image.fromarray(np.full((8, 8, 3), 100, np.uint8)).save(folder / file_of("on", seed, name))
    one = folder / file_of("on", 43, PEOPLE[4])
    assert len(list(rows_of(folder, "on", SEEDS, "person", PEOPLE, 8))) == 20
    if damage == "lost":
        one.unlink()
    if damage == "cut short":
        one.write_bytes(one.read_bytes()[:40])
    if damage == "no picture":
        one.write_text("nothing")
    if damage == "another size":
        Image.new("RGB", (16, 16)).save(one)
    if damage == "another name":
        one.rename(folder / "on_43_An image of Di_Este.png")
    with pytest.raises(CorruptFileError, match="expected|pictures are missing") as error:
        list(rows_of(folder, "on", SEEDS, "person", PEOPLE, 8))
    assert str(folder) in str(error.value) and one.name in str(error.value)
