"""With what a job reads shards that may hold latents. Torch is imported only where it does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lethe.io.shards import Decoder


def decoder_of(bases: Sequence[Path], device: str = "cpu") -> Decoder | None:
    """What ``ShardReader`` makes pictures of latents with.

    Args:
        bases: the folder of the base of the task, an input of the rule; none where pictures are kept as files.
        device: as configured.
    """
    if not bases:
        return None
    from lethe.core.device import resolve_device
    from lethe.diffusion.kept import LatentDecoder

    return LatentDecoder(bases[0], resolve_device(device))
