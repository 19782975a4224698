"""From a merged configuration to settings, with messages a user can act on."""

from __future__ import annotations

from typing import Any

import yaml
from pydantic import ValidationError

from lethe.settings.errors import SettingsError
from lethe.settings.messages import fault_lines
from lethe.settings.models import Settings
from lethe.settings.names import Names
from lethe.settings.plain import PlainError
from lethe.settings.read import validated

LONGEST_NUMBER = 30  # characters


def load_settings(config: dict[str, Any], names: Names) -> Settings:
    """Validate a merged configuration (plain data, as Snakemake's ``config``).

    Args:
        names: what methods, metrics, sources ... there are; ``lethe.workflow.configuration`` takes them from the registries.

    Raises:
        SettingsError: listing all faults, one a line.
    """
    try:
        return validated(config, Settings, names)
    except PlainError as error:
        lines = [str(error)]
    except ValidationError as error:
        lines = fault_lines(error, Settings)
    raise SettingsError("\n  - ".join(["the configuration is not valid:", *lines]))


def typed(given: Any) -> Any:
    """What stands inside a mapping of ``--config``, read as YAML reads it; Snakemake gives it as text, also numbers."""
    if isinstance(given, dict):
        return {key: typed(value) for key, value in given.items()}
    if isinstance(given, list):
        return [typed(value) for value in given]
    if not isinstance(given, str) or len(given) > LONGEST_NUMBER:
        return given
    try:
        value = yaml.safe_load(given)
    except yaml.YAMLError:  # a text that happens to hold brackets or colons
        return given
    return value if isinstance(value, bool | int | float) else given
