"""From a merged configuration to settings, with messages a user can act on."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from lethe.io.tables import CorruptFileError, read_yaml
from lethe.settings.messages import fault_lines
from lethe.settings.models import Settings

Model = TypeVar("Model", bound=BaseModel)


class SettingsError(ValueError):
    """The configuration is wrong; the message lists every fault with path, value, what is allowed, the nearest name."""


def load_settings(config: dict[str, Any]) -> Settings:
    """Validate a merged configuration (plain data, as Snakemake's ``config``).

    Raises:
        SettingsError: listing all faults, one a line.
    """
    try:
        return Settings.model_validate(_without_removed(config))
    except ValidationError as error:
        lines = "\n".join(f"  - {line}" for line in fault_lines(error, Settings))
        raise SettingsError(f"the configuration is not valid:\n{lines}") from None


def read_settings(path: Path, model: type[Model], what: str) -> Model:
    """A YAML file as a settings model.

    Args:
        what: what it should be, for the message: ``"a method file"``.

    Raises:
        SettingsError: no YAML, or not of the model's form; names the file and every fault, one a line.
    """
    try:
        return model.model_validate(read_yaml(path))
    except CorruptFileError as error:
        raise SettingsError(str(error)) from error
    except ValidationError as error:
        faults = "".join(f"\n  - {line}" for line in fault_lines(error, model))
        raise SettingsError(f"{path}: not {what}:{faults}") from None


def _without_removed(value: Any) -> Any:
    """Leave out what an overlay sets to null (a task, a data set): overlays can add and change keys, not delete them."""
    if isinstance(value, dict):
        return {key: _without_removed(entry) for key, entry in value.items() if entry is not None}
    return value
