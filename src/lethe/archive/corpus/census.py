"""What a corpus has, lacks and has in a form that is not as expected: per task and method, from one listing."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lethe.archive.corpus.layout import FOLDER, PAIRS, SIMILARITIES, Layout, Named, read_named
from lethe.archive.corpus.read import read_embeddings, read_pairs, read_similarity
from lethe.archive.corpus.tree import FolderTree, Tree, read_listing, write_listing
from lethe.diffusion.testbed.names import STYLES, prompt, prompt_name
from lethe.io.images import decode_image
from lethe.io.tables import CorruptFileError
from lethe.io.wording import some_of
from lethe.settings.hub import is_hub_id

PICTURE = re.compile(r"(?P<state>on|off)_(?P<seed>\d+)_(?P<prompt>.+)\.png")
WEIGHTS = {"uce_sd_weights.safetensors", "pytorch_lora_weights.safetensors"}
METADATA_FILES = ("metadata.jsonl",)  # beside pictures; nothing here reads them


@dataclass
class Cell:
    """One class of artefacts of a task, or of a method on it.

    Attributes:
        task, kind: what of; method, epochs, suffix: empty or None where it belongs to the task.
        expected: how many there should be.
        there: names of entities, or of similarities, that are complete.
        missing: names that are not there.
        invalid: path -> what is wrong.
        notes: what else a reader should know.
    """

    task: str
    kind: str
    method: str = ""
    epochs: int | None = None
    suffix: str = ""
    expected: int = 1
    there: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    invalid: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class Task:
    """Names of the entities of a task, however their prompts are made: a census needs no configuration."""

    def __init__(self, name: str, entities: Sequence[str]) -> None:
        self.name = name
        self.entities = list(entities)
        self.raw = {entity: index for index, entity in enumerate(self.entities)}
        self.prompted: dict[str, int] = {}
        self.prompts: dict[str, int] = {}
        for index, entity in enumerate(self.entities):
            for style in STYLES:
                try:
                    self.prompted[prompt_name(style, entity)] = index
                    self.prompts[prompt(style, entity)] = index
                except ValueError:  # a name with an article has no prompt in this style
                    continue


def of_place(place: str, read: bool, revision: str, endpoint: str) -> list[Cell]:
    """The census of a folder, or of a data set whose listing is asked for and kept.

    Raises:
        ArchiveError: there is no such data set. ValueError: it is neither, there is nothing to open, or no task is in it.
    """
    tree: Tree
    if Path(place).is_dir():
        tree = FolderTree(place)
    elif not is_hub_id(place) or Path(place).exists():
        raise ValueError(f"'{place}' is no folder; allowed: a folder, or owner/name of a data set")
    elif read:
        raise ValueError("--read opens the files of a folder; a data set is told by its listing alone")
    else:
        tree = read_listing(write_listing(place, revision, endpoint))
    if not tree.tasks:
        raise ValueError(f"{tree.name} has no metadata_{{task}}_2_enriched_filtered.json, so it is no corpus of this layout")
    return census(tree, read)


def census(tree: Tree, read: bool = False) -> list[Cell]:
    """Every class of artefacts of every task, those of a method under it.

    Args:
        tree: the corpus.
        read: whether files are opened, too: a folder only. Else a file is invalid by its name and size alone.
    """
    root = tree.root if read and isinstance(tree, FolderTree) else None
    return [cell for name in tree.tasks for cell in _of_task(tree, Task(name, tree.entities(name)), root)]


def text(cells: Sequence[Cell]) -> str:
    """A table of all cells, then what is missing and what is invalid, a line each."""
    rows = [("task", "method", "epochs", "base", "what", "there", "of", "invalid")]
    for cell in cells:
        epochs = "" if cell.epochs is None else str(cell.epochs)
        base = cell.suffix.removeprefix("_")
        rows.append(
            (
                cell.task,
                cell.method,
                epochs,
                base,
                cell.kind,
                str(len(cell.there)),
                str(cell.expected),
                str(len(cell.invalid) or ""),
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(value.ljust(width) for value, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    for cell in cells:
        what = " ".join(filter(None, (cell.task, cell.method, cell.kind)))
        lines += [f"missing, {what}: {some_of(cell.missing)}"] if cell.missing else []
        lines += [f"note, {what}: {note}" for note in cell.notes]
        lines += [f"invalid, {what}: {path}: {why}" for path, why in cell.invalid.items()]
    return "\n".join(lines)


def _of_task(tree: Tree, task: Task, root: Path | None) -> Iterator[Cell]:
    yield Cell(task.name, "metadata", there=["metadata"])
    layout = Layout()
    kinds = Cell(task.name, "similarities", expected=len(SIMILARITIES))
    for kind in SIMILARITIES:
        found = [path for path in layout.similarities(task.name, kind) if tree.has(path)]
        _place(kinds, kind, found[0] if found else None, tree, root, lambda path: read_similarity(path, task.entities))
    yield kinds
    yield from _of_base(tree, task, root)
    found_pairs = _pairs(tree, task)
    found_embeddings = _named(tree.files(FOLDER), f"embeddings_{task.name}_", ".json", task.prompted)
    found_images = _named(tree.folders(FOLDER), f"generated_{task.name}_", "", task.prompted)
    found_models = _named(tree.folders("models"), f"{task.name}_", "", task.raw)
    methods = sorted({key for found in (found_pairs, found_embeddings, found_images, found_models) for key in found})
    for method, epochs, suffix in methods:
        key = (method, epochs, suffix)
        for kind, files, check in (
            ("pairs", found_pairs, lambda path: read_pairs(path, task.entities)),
            ("embeddings", found_embeddings, lambda path: read_embeddings(path, task.prompts)),
        ):
            yield _files(Cell(task.name, kind, *key), files.get(key, {}), task, tree, root, check)
        yield _folders(Cell(task.name, "images", *key), found_images.get(key, {}), task, tree, root)
        yield _models(Cell(task.name, "models", *key), found_models.get(key, {}), task, tree)


def _of_base(tree: Tree, task: Task, root: Path | None) -> Iterator[Cell]:
    layout = Layout()
    cell = Cell(task.name, "embeddings of the base")
    path = layout.embeddings_of_base(task.name)
    _place(cell, "base", path if tree.has(path) else None, tree, root, lambda file: read_embeddings(file, task.prompts))
    yield cell
    cell, folder = Cell(task.name, "images of the base"), layout.images_of_base(task.name)
    if tree.files(folder):
        cell.there, cell.invalid = _pictures(tree, folder, "off", task, root)
        cell.there = cell.there[:1]
    else:
        cell.missing = ["base"]
    yield cell


def _pairs(tree: Tree, task: Task) -> dict[tuple[str, int, str], dict[int, str]]:
    found: dict[tuple[str, int, str], dict[int, str]] = defaultdict(dict)
    for name in tree.files(FOLDER):
        match = PAIRS.fullmatch(name)
        if match and match["task"] == task.name:
            key = (match["method"], int(match["epochs"]), match["suffix"] or "")
            found[key][int(match["index"])] = f"{FOLDER}/{name}"
    return found


def _named(
    names: Sequence[str] | Mapping[str, int], beginning: str, ending: str, entities: Mapping[str, int]
) -> dict[tuple[str, int, str], dict[int, str]]:
    """(method, epochs, suffix) -> index -> path of what is called by an entity."""
    place = "models" if not beginning.startswith(("generated_", "embeddings_")) else FOLDER
    found: dict[tuple[str, int, str], dict[int, str]] = defaultdict(dict)
    for name in names:
        if not (name.startswith(beginning) and name.endswith(ending)):
            continue
        read: Named | None = read_named(name.removesuffix(ending), beginning, entities)
        if read is not None:
            found[read.method, read.epochs, read.suffix][read.index] = f"{place}/{name}"
    return found


def _files(
    cell: Cell, files: Mapping[int, str], task: Task, tree: Tree, root: Path | None, check: Callable[[Path], object]
) -> Cell:
    cell.expected = len(task.entities)
    for index, name in enumerate(task.entities):
        _place(cell, name, files.get(index), tree, root, check)
    for index, path in files.items():
        if index >= len(task.entities):
            cell.invalid[path] = f"index {index}; the task has {len(task.entities)} entities"
    return cell


def _place(cell: Cell, name: str, path: str | None, tree: Tree, root: Path | None, check: Callable[[Path], object]) -> None:
    """Put one file where it belongs: there, missing or invalid."""
    if path is None:
        cell.missing.append(name)
        return
    folder, _, file = path.rpartition("/")
    try:
        if tree.files(folder)[file] == 0:
            raise CorruptFileError("it is empty")
        if root is not None:
            check(root / path)
    except (CorruptFileError, ValueError) as error:
        cell.invalid[path] = str(error).removeprefix(f"{root}/{path}: ")
    else:
        cell.there.append(name)


def _folders(cell: Cell, folders: Mapping[int, str], task: Task, tree: Tree, root: Path | None) -> Cell:
    cell.expected = len(task.entities)
    legacy = 0
    for index, name in enumerate(task.entities):
        if index not in folders:
            cell.missing.append(name)
            continue
        complete, faults = _pictures(tree, folders[index], "on", task, root)
        cell.invalid |= faults
        cell.there += [name] * bool(complete)
        legacy += any(file.startswith("off_") for file in tree.files(folders[index]))
    if legacy:
        cell.notes.append(f"{legacy} folders of the first generation, with pictures of the base beside those of the model")
    return cell


def _pictures(tree: Tree, folder: str, state: str, task: Task, root: Path | None) -> tuple[list[str], dict[str, str]]:
    """``[folder]`` if every receiver has every seed that is there, else nothing; and what is wrong, by path."""
    faults: dict[str, str] = {}
    places = set()
    for name, size in tree.files(folder).items():
        match = PICTURE.fullmatch(name)
        if name in METADATA_FILES:
            continue
        if match is None or match["prompt"] not in task.prompts:
            faults[f"{folder}/{name}"] = "no picture of an entity; expected on_ or off_, the seed and the prompt, .png"
        elif size == 0:
            faults[f"{folder}/{name}"] = "it is empty"
        elif match["state"] == state:
            if root is not None and (fault := _undecodable(root, f"{folder}/{name}")):
                faults[f"{folder}/{name}"] = fault
                continue
            places.add((task.prompts[match["prompt"]], int(match["seed"])))
    expected = len(task.entities) * len({seed for _, seed in places})
    if not places or len(places) < expected:
        faults[folder] = f"{len(places)} '{state}' pictures; expected {expected or 'one per entity and seed'}"
        return [], faults
    return [folder], faults


def _undecodable(root: Path, path: str) -> str:
    try:
        decode_image(root / path, path)
    except CorruptFileError as error:
        return str(error).removeprefix(f"{path}: ")
    return ""


def _models(cell: Cell, folders: Mapping[int, str], task: Task, tree: Tree) -> Cell:
    cell.expected = len(task.entities)
    for index, name in enumerate(task.entities):
        if index not in folders:
            cell.missing.append(name)
        elif WEIGHTS & {file for file, size in tree.files(folders[index]).items() if size}:
            cell.there.append(name)
        else:
            cell.invalid[folders[index]] = f"no weights; expected one of {', '.join(sorted(WEIGHTS))}"
    return cell
