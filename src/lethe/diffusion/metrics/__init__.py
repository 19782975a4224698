"""Scores of images, all batched. Listing metrics loads no torch; loading one does.

A metric is one file with a class after ``lethe.diffusion.metrics.base.Metric`` that describes itself, and one line here
(docs/add-a-metric.md). The order of the lines is the order of columns in tables.
"""

from __future__ import annotations

from collections.abc import Sequence

from lethe.core.description import Descriptions
from lethe.core.registry import Registry
from lethe.diffusion.metrics.base import Metric

METRICS: Registry[type[Metric]] = Registry("metric")
METRICS.register("clip", "lethe.diffusion.metrics.clip:ClipScore")
METRICS.register("brisque", "lethe.diffusion.metrics.brisque:Brisque")
METRICS.register("rmse", "lethe.diffusion.metrics.fidelity:Rmse")
METRICS.register("ssim", "lethe.diffusion.metrics.fidelity:Ssim")
METRICS.register("dino", "lethe.diffusion.metrics.dino:DinoSimilarity")
METRICS.register("judge", "lethe.diffusion.metrics.judge:JudgeAccuracy")
METRICS.register("nudenet", "lethe.diffusion.metrics.nudenet:NudeNetCount")
METRICS.register("rmse_published", "lethe.diffusion.metrics.fidelity:RmsePublished")
METRICS.register("ssim_published", "lethe.diffusion.metrics.fidelity:SsimPublished")
METRICS.register("lpips_backbone", "lethe.diffusion.metrics.lpips:LpipsBackbone")
METRICS.register("lpips_alex", "lethe.diffusion.metrics.lpips:LpipsAlex")

SPECS = Descriptions(METRICS, "name", "kind", "arrow", "range", "untouched", "constants", "published_name")
WORDS = Descriptions(METRICS, "kind", "label", "unit")
SUBJECTS = Descriptions(METRICS, "subject")
PLACES = Descriptions(METRICS, "runs_on")


def with_published(names: Sequence[str]) -> list[str]:
    """What is scored where ``names`` are asked for: ``rmse`` and ``ssim`` bring their ``_published`` variants, which cost nothing.

    >>> with_published(["clip", "rmse"])
    ['clip', 'rmse', 'rmse_published']
    """
    return [
        *names,
        *(f"{name}_published" for name in names if f"{name}_published" in METRICS and f"{name}_published" not in names),
    ]


__all__ = ["METRICS", "SPECS", "WORDS", "Metric", "with_published"]
