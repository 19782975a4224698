"""Faults of a settings model in words that a user can act on."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from lethe.registry import nearest


def fault_lines(error: ValidationError, root: type[BaseModel]) -> list[str]:
    """One line per fault: path, value, what is allowed, the nearest name. ``root`` is the model that was validated."""
    return [_message(fault, root) for fault in error.errors()]


def _message(fault: Any, root: type[BaseModel]) -> str:
    where = ".".join(str(part) for part in fault["loc"]) or "configuration"
    if fault["type"] == "extra_forbidden":
        allowed = _fields_at(fault["loc"][:-1], root)
        key = str(fault["loc"][-1])
        return f"{where}: unknown key '{key}'; allowed here: {', '.join(allowed)}{nearest(key, allowed)}"
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "value_error":
        return f"{where}: {message}" if fault["loc"] else message
    if not fault["loc"]:
        return f"{message}, got {_short(fault['input'])}"
    hint = ""
    expected = (fault.get("ctx") or {}).get("expected")
    if isinstance(fault["input"], str) and expected:
        hint = nearest(fault["input"], [name.strip("' ") for name in expected.replace(" or ", ",").split(",")])
    if fault["type"] == "missing":  # its input is all that stands around it
        return f"{where}: {message}"
    return f"{where}: {message}, got {_short(fault['input'])}{hint}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:197]}..."


def _fields_at(location: tuple[Any, ...], root: type[BaseModel]) -> list[str]:
    """Names of the fields of the model at a location such as ``("tasks", "people")`` below ``root``."""
    model, models = root, [root]
    for part in location:
        field = model.model_fields.get(str(part))
        if field is None:  # the key of a mapping, the index of a list, or which of several models an entry is
            model = next((found for found in models if found.__name__ == part), model)
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
