"""A YAML file or plain data as a settings model, with messages a user can act on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from lethe.io.tables import CorruptFileError, read_yaml
from lethe.settings.errors import SettingsError
from lethe.settings.messages import fault_lines
from lethe.settings.plain import PlainError, plain
from lethe.settings.strict import Strict

Model = TypeVar("Model", bound=BaseModel)


def read_settings(path: Path, model: type[Model], what: str) -> Model:
    """A YAML file as a settings model.

    Args:
        what: what it should be, for the message: ``"a method file"``.

    Raises:
        SettingsError: no YAML, or not of the model's form; names the file and every fault, one a line.
    """
    try:
        return validated(read_yaml(path), model)
    except CorruptFileError as error:
        raise SettingsError(str(error)) from error
    except PlainError as error:
        raise SettingsError(f"{path}: not {what}:\n  - {error}") from None
    except ValidationError as error:
        faults = "".join(f"\n  - {line}" for line in fault_lines(error, model))
        raise SettingsError(f"{path}: not {what}:{faults}") from None


def validated(content: Any, model: type[Model], context: Any = None) -> Model:
    """Plain data as a model; of settings each value has the type that is asked for: neither ``true`` as 1 nor ``"8"`` as 8.

    Args:
        context: what the model's validators find as ``info.context``.

    Raises:
        PlainError: no plain data. ValidationError: not of the model's form.
    """
    return model.model_validate_json(json.dumps(plain(content)), strict=issubclass(model, Strict), context=context)
