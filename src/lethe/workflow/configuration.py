"""The settings of a merged configuration, whose names are held against the registries."""

from __future__ import annotations

from typing import Any

import lethe.classifiers.methods as classifiers
import lethe.diffusion.methods as diffusion
from lethe.audit.world import world_of
from lethe.classifiers import ARCHITECTURES, PROVIDERS
from lethe.classifiers.models.description import ArchitectureDescription
from lethe.core.description import check_descriptions
from lethe.core.methods import RETRAINED, MethodDescription
from lethe.diffusion.metrics import METRICS
from lethe.diffusion.metrics.base import MetricDescription
from lethe.diffusion.metrics.specs import quantities
from lethe.diffusion.sources import SOURCES
from lethe.settings.load import load_settings
from lethe.settings.models import Settings
from lethe.settings.names import Names
from lethe.workflow.gates import gate_names


def load_configuration(config: dict[str, Any]) -> Settings:
    """Validate a merged configuration (plain data, as Snakemake's ``config``); every name in it is registered. An audit becomes its world.

    Raises:
        SettingsError: listing all faults, one a line.
        DescriptionError: a registered metric, method or architecture does not say what it is; it would be computed for hours and could not be read.
    """
    for methods in (diffusion.METHODS, classifiers.METHODS):
        check_descriptions(methods, MethodDescription)
    check_descriptions(METRICS, MetricDescription)
    check_descriptions(ARCHITECTURES, ArchitectureDescription)
    return load_settings(world_of(config), registered_names())


def registered_names() -> Names:
    """What the registries of the package hold; nothing behind them is imported."""
    return Names(
        methods=diffusion.METHODS.names(),
        metrics=METRICS.names(),
        quantities=quantities(),
        sources=SOURCES.names(),
        datasets=PROVIDERS.names(),
        architectures=ARCHITECTURES.names(),
        classifier_methods=classifiers.METHODS.names(),
        retrained=[name for name in diffusion.ROLES if diffusion.ROLES.role(name) == RETRAINED],
        gates=gate_names(),
    )
