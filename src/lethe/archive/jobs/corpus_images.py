"""Pictures of a corpus as shards."""

from __future__ import annotations

from pathlib import Path

from lethe.archive.corpus.images import rows_of
from lethe.diffusion.testbed.schema import read_metadata
from lethe.io.shards import write_shard


def pack(
    published: list[Path], metadata: Path, tar: Path, index: Path, state: str, seeds: list[int], style: str, size: int
) -> None:
    """Write the pictures of a model, or of the base, as a shard.

    Args:
        published: one folder.
        state: what the names of its files begin with, ``on`` or ``off``.
        seeds, style, size: of the pictures; see ``rows_of``.
    """
    names = [str(record["name"]) for record in read_metadata(metadata)]
    write_shard(tar, rows_of(published[0], state, seeds, style, names, size), index)
