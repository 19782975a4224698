"""Pictures of a figure, from shards of images."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from lethe.diffusion.decoders import decoder_of
from lethe.figures.templates.base import Pictures
from lethe.io.shards import ShardReader


def read_pictures(
    rows: Iterable[Mapping[str, Any]], shards: Iterable[tuple[str, Path, Path]], decoder: Sequence[Path] = ()
) -> Pictures:
    """(row, member) -> picture of every ``row, member`` of a figure.

    Args:
        rows: ``row`` names a shard, ``member`` a file in it.
        shards: name, tar and index of each.
        decoder: the base whose VAE makes pictures of latents, where these are kept.
    """
    reads = decoder_of(decoder)
    with ExitStack() as stack:
        readers = {name: stack.enter_context(ShardReader(tar, index, reads)).read for name, tar, index in shards}
        return {(row["row"], row["member"]): readers[row["row"]](row["member"]) for row in rows}
