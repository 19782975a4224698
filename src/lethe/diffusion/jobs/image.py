"""Any single picture."""

from __future__ import annotations

from pathlib import Path

from lethe.io.shards import ShardReader


def extract(tar: Path, index: Path, png: Path, receiver: str, seed: str) -> None:
    """Take the picture of a receiver and a seed out of a shard."""
    ShardReader(tar, index).extract(f"{receiver}_{seed}.png", png)
