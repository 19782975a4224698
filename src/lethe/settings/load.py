"""From a merged configuration to settings, with messages a user can act on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from lethe.io.tables import CorruptFileError, read_yaml
from lethe.settings.messages import fault_lines
from lethe.settings.models import Settings
from lethe.settings.plain import PlainError, plain

Model = TypeVar("Model", bound=BaseModel)


class SettingsError(ValueError):
    """The configuration is wrong; the message lists every fault with path, value, what is allowed, the nearest name."""


def load_settings(config: dict[str, Any]) -> Settings:
    """Validate a merged configuration (plain data, as Snakemake's ``config``).

    Raises:
        SettingsError: listing all faults, one a line.
    """
    try:
        return _validated(config, Settings)
    except PlainError as error:
        lines = [str(error)]
    except ValidationError as error:
        lines = fault_lines(error, Settings)
    raise SettingsError("\n  - ".join(["the configuration is not valid:", *lines]))


def read_settings(path: Path, model: type[Model], what: str) -> Model:
    """A YAML file as a settings model.

    Args:
        what: what it should be, for the message: ``"a method file"``.

    Raises:
        SettingsError: no YAML, or not of the model's form; names the file and every fault, one a line.
    """
    try:
        return _validated(read_yaml(path), model)
    except CorruptFileError as error:
        raise SettingsError(str(error)) from error
    except PlainError as error:
        raise SettingsError(f"{path}: not {what}:\n  - {error}") from None
    except ValidationError as error:
        faults = "".join(f"\n  - {line}" for line in fault_lines(error, model))
        raise SettingsError(f"{path}: not {what}:{faults}") from None


def _validated(content: Any, model: type[Model]) -> Model:
    """Plain data as a model, each value of the type that is asked for: neither ``true`` as 1 nor ``"8"`` as 8."""
    return model.model_validate_json(json.dumps(plain(content)), strict=True)
