"""The published UnlearnCanvas as a folder: ``{Style}/{Object}/{k}.jpg``, photos in ``Seed_Images``."""

from __future__ import annotations

import hashlib
import re
from functools import cached_property
from pathlib import Path
from typing import Any

from PIL import Image

from lethe.core.progress import log
from lethe.core.registry import nearest
from lethe.diffusion.sources.unlearncanvas import PublishedCanvas, check_size
from lethe.io.image_folders import entity_folders, list_images
from lethe.io.tables import CorruptFileError, readable
from lethe.io.wording import some_of
from lethe.settings.unlearncanvas_classes import IMAGES, OTHER_STYLES

NAME = re.compile(r"[1-9][0-9]?\.jpg")


class UnlearnCanvasFolder(PublishedCanvas):
    """The folder that the authors publish. The number of a file says which photo it is painted from.

    Raises:
        CorruptFileError: a folder, a number or a picture is missing, a file has another name, two files are one picture, or one cannot
            be read or is too small. All names and sizes are looked at before the first picture is decoded.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        themes = entity_folders(self.path)
        for theme in self.options.themes:
            if theme not in themes:
                raise CorruptFileError(
                    f"{self.path}: no folder '{theme}'; expected {{Style}}/{{Object}}/{{k}}.jpg{nearest(theme, list(themes))}"
                )
        if others := sorted(set(themes) - set(self.options.themes) - set(OTHER_STYLES)):
            log.warning("%s: folders that source_options.themes does not name, left out: %s", self.path, some_of(others))

    @cached_property
    def _files(self) -> dict[tuple[str, str], dict[int, Path]]:
        """Cell -> number -> file, all of which are looked at."""
        return {cell: self._cell(self.path / cell[0] / cell[1]) for cell in self._cells.values()}

    def _cell(self, folder: Path) -> dict[int, Path]:
        if not folder.is_dir():
            there = sorted(entity_folders(folder.parent))
            raise CorruptFileError(
                f"{folder.parent}: no folder '{folder.name}'; there are: {', '.join(there)}{nearest(folder.name, there)}"
            )
        images, others = list_images(folder)
        for file in [*images, *others]:
            if not NAME.fullmatch(file.name) or int(file.stem) > IMAGES:
                raise CorruptFileError(
                    f"{file}: expected files 1.jpg to {IMAGES}.jpg and nothing else; the number says which photo it is painted from"
                )
        found = {int(file.stem): file for file in images}
        if missing := [number for number in range(1, IMAGES + 1) if number not in found]:
            raise CorruptFileError(
                f"{folder / f'{missing[0]}.jpg'} is missing ({len(missing)} of {IMAGES}); the same number shows the same in every style"
            )
        for file in found.values():
            with readable(file, "a readable JPEG"), Image.open(file, formats=["JPEG"]) as image:
                size = image.size
            check_size(*size, self.options.shorter, file)
        self._refuse_doubles(found)
        return found

    def _refuse_doubles(self, files: dict[int, Path]) -> None:
        """Of files of one length the content is compared."""
        seen: dict[tuple[int, str], Path] = {}
        lengths = [file.stat().st_size for file in files.values()]
        for file, length in zip(files.values(), lengths, strict=True):
            if lengths.count(length) > 1:
                key = (length, hashlib.sha256(file.read_bytes()).hexdigest())
                if (first := seen.setdefault(key, file)) != file:
                    raise CorruptFileError(f"{file}: the same picture as {first.name}; expected {IMAGES} different ones")

    def entities(self) -> list[dict[str, Any]]:
        """See ``PublishedCanvas``; all files are looked at first."""
        assert self._files
        return super().entities()

    def _encoded(self, cell: tuple[str, str], number: int) -> tuple[str, bytes | Path]:
        file = self._files[cell][number]
        return str(file), file
