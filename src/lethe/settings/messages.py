"""Faults of a settings model in words that a user can act on."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from lethe.core.registry import nearest

DECIDES_NO_RESULT = "writes messages"
MOST = 20  # faults that a person reads


def fault_lines(error: ValidationError, root: type[BaseModel]) -> list[str]:
    """One line per fault: path, value, what is allowed, the nearest name. ``root`` is the model that was validated."""
    lines = [_message(fault, root) for fault in error.errors()]
    return lines if len(lines) <= MOST else [*lines[:MOST], f"... and {len(lines) - MOST} more"]


def visible(text: str) -> str:
    """``text`` of at most 100 characters on one line, what nobody sees as an escape."""
    shown = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text[:100])
    return shown if len(text) <= 100 else f"{shown}..."


def short(value: Any) -> str:
    """A value as it would stand in Python, at most 200 characters of it."""
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # Python writes no integer of more than 4,300 digits
        text = f"a huge {type(value).__name__}"
    return text if len(text) <= 200 else f"{text[:197]}..."


def _message(fault: Any, root: type[BaseModel]) -> str:
    where = ".".join(visible(str(part)) for part in _without_kind(fault["loc"])) or "configuration"
    if fault["type"] == "extra_forbidden":
        allowed = _fields_at(fault["loc"][:-1], root)
        key = str(fault["loc"][-1])
        return f"{where}: unknown key '{visible(key)}'; allowed here: {', '.join(allowed)}{nearest(key, allowed)}"
    message = fault["msg"].removeprefix("Value error, ").replace("\0", "\\0")  # a terminal shows none, and a log is then no text
    if fault["type"] == "value_error":
        return f"{where}: {message}" if fault["loc"] else message
    if not fault["loc"]:
        return f"{message}, got {short(fault['input'])}"
    hint = ""
    expected = (fault.get("ctx") or {}).get("expected")
    if isinstance(fault["input"], str) and expected:
        hint = nearest(fault["input"], [name.strip("' ") for name in expected.replace(" or ", ",").split(",")])
    if fault["type"] == "missing":  # its input is all that stands around it
        return f"{where}: {message}"
    return f"{where}: {message}, got {short(fault['input'])}{hint}"


def _without_kind(location: tuple[Any, ...]) -> tuple[Any, ...]:
    """A location below ``("tasks", name)`` without the model that the task was read as."""
    return (*location[:2], *location[3:]) if location[:1] == ("tasks",) and len(location) > 2 else location


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
