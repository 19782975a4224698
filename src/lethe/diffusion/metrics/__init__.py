"""Scores of images, all batched. Listing metrics loads no torch; loading one does.

A new metric is one file with a class that follows ``lethe.diffusion.metrics.base.Metric`` and has a class method
``create(context)``, its ``MetricSpec`` in ``lethe.diffusion.metrics.base`` and one line here (docs/extending.md).
"""

from __future__ import annotations

from collections.abc import Sequence

from lethe.core.registry import Registry
from lethe.diffusion.metrics.base import DIRECTIONS, SPECS, Metric, MetricSpec, spec_of

METRICS: Registry[type[Metric]] = Registry("metric")
METRICS.register("clip", "lethe.diffusion.metrics.clip:ClipScore")
METRICS.register("dino", "lethe.diffusion.metrics.dino:DinoSimilarity")
METRICS.register("brisque", "lethe.diffusion.metrics.brisque:Brisque")
METRICS.register("ssim", "lethe.diffusion.metrics.fidelity:Ssim")
METRICS.register("ssim_published", "lethe.diffusion.metrics.fidelity:SsimPublished")
METRICS.register("rmse", "lethe.diffusion.metrics.fidelity:Rmse")
METRICS.register("rmse_published", "lethe.diffusion.metrics.fidelity:RmsePublished")
METRICS.register("lpips_backbone", "lethe.diffusion.metrics.lpips:LpipsBackbone")
METRICS.register("lpips_alex", "lethe.diffusion.metrics.lpips:LpipsAlex")
METRICS.register("judge", "lethe.diffusion.metrics.judge:JudgeAccuracy")
METRICS.register("nudenet", "lethe.diffusion.metrics.nudenet:NudeNetCount")
for _name in METRICS:  # what nobody can read must not be scored for hours
    if spec_of(_name).kind == "image":
        spec_of(f"{_name}_diff")


def with_published(names: Sequence[str]) -> list[str]:
    """What is scored where ``names`` are asked for: ``rmse`` and ``ssim`` bring their ``_published`` variants, which cost nothing.

    >>> with_published(["clip", "rmse"])
    ['clip', 'rmse', 'rmse_published']
    """
    return [
        *names,
        *(f"{name}_published" for name in names if f"{name}_published" in METRICS and f"{name}_published" not in names),
    ]


__all__ = ["DIRECTIONS", "METRICS", "SPECS", "Metric", "MetricSpec", "spec_of", "with_published"]
