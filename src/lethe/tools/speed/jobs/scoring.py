"""The batched pass against a loop that scores one image at a time."""

from __future__ import annotations

from pathlib import Path

from lethe.core.device import resolve_device
from lethe.diffusion.metrics.base import MetricContext
from lethe.diffusion.metrics.run import read_images
from lethe.io.tables import write_json
from lethe.tools.speed.reference_loop import bench_scoring

EMITTERS, TARGET = 4, 5


def measure(
    off_tar: Path,
    off_index: Path,
    on_tar: Path,
    on_index: Path,
    clip: Path,
    backbone: Path,
    json: Path,
    device: str,
    threads: int,
) -> None:
    """Write how many times faster the batched pass is; the on images stand for those of several emitters."""
    context = MetricContext(clip=str(clip), backbone=str(backbone), device=resolve_device(device), threads=threads)
    measured = bench_scoring(context, read_images(off_tar, off_index), [read_images(on_tar, on_index)] * EMITTERS)
    result = {
        "value": measured["value"],
        "target": TARGET,
        "holds": measured["value"] >= TARGET,
        "how": "CLIP, BRISQUE, SSIM, RMSE and DINO of four shards: one image at a time, off images again for each emitter, against one "
        "batched pass; same images, same models, equal scores; loop seconds / batched seconds",
        "measured": measured,
    }
    write_json(json, result)
