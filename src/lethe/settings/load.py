"""From a merged configuration to settings, with messages a user can act on."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from lethe.io.tables import CorruptFileError, read_yaml
from lethe.registry import nearest
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
        lines = [_message(fault) for fault in error.errors()]
        raise SettingsError("the configuration is not valid:\n" + "\n".join(f"  - {line}" for line in lines)) from None


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
        faults = "".join(f"\n  - {_plain_message(fault)}" for fault in error.errors())
        raise SettingsError(f"{path}: not {what}:{faults}") from None


def _plain_message(fault: Any) -> str:
    where = ".".join(str(part) for part in fault["loc"]) or "the file"
    return f"{where}: {fault['msg']}" + ("" if fault["type"] == "missing" else f", got {_short(fault['input'])}")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:197]}..."


def _without_removed(value: Any) -> Any:
    """Leave out what an overlay sets to null (a task, a data set): overlays can add and change keys, not delete them."""
    if isinstance(value, dict):
        return {key: _without_removed(entry) for key, entry in value.items() if entry is not None}
    return value


def _message(fault: Any) -> str:
    where = ".".join(str(part) for part in fault["loc"]) or "configuration"
    if fault["type"] == "extra_forbidden":
        allowed = _fields_at(fault["loc"][:-1])
        key = str(fault["loc"][-1])
        return f"{where}: unknown key '{key}'; allowed here: {', '.join(allowed)}{nearest(key, allowed)}"
    message = fault["msg"].removeprefix("Value error, ")
    if fault["loc"] == () or fault["type"] == "value_error":
        return message if fault["loc"] == () else f"{where}: {message}"
    hint = ""
    expected = (fault.get("ctx") or {}).get("expected")
    if isinstance(fault["input"], str) and expected:
        hint = nearest(fault["input"], [name.strip("' ") for name in expected.replace(" or ", ",").split(",")])
    return f"{where}: {message}, got {_short(fault['input'])}{hint}"


def _fields_at(location: tuple[Any, ...]) -> list[str]:
    """Names of the fields of the settings model at a location such as ``("tasks", "people")``."""
    model: type[BaseModel] = Settings
    for part in location:
        field = model.model_fields.get(str(part))
        if field is None:  # the key of a mapping or the index of a list: its values are of the model found before
            continue
        candidates = [field.annotation, *_nested(field.annotation)]
        models = [found for found in candidates if isinstance(found, type) and issubclass(found, BaseModel)]
        if not models:
            return []
        model = models[0]
    return sorted(model.model_fields)


def _nested(annotation: Any) -> list[Any]:
    found: list[Any] = []
    for argument in get_args(annotation):
        found += [argument, *_nested(argument)]
    return found
