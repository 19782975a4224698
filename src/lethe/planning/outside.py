"""Files that no job made: source folders, bases and tables of one's own, weights, what ships with the checkout.

Snakemake looks at their times. Those of a folder do not change with the files in it, and those of a checkout are those of its cloning. So a
rule takes such a path as ``ancient`` input, whose time does not count, and its content as a parameter::

    input:
        files=untimed(plan.data.source_inputs, ancient),
    params:
        outside=identities(plan.data.source_inputs),

The function of the parameter takes the wildcards only: what Snakemake derives from inputs it does not compare.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lethe.io.hashing import sha256_data, sha256_file
from lethe.io.tables import CorruptFileError, read_json, write_json

DECIDES_NO_RESULT = "tells which files changed"
CHECKOUT = Path(__file__).parents[3]
STORE = Path(".snakemake/outside.json")
MADE = ("results", "<results>", "resources")  # folders of what jobs make

State = list[int]  # size, mtime in ns, inode
_known: dict[str, list[Any]] = {}  # absolute path -> state, SHA-256
_new: set[str] = set()


def identities(*paths: Any) -> Callable[[Any], dict[str, str]]:
    """A params function: every path from outside -> ``identity``; a path that jobs make, or that is not there, is left out.

    Args:
        paths: paths, with wildcards in braces, nested in lists and mappings at will; or functions of the wildcards that give them, as
            input functions do.
    """

    def of_wildcards(wildcards: Any) -> dict[str, str]:
        leaves = [path for given in paths for path in _flat(given(wildcards) if callable(given) else given)]
        found = {_filled(path, wildcards) for path in leaves if is_outside(path)}
        return {_named(path): identity(path) for path in sorted(found) if os.path.exists(path)}

    return of_wildcards


def untimed(paths: Callable[[Any], Any], ancient: Callable[[str], Any]) -> Callable[[Any], Any]:
    """An input function that marks the paths of another one that are from outside; those that jobs make keep their times.

    Args:
        paths: gives paths, nested in lists and mappings at will. ancient: Snakemake's.
    """

    def marked(given: Any) -> Any:
        if isinstance(given, Mapping):
            return {name: marked(entry) for name, entry in given.items()}
        if isinstance(given, str | Path):
            return ancient(str(given)) if is_outside(given) else given
        return [marked(entry) for entry in given]

    return lambda wildcards: marked(paths(wildcards))


def is_outside(path: str | Path) -> bool:
    """Whether no job makes this path."""
    return Path(path).parts[0] not in MADE


def identity(path: str | Path) -> str:
    """Hex SHA-256 of a file, or of the relative names, sizes and contents of all files in a folder; hidden files do not count.

    A file that was read before and has the same size, time and inode is not read again (``recall``).

    Raises:
        FileNotFoundError: there is no such path.
    """
    path = Path(path)
    if not path.is_dir():
        return _sha256(path)
    files = {file.relative_to(path).as_posix(): [file.stat().st_size, _sha256(file)] for file in _files(path)}
    return sha256_data(files)


def recall(store: Path = STORE) -> None:
    """Take from ``store`` (JSON) what earlier processes read; a file that cannot be read as such is passed over.

    What this process reads beside is kept there when it ends.
    """
    atexit.register(keep, store)
    try:
        kept = read_json(store)
    except (FileNotFoundError, CorruptFileError):
        return
    if isinstance(kept, dict):
        _known.update(kept)


def keep(store: Path = STORE) -> None:
    """Write down what this process read, and what it recalled of files that are still there."""
    if _new:
        write_json(store, {file: known for file, known in _known.items() if os.path.exists(file)}, indent=None)
        _new.clear()


def _sha256(file: Path) -> str:
    state = os.stat(file)
    name, now = os.path.abspath(file), [state.st_size, state.st_mtime_ns, state.st_ino]
    known = _known.get(name)
    if not (isinstance(known, list) and len(known) == 2 and known[0] == now):
        known = _known[name] = [now, sha256_file(file)]
        _new.add(name)
    return str(known[1])


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in sorted(names) if not name.startswith("."))


def _named(path: str) -> str:
    """A path in the checkout as seen from there, wherever a run works; any other as it is given."""
    inside = Path(os.path.abspath(path))
    return inside.relative_to(CHECKOUT).as_posix() if inside.is_relative_to(CHECKOUT) else path


def _filled(path: str, wildcards: Any) -> str:
    return path.format(**dict(wildcards.items())) if "{" in path else path


def _flat(paths: Any) -> Iterator[str]:
    if isinstance(paths, str | Path):
        yield str(paths)
    elif isinstance(paths, Mapping):
        yield from _flat(paths.values())
    elif isinstance(paths, Iterable):
        for path in paths:
            yield from _flat(path)
