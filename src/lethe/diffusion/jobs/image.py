"""Any single picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lethe.core.records import ModelId
from lethe.diffusion.decoders import decoder_of
from lethe.diffusion.testbed.asked import read_asked
from lethe.io.shards import ShardReader


def extract(
    tar: Path,
    index: Path,
    png: Path,
    receiver: str,
    seed: str,
    run: str,
    asked: Sequence[Path] = (),
    entities: int = 0,
    decoder: Sequence[Path] = (),
) -> None:
    """Take the picture of a receiver and a seed out of a shard.

    Args:
        run: name of the model, or of the baseline of a task.
        asked: which receivers each model was asked for; none: all.
        entities: of the task.
        decoder: the base whose VAE makes pictures of latents, where these are kept.

    Raises:
        ValueError: the model was not asked for this receiver; the message tells which it was asked for.
    """
    if asked and not run.endswith("_baseline"):
        there = read_asked(asked[0], entities).of(ModelId.parse(run).index)
        if int(receiver) not in there:
            raise ValueError(
                f"{png}: receiver {int(receiver)} was not asked for; {run} was asked for {', '.join(map(str, there))}"
            )
    ShardReader(tar, index, decoder_of(decoder)).extract(f"{receiver}_{seed}.png", png)
