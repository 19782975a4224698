"""Reference pictures of what was forgotten, that nothing was trained on: from a shard of pictures kept apart, or of encoded ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lethe.diffusion.attacks.search import Reference
from lethe.diffusion.latents import encode_images, read_latents
from lethe.diffusion.testbed.receivers import Emitter, Receiver
from lethe.io.shards import ShardReader
from lethe.io.tables import read_parquet

if TYPE_CHECKING:
    import pandas as pd

    from lethe.diffusion.pipeline import Pipeline
    from lethe.settings.attack import Attack


def spread_out(cells: Sequence[int], most: int) -> list[int]:
    """At most so many of some cells, evenly spread.

    >>> spread_out([3, 4, 5, 6, 7], 2)
    [3, 5]
    """
    count = min(most, len(cells))
    return [cells[number * len(cells) // count] for number in range(count)]


def of_shard(
    pipe: Pipeline, tar: Path, index: Path, receivers: Sequence[Receiver], emitter: Emitter, attacks: Attack, size: int
) -> list[Reference]:
    """The first pictures of each cell that is attacked, encoded.

    Args:
        tar, index: pictures that nothing was trained on.
        size: height and width that they are given.

    Raises:
        ValueError: a cell has too few.
    """
    found = []
    with ShardReader(tar, index) as shard:
        for cell in spread_out(emitter.covers, attacks.cells):
            own = _first(shard.table[shard.table["entity"] == receivers[cell].name], tar, receivers[cell], attacks)
            latents = encode_images(pipe.vae, (shard.read(str(member)) for member in own["member"]), size)
            prompt = receivers[cell].prompt
            found += [Reference(cell, prompt, str(n), z) for n, z in zip(own["file_name"], latents, strict=True)]
    return found


def of_non_members(
    latents: Path, index: Path, receivers: Sequence[Receiver], emitter: Emitter, attacks: Attack
) -> list[Reference]:
    """The first non-members of membership inference of each receiver that is attacked.

    Args:
        latents, index: of members and non-members, in the same order (``lethe.diffusion.jobs.membership``).

    Raises:
        ValueError: a receiver has too few non-members.
    """
    encoded, table = read_latents(latents)[0], read_parquet(index)
    found = []
    for receiver in (receivers[covered] for covered in spread_out(emitter.covers, attacks.cells)):
        own = _first(table[(table["entity"] == receiver.index) & ~table["member"]], index, receiver, attacks)
        found += [
            Reference(receiver.index, receiver.prompt, str(image), encoded[row])
            for row, image in zip(own.index, own["image"], strict=True)
        ]
    return found


def _first(own: pd.DataFrame, file: Path, receiver: Receiver, attacks: Attack) -> pd.DataFrame:
    """As many of a receiver's pictures as are asked for."""
    if len(own) < attacks.pictures:
        raise ValueError(f"{file}: '{receiver.name}' has {len(own)} pictures for attacks, `pictures` asks for {attacks.pictures}")
    return own.iloc[: attacks.pictures]
