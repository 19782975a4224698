"""A source that lies in a folder: one folder of images per entity, and ``entities.json`` with what is known of them."""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from lethe.core.progress import log
from lethe.core.registry import UnknownNameError, nearest
from lethe.diffusion.sources.base import SourceImage, read_images
from lethe.io.image_folders import entity_folders, images_of
from lethe.io.tables import CorruptFileError, read_json
from lethe.io.wording import shortened, some_of


class ImageFolder:
    """Entities and images that were prepared in a folder.

    Args:
        path: folder with ``entities.json`` (a list of records with ``name`` and attributes) and one folder of images per
            entity below ``images/``, called as the entity. A name of ``entities.json`` is looked up among the folders that are
            there, so it leads nowhere else; a folder may be a link. Without ``entities.json`` every folder with images is an entity
            without attributes, in the order of their names; without ``images/`` too these folders lie in ``path`` itself.

    Names are in Unicode's form NFC, in whichever form folder and file have them.

    Raises:
        FileNotFoundError: naming what is missing and where it was looked for.
        CorruptFileError: ``entities.json`` is not what it should be, naming record and key; an image cannot be read; a folder holds
            files, but no image. UnknownNameError: an entity without a folder of images, naming the nearest.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._json = self.path / "entities.json"
        self._images = self.path / "images"
        if not self.path.is_dir():
            raise FileNotFoundError(f"{self.path} is no folder; a `folder` source needs one with a folder of images per entity")
        if self._json.is_file():
            if not self._images.is_dir():
                raise FileNotFoundError(
                    f"{self._images} does not exist; a `folder` source needs images/{{name}}/ beside entities.json in {self.path}"
                )
        elif others := sorted(file.name for file in self.path.glob("*.json")):
            raise FileNotFoundError(
                f"{self._json} does not exist, but {', '.join(others[:3])} does{nearest(self._json.name, others)}; allowed: "
                "entities.json, or no such file"
            )
        elif not self._images.is_dir():
            self._images = self.path

    def entities(self) -> list[dict[str, Any]]:
        """The records of ``entities.json`` with ``dataset_n_original`` counted where it is not given."""
        return [{"dataset_n_original": len(self._files[record["name"]]), **record} for record in self._records]

    def images(self, name: str) -> Iterator[SourceImage]:
        """The images of an entity in the order of their names."""
        return read_images(self._files[self._known(name, self._files)])

    def attribute_distance(self, first: str, second: str) -> float:
        """NaN: nobody knows the true distance of two real entities."""
        return math.nan

    @cached_property
    def _records(self) -> list[dict[str, Any]]:
        if not self._json.is_file():
            return [{"name": name} for name in self._files]
        records = read_json(self._json)
        if not isinstance(records, list) or not records:
            raise CorruptFileError(f'{self._json}: {_shown(records)}; expected a list of records such as [{{"name": "cat"}}]')
        checked = [self._checked(number, record) for number, record in enumerate(records)]
        names = [record["name"] for record in checked]
        for number, name in enumerate(names):
            if (first := names.index(name)) < number:
                raise CorruptFileError(f"{self._json}, record {number}: the name '{shortened(name)}' is that of record {first}")
        return checked

    @cached_property
    def _files(self) -> dict[str, list[Path]]:
        """Images by entity."""
        folders = entity_folders(self._images)
        if not self._json.is_file():
            if not (found := images_of(folders)):
                raise FileNotFoundError(f"{self._images} holds no folder of images; every entity needs one, called as the entity")
            return found
        names = [self._known(record["name"], folders) for record in self._records]
        if others := sorted(set(folders) - set(names)):
            log.warning("%s: folders without a record in entities.json, left out: %s", self._images, some_of(others))
        files = images_of({name: folders[name] for name in names})
        if empty := [name for name in names if name not in files]:
            raise CorruptFileError(f"{folders[empty[0]]}: no images; every entity of {self._json} needs at least one")
        return files

    def _checked(self, number: int, record: Any) -> dict[str, Any]:
        """A record with its name in NFC, if it is one and its values are those that tables of entities hold."""
        where = f"{self._json}, record {number}"
        if not isinstance(record, dict):
            raise CorruptFileError(f'{where}: {_shown(record)}; expected a record such as {{"name": "cat"}}')
        if "name" not in record:
            keys = shortened(", ".join(record)) or "none"
            raise CorruptFileError(f"{where}: no key 'name'; it has {keys}{nearest('name', list(record))}")
        name = record["name"]
        if not isinstance(name, str) or not name.strip():
            raise CorruptFileError(f"{where}: 'name' is {_shown(name)}; allowed: text with at least one word")
        where = f"{where} ('{shortened(name)}')"
        for key, value in record.items():
            if (
                isinstance(value, dict | list)
                or (isinstance(value, float) and not math.isfinite(value))
                or not _is_text(key, value)
            ):
                raise CorruptFileError(
                    f"{where}: '{shortened(key)}' is {_shown(value)}; allowed: bool, finite number, text or null"
                )
        count = record.get("dataset_n_original", 1)
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise CorruptFileError(
                f"{where}: 'dataset_n_original' is {_shown(count)}; allowed: a whole number from 1, or no such key"
            )
        return {**record, "name": unicodedata.normalize("NFC", name)}

    def _known(self, name: str, folders: dict[str, Any]) -> str:
        if name not in folders:
            known = sorted(folders)
            raise UnknownNameError(
                f"{self._json}: no folder called '{shortened(name)}' in {self._images} for that entity{nearest(name, known)}"
            )
        return name


def _is_text(*values: Any) -> bool:
    """Whether all that is text can be written as UTF-8, which a JSON escape of half a character cannot."""
    try:
        "".join(value for value in values if isinstance(value, str)).encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(value: Any) -> str:
    return shortened(json.dumps(value, ensure_ascii=False))
