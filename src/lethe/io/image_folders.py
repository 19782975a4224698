"""Folders of images, one per entity: what is read, and what is left out and said."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from lethe.core.progress import log
from lethe.io.images import SUFFIXES
from lethe.io.tables import CorruptFileError
from lethe.io.wording import some_of

# What operating systems put into folders of their own accord; whatever begins with a dot is passed over too.
SYSTEM_FILES = {"__macosx", "desktop.ini", "ehthumbs.db", "thumbs.db"}


def entity_folders(root: Path) -> dict[str, Path]:
    """Name -> folder for every folder in ``root``, in the order of the names of the folders.

    Names are in Unicode's form NFC: macOS stores them decomposed, tables and keyboards do not. A name is a folder's own, so
    none leads out of ``root``.

    Raises:
        CorruptFileError: two folders have names that only differ in their Unicode form, or a name is no UTF-8.

    Examples:
        >>> Path("pictures/akita dog").mkdir(parents=True)
        >>> list(entity_folders(Path("pictures")))
        ['akita dog']
    """
    folders: dict[str, Path] = {}
    beside: list[str] = []
    for path in _visible(root):
        if path.is_dir():
            name = unicodedata.normalize("NFC", path.name)
            if name in folders:
                raise CorruptFileError(f"{root}: two folders are called '{name}', in different Unicode forms; make them one")
            folders[name] = path
        elif path.suffix.lower() in SUFFIXES:
            beside.append(path.name)
    if beside:
        log.warning("%s: pictures beside the folders of entities, left out: %s", root, some_of(beside))
    return folders


def images_of(folders: dict[str, Path]) -> dict[str, list[Path]]:
    """Entity -> its image files by name, for every folder that is not empty; what is left out is said in the log.

    Raises:
        CorruptFileError: a folder holds files, but no image of a format that is read; names it and them.

    Examples:
        >>> folder = Path("pets/cat")
        >>> folder.mkdir(parents=True)
        >>> (folder / "1.png").touch()
        >>> {name: [image.name for image in images] for name, images in images_of({"cat": folder}).items()}
        {'cat': ['1.png']}
    """
    found: dict[str, list[Path]] = {}
    left_out: list[str] = []
    for name, folder in folders.items():
        images, others = list_images(folder)
        if others and not images:
            raise CorruptFileError(
                f"{folder}: no image that is read, but {some_of([other.name for other in others])}; read are {', '.join(SUFFIXES)}"
            )
        left_out += [f"{folder.name}/{other.name}" for other in others]
        if images:
            found[name] = images
    warn_left_out(left_out)
    return found


def list_images(folder: Path) -> tuple[list[Path], list[Path]]:
    """The images of a folder in the order of their names, and what else is in it; hidden and system files are neither.

    Examples:
        >>> folder = Path("birds")
        >>> folder.mkdir()
        >>> for name in ("b.png", "a.jpg", "notes.txt", ".hidden.png"):
        ...     (folder / name).touch()
        >>> images, others = list_images(folder)
        >>> [image.name for image in images], [other.name for other in others]
        (['a.jpg', 'b.png'], ['notes.txt'])
    """
    images: list[Path] = []
    others: list[Path] = []
    for path in _visible(folder):
        (images if path.suffix.lower() in SUFFIXES and not path.is_dir() else others).append(path)
    return images, others


def warn_left_out(names: list[str]) -> None:
    """Say in the log which files are not read, if any are not."""
    if names:
        log.warning("left out, since read are %s alone: %s", ", ".join(SUFFIXES), some_of(names))


def _visible(folder: Path) -> list[Path]:
    paths = sorted(folder.iterdir())
    for path in paths:
        try:
            path.name.encode()
        except UnicodeEncodeError:
            raise CorruptFileError(f"{folder}: the name {path.name!r} is no UTF-8 text; rename it") from None
    return [path for path in paths if not path.name.startswith(".") and path.name.lower() not in SYSTEM_FILES]
