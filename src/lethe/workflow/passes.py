"""What a model and a picture of Stable Diffusion's size cost: passes of the UNet, and what is kept.

FLOPs were counted at 512 px; how many of them a GPU does in a second is the caller's to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from lethe.planning.memory import BYTES
from lethe.settings.generation import Generation, KeepImages

DECIDES_NO_RESULT = "tells what a run would cost"
UNET, DECODER = 0.677, 2.48  # TFLOP of one row at 512 px
TRAINED = 3  # passes that a row costs with its gradient
SEARCHED = 2  # passes that a row costs where the text alone has a gradient
SUSTAINED = (
    287.0  # TFLOP/s: 29 % of an H100's dense 16-bit 989, the goal of docs/performance.md for 4 images a second; not measured
)
CROSS, KEYS_VALUES, ALL = 43_962_560, 19_169_280, 859_520_964  # parameters of the UNet: cross-attention, its keys and values, all
OF_LORA = 199_296  # parameters of rank 1 over the attention projections of all 16 blocks
DENSE = 4  # bytes of a parameter of a delta, float32
PICTURE = 450_000  # bytes of a PNG of 512 px
LATENTS = 4 * 64 * 64  # numbers that are kept in place of a picture of 512 px (keep_images)
MEMBER = 1024  # bytes around them: two headers, and filling
FEATURES = 384 * 4  # bytes of an embedding of the backbone


class Line(NamedTuple):
    """A line of the estimate.

    Attributes:
        what: is made. how: its arithmetic. hours: of a GPU. gigabytes: on disk.
    """

    what: str
    how: str
    hours: float
    gigabytes: float


def scale_of(generation: Generation) -> float:
    """Pixels of an image, as a share of 512 x 512."""
    return (generation.size / 512) ** 2


def hours_of_passes(passes: float, generation: Generation, sustained: float) -> float:
    """Hours of so many passes of one row of the UNet."""
    return passes * UNET * scale_of(generation) / sustained / 3600


def hours_of_pictures(pictures: float, generation: Generation, sustained: float) -> float:
    """Hours of so many pictures, drawn and decoded."""
    rows = 2 if generation.guidance > 1 else 1
    return pictures * (generation.steps * rows * UNET + DECODER) * scale_of(generation) / sustained / 3600


def drawing(generation: Generation) -> str:
    """The arithmetic of a picture."""
    return f"({generation.steps} steps x {2 if generation.guidance > 1 else 1} rows + decoding)"


def passes_of(values: Mapping[str, Any]) -> tuple[float, str]:
    """Passes of one row through the UNet that a model with these hyper-parameters needs, and how they come about."""
    steps, rows = values.get("steps", 0), values.get("forget_batch", 0) + values.get("retain_batch", 0)
    if not steps:
        return 0.0, "no steps"
    sampled = values.get("sampling_steps", 0)  # half of them on average, with and without the prompt
    loops = 1 + values.get("inner_loops", 0)
    told = f"{steps:,} steps x {rows} rows x ({TRAINED} + 1 of a target{f' + {sampled} of sampling' if sampled else ''})"
    return steps * loops * rows * (TRAINED + 1 + sampled), told + (f" x {loops} loops" if loops > 1 else "")


def bytes_of(values: Mapping[str, Any]) -> tuple[float, str]:
    """Bytes of a delta, and what it holds."""
    if trainable := values.get("trainable"):
        keys = all("attn2.to_k" in pattern or "attn2.to_v" in pattern for pattern in trainable)
        count = KEYS_VALUES if keys else CROSS if all("attn2" in pattern for pattern in trainable) else ALL
        return DENSE * count, f"{DENSE} bytes x {count:,} parameters"
    if rank := values.get("rank"):
        return DENSE * rank * OF_LORA, f"{DENSE} bytes x rank {rank} x {OF_LORA:,}"
    return 1e5, "0.1 MB"


def kept_bytes(keep_images: KeepImages, dtype: str) -> int:
    """Bytes on disk of a picture of 512 px: of its PNG, or of its latents in ``dtype``.

    >>> kept_bytes("png", "float16"), kept_bytes("latents", "float16")
    (450000, 33792)
    """
    return PICTURE if keep_images == "png" else LATENTS * BYTES[dtype] + MEMBER
