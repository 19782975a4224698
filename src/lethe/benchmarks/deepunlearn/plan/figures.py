"""Figures of studies: the file names under which they are published."""

from __future__ import annotations

from typing import Any

from lethe.figures.templates.alias import Alias
from lethe.figures.templates.world import World
from lethe.planning.chapters import CLASSIFIERS
from lethe.planning.wildcards import Wildcards


def _study(world: World, wildcards: Wildcards) -> dict[str, Any]:
    return {"dataset": wildcards.dataset, "architecture": wildcards.architecture}


def _studies(world: World, wildcards: Wildcards) -> dict[str, Any]:
    """Every study of the configuration."""
    datasets = world.settings.deepunlearn.datasets
    return {"studies": tuple(f"{name}_{architecture}" for name, data in datasets.items() for architecture in data.architectures)}


def _of_study(name: str, template: str, label: str) -> Alias:
    stem = f"deepunlearn_{name}_{{dataset}}_{{architecture}}"
    return Alias(f"deepunlearn_{name}", stem, template, _study, CLASSIFIERS, label)


ALIASES = [
    _of_study("gaps", "DeepUnlearnGaps", "gaps to retraining"),
    _of_study("retdev_indisc", "DeepUnlearnTradeoff", "deviation and indiscernibility"),
    _of_study("runtime", "DeepUnlearnRunTime", "run time"),
    _of_study("fresh_draws", "DeepUnlearnDraws", "fresh draws"),
    _of_study("lira_roc", "DeepUnlearnRocCurves", "U-LiRA"),
    Alias("deepunlearn_ranking", "deepunlearn_ranking", "DeepUnlearnRanking", _studies, CLASSIFIERS, "ranking"),
]
"""Published file names."""
