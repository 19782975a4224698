"""Parameters of a figure, and the file name that holds them.

``task=breeds--method=uce--metric=clip_diff`` names a result completely: ``key=value`` in the order of the model's fields, joined
by ``--``, items of a list joined by ``+``. A field at its default is left out, so one result has one name; the JSON holds all.
Every character of a value outside ``A-Z a-z 0-9 _ .`` is written ``~XX`` (hexadecimal UTF-8): no comma (Snakemake splits the
wildcards of a cluster job at commas), no ``%`` (sbatch expands it), no blank, no ``/``.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeVar, get_origin

from pydantic import Field, ValidationError

from lethe.core.registry import nearest
from lethe.io.wording import shortened
from lethe.settings.strict import Strict

SEPARATOR, LIST, LONGEST = "--", "+", 240  # a file system allows 255 bytes, the suffix and the temporary name need some
CHARACTERS = "[A-Za-z0-9_.~=+-]+"  # of a name
Names = Annotated[tuple[str, ...], Field(min_length=1)]
P = TypeVar("P", bound="Parameters")


class ParameterError(ValueError):
    """A name of a result that cannot be made; the message says what is wrong, what is allowed and the nearest match."""


class Parameters(Strict):
    """Parameters of a figure; a template adds its fields, each with a description."""


def build(parameters: Parameters) -> str:
    """The file name (without suffix) of a result."""
    fields = type(parameters).model_fields
    values = {key: getattr(parameters, key) for key in _ordered(fields)}
    parts = [f"{key}={_text(value)}" for key, value in values.items() if value != fields[key].default]
    name = SEPARATOR.join(parts)
    if len(name) > LONGEST:
        raise ParameterError(f"the name of this result has {len(name)} characters, at most {LONGEST} fit: {shortened(name)}")
    return name


def parse(model: type[P], name: str) -> P:
    """The inverse of ``build``; a name that ``build`` would not make is a ``ParameterError``."""
    fields, given = model.model_fields, {}
    known = _ordered(fields)
    for part in name.split(SEPARATOR):
        key, equals, value = part.partition("=")
        if not equals:
            raise ParameterError(f"'{part}' is not of the form key=value; allowed keys: {', '.join(known)}")
        if key not in fields:
            raise ParameterError(f"unknown parameter '{key}'; allowed: {', '.join(known)}{nearest(key, known)}")
        if key in given:
            raise ParameterError(f"parameter '{key}' is given twice")
        given[key] = [_decode(item) for item in value.split(LIST)] if _is_list(fields[key].annotation) else _decode(value)
    parameters = validate(model, given)
    if build(parameters) != name:
        raise ParameterError(f"'{name}' is written '{build(parameters)}' (order of fields, defaults left out)")
    return parameters


def validate(model: type[P], given: dict[str, Any]) -> P:
    """The model of ``given``; what is missing or wrong is one ``ParameterError``."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise ParameterError("; ".join(_fault(model, fault) for fault in error.errors())) from None


def _fault(model: type[Parameters], fault: Any) -> str:
    key = ".".join(map(str, fault["loc"])) or "parameters"
    if fault["type"] == "missing":
        return f"parameter '{key}' is missing ({model.model_fields[key].description})"
    expected = (fault.get("ctx") or {}).get("expected", "")
    close = nearest(str(fault["input"]), re.findall(r"'([^']+)'", str(expected)))
    return f"parameter '{key}': {fault['msg'].removeprefix('Value error, ')}, got {fault['input']!r}{close}"


def _ordered(fields: Any) -> list[str]:
    """Field names as they stand in a file name: inherited ones first, ``fidelity`` last."""
    return sorted(fields, key=lambda key: key == "fidelity")


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) is tuple or annotation is tuple


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return LIST.join(_text(item) for item in value)
    if isinstance(value, bool):
        return str(value).lower()
    return "".join(c if re.fullmatch(r"[A-Za-z0-9_.]", c) else "".join(f"~{b:02X}" for b in c.encode()) for c in str(value))


def _decode(text: str) -> str:
    data = re.sub(rb"~([0-9A-F]{2})", lambda match: bytes([int(match[1], 16)]), text.encode())
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ParameterError(f"'{text}' is not readable: ~XX must spell UTF-8") from None
