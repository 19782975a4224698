"""From a merged configuration to settings, with messages a user can act on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from lethe.io.tables import CorruptFileError, read_yaml
from lethe.settings.messages import fault_lines
from lethe.settings.models import Settings
from lethe.settings.plain import PlainError, plain
from lethe.settings.strict import Strict

Model = TypeVar("Model", bound=BaseModel)
LONGEST_NUMBER = 30  # characters


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


def _validated(content: Any, model: type[Model]) -> Model:
    """Plain data as a model; of settings each value has the type that is asked for: neither ``true`` as 1 nor ``"8"`` as 8."""
    return model.model_validate_json(json.dumps(plain(content)), strict=issubclass(model, Strict))
