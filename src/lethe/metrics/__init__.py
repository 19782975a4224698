"""Scores of images, all batched. Listing metrics loads no torch; loading one does.

A new metric is one file with a class that follows ``lethe.metrics.base.Metric`` and has a class method
``create(context)``, its ``MetricSpec`` in ``lethe.metrics.base`` and one line here (docs/extending.md).
"""

from __future__ import annotations

from collections.abc import Sequence

from lethe.metrics.base import DIRECTIONS, SPECS, Metric, MetricSpec, spec_of
from lethe.registry import Registry

METRICS: Registry[type[Metric]] = Registry("metric")
METRICS.register("clip", "lethe.metrics.clip:ClipScore")
METRICS.register("dino", "lethe.metrics.dino:DinoSimilarity")
METRICS.register("brisque", "lethe.metrics.brisque:Brisque")
METRICS.register("ssim", "lethe.metrics.fidelity:Ssim")
METRICS.register("ssim_published", "lethe.metrics.fidelity:SsimPublished")
METRICS.register("rmse", "lethe.metrics.fidelity:Rmse")
METRICS.register("rmse_published", "lethe.metrics.fidelity:RmsePublished")
METRICS.register("lpips_backbone", "lethe.metrics.lpips:LpipsBackbone")
METRICS.register("lpips_alex", "lethe.metrics.lpips:LpipsAlex")
METRICS.register("judge", "lethe.metrics.judge:JudgeAccuracy")
METRICS.register("nudenet", "lethe.metrics.nudenet:NudeNetCount")
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
