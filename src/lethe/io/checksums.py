"""The SHA-256 of every finished product, so that damage at rest is found by whoever reads it.

A job writes the hashes of its outputs when it ends (``lethe.execution.job``), into a tree of its own beside them: those of
``results/mini/models/x/delta.safetensors`` stand in ``results/mini/.checksums/models/x/delta.safetensors.sha256``. The form is
that of the program ``sha256sum``, one line a file, paths from the *root* (``results/mini``) on: a folder that is moved or copied
takes its hashes along. A later job checks what it reads, and ``lethe verify`` everything.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from lethe.io.atomic import write_text
from lethe.io.hashing import HashMismatchError, sha256_data, sha256_file

DECIDES_NO_RESULT = "tells damaged files"

FOLDER = ".checksums"
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")
_hashed: dict[tuple[str, int, int, int], str] = {}  # of this process: a file that did not change is read once


def digest(path: str | Path) -> str:
    """Hex SHA-256 of a file, or of the names and hashes of all files in a folder."""
    if Path(path).is_dir():
        return sha256_data({file: _sha256(Path(path, file)) for file in _files(Path(path))})
    return _sha256(Path(path))


def record(path: str | Path) -> None:
    """Write the hashes of a finished product, a file or a folder; a path outside ``results`` and ``resources`` is passed over."""
    path = Path(path)
    root = root_of(path)
    if root is None:
        return
    files = [path / file for file in _files(path)] if path.is_dir() else [path]
    lines = [f"{_sha256(file)}  {file.relative_to(root).as_posix()}\n" for file in files]
    write_text(record_of(root, path), "".join(lines))


def forget(path: str | Path) -> None:
    """Take the hashes of a product away: it is about to be made again."""
    root = root_of(Path(path))
    if root is not None:
        record_of(root, Path(path)).unlink(missing_ok=True)


def check(path: str | Path) -> bool:
    """Compare a product with the hashes that its job wrote.

    Returns:
        Whether there are such hashes; a file that is no product of this workflow has none.

    Raises:
        HashMismatchError: names the file, both hashes and the command that makes it again.
    """
    path = Path(path)
    root = root_of(path)
    record = None if root is None else record_of(root, path)
    if root is None or record is None or not os.path.isfile(record):
        return False
    if problem := compare(root, path, record):
        raise HashMismatchError(f"{problem}; make it again: {remake(path)}")
    return True


def compare(root: Path, path: Path, record: Path) -> str:
    """What is wrong with a product, in words; an empty text if nothing is."""
    try:
        text = record.read_bytes().decode()
    except UnicodeDecodeError:
        text = ""
    lines = [_LINE.fullmatch(line) for line in text.splitlines()]
    if not all(lines) or (not lines and not path.is_dir()):
        return f"{record} is damaged, so nobody knows whether {path} is what was made"
    expected = {root / line[2]: line[1] for line in lines if line}
    found = [path / file for file in _files(path)] if path.is_dir() else [path]
    for file in sorted({*expected, *found}):
        if not file.is_file():
            return f"{file} is missing"
        if file not in expected:
            return f"{file} does not belong to {path} as it was made"
        if (now := _sha256(file)) != expected[file]:
            return f"{file} is damaged or was replaced: its sha256 is {now}, it was made with {expected[file]}"
    return ""


def products(root: Path) -> Iterator[tuple[Path, Path]]:
    """Every product below ``root`` that has hashes, and the file that holds them."""
    for record in sorted((root / FOLDER).rglob("*.sha256")):
        yield root / record.relative_to(root / FOLDER).with_suffix(""), record


def remake(path: Path) -> str:
    """The command that makes a product again."""
    root = root_of(path)
    configuration = root / "run_config.yaml" if root is not None and root.name not in ("mini", "bench") else None
    known = configuration is not None and configuration.is_file()
    return f"snakemake -c2 {f'--configfile {configuration} ' if known else ''}--force {path}"


def root_of(path: Path) -> Path | None:
    """The folder from which a product's path is counted: ``results/{world}`` or ``resources``; None for any other file."""
    for parent in path.parents:
        if os.path.isdir(parent / FOLDER):  # also False for a text that is no path, such as one with NUL
            return parent
    if not path.is_absolute():
        for name, length in (("results", 2), ("resources", 1)):
            if path.parts[0] == name and len(path.parts) > length:
                return Path(*path.parts[:length])
    return None


def record_of(root: Path, path: Path) -> Path:
    """Where the hashes of a product stand."""
    inside = path.relative_to(root)
    return root / FOLDER / inside.with_name(f"{inside.name}.sha256")


def _files(folder: Path) -> list[str]:
    """Paths of all files below a folder, sorted; hidden ones, as Snakemake and desktops leave them, do not count."""
    found = (Path(place, name).relative_to(folder).as_posix() for place, _, names in os.walk(folder) for name in names)
    return sorted(name for name in found if not name.split("/")[-1].startswith("."))


def _sha256(file: Path) -> str:
    state = file.stat()
    key = (os.path.abspath(file), state.st_ino, state.st_size, state.st_mtime_ns)
    if key not in _hashed:
        _hashed[key] = sha256_file(file)
    return _hashed[key]
