"""Folders of PNGs of a corpus, picture by picture."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lethe.archive.corpus.layout import pictures
from lethe.core.records import ImageKey
from lethe.core.registry import nearest
from lethe.diffusion.testbed.names import prompt
from lethe.io.images import decode_image
from lethe.io.shards import ShardRow
from lethe.io.tables import CorruptFileError
from lethe.io.wording import some_of

log = logging.getLogger(__name__)


def rows_of(folder: Path, state: str, seeds: Sequence[int], style: str, names: Sequence[str], size: int) -> Iterator[ShardRow]:
    """Rows of a shard, receiver by receiver and seed by seed.

    Args:
        folder: with ``{state}_{seed}_{prompt}.png``.
        state: ``on`` or ``off``.
        seeds: of the pictures.
        style, names: of the prompts and the entities.
        size: height and width that every picture must have.

    Raises:
        CorruptFileError: a picture is missing, cannot be read or has another size; a file of this state is of no prompt.
    """
    wanted = list(pictures(state, seeds, style, names))
    there = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    known = {name for _, _, name in wanted}
    if lost := [name for _, _, name in wanted if name not in there]:
        raise CorruptFileError(
            f"{folder}: {len(lost)} of {len(wanted)} pictures are missing: {some_of(lost)}{nearest(lost[0], sorted(there))}"
        )
    if odd := sorted(name for name in there - known if name.startswith(f"{state}_")):
        log.warning("%s: left out, since they are of no prompt and seed of this world: %s", folder, some_of(odd))
    for receiver, seed, name in wanted:
        pixels = read_picture(folder / name)
        if pixels.shape[:2] != (size, size):
            found = f"{pixels.shape[1]} x {pixels.shape[0]} pixels"
            raise CorruptFileError(f"{folder / name}: {found}; expected {size} x {size}, as `generation.size` says")
        columns = {"receiver": receiver, "seed": seed, "prompt": prompt(style, names[receiver])}
        yield ImageKey(receiver, seed).file_name, pixels, columns


def read_picture(path: Path) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 of a picture; one that cannot be read is a ``CorruptFileError`` naming it."""
    if not path.is_file():
        raise CorruptFileError(f"{path}: there is no such picture")
    return decode_image(path, path).pixels
