"""Every setting of a configuration as a page: key, type, default, what is allowed, meaning."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml
from pydantic_core import to_jsonable_python

from lethe.settings.models import Settings
from lethe.settings.strict import Strict

INTRODUCTION = """\
# Settings

Every key of a configuration, read from the types that check it. To change a setting, write it into a file of your own
and add `--configfile my.yaml`. Unknown keys are errors that name the nearest one.

`{name}` stands for a name of your choice, such as that of a task. Defaults are those of the embedded mini world. A `-`
says that there is no default: whoever writes the entry must give the key.
"""
BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
    "minItems": "at least {} entries",
    "maxItems": "at most {} entries",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "pattern": "`{}`",
}
LONGEST = 60  # characters of a default in a cell; config/config.yaml has it whole


class Key(NamedTuple):
    """One row of the page."""

    path: str
    type: str
    default: str
    allowed: str
    meaning: str


def page(schema: dict[str, Any] | None = None) -> str:
    """The page in Markdown, a table for every section.

    Args:
        schema: JSON schema of a settings model; without one that of all settings.
    """
    schema = schema or Settings.model_json_schema()
    sections: dict[str, list[Key]] = {}
    for key in keys(schema):
        deeper = "." in key.path
        sections.setdefault(key.path.partition(".")[0] if deeper else "", []).append(key)
    parts = [INTRODUCTION, "## Top level\n", _table(sections.pop("", []))]
    for name, rows in sections.items():
        described = schema["properties"][name].get("description", "")
        parts += [f"## {name}\n", *([f"{_sentence(described)}\n"] if described else []), _table(rows)]
    return "\n".join(parts)


def keys(schema: dict[str, Any]) -> Iterator[Key]:
    """Every key of a JSON schema, in the order of the models; a model inside itself is followed once.

    Example:
        >>> speed = {"type": "integer", "default": 3, "minimum": 1, "description": "steps a second"}
        >>> list(keys({"properties": {"speed": speed}}))
        [Key(path='speed', type='integer', default='3', allowed='at least 1', meaning='steps a second')]
    """
    yield from _keys(schema, schema.get("$defs", {}), "", ())


def _keys(model: dict[str, Any], known: dict[str, Any], above: str, seen: tuple[str, ...]) -> Iterator[Key]:
    required = model.get("required", ())
    for name, field in model.get("properties", {}).items():
        path = f"{above}{name}"
        inner = list(_models(field, known, path, seen))
        default = "-" if name in required else _default(field, bool(inner), model.get("title", ""), name)
        yield Key(path, _type(field, known), default, _allowed(field, known), field.get("description", ""))
        told: set[str] = set()
        for below, entry, title in inner:
            for key in _keys(entry, known, f"{below}.", (*seen, title)):
                if key.path not in told:  # kinds of a section share keys; the first tells of them
                    told.add(key.path)
                    yield key


def _models(
    field: dict[str, Any], known: dict[str, Any], path: str, seen: tuple[str, ...]
) -> Iterator[tuple[str, dict[str, Any], str]]:
    """The models inside a field, each with its path and name: itself, its entries by name, its entries in a list."""
    for part in _parts(field):
        if name := _reference(part):
            if name not in seen and "properties" in known[name]:
                yield path, known[name], name
            elif "properties" not in known[name]:
                yield from _models(known[name], known, path, seen)
        for entries in _entries(part):
            yield from _models(entries, known, f"{path}.{{name}}", seen)
        if isinstance(items := part.get("items"), dict):
            yield from _models(items, known, f"{path}[]", seen)


def _entries(part: dict[str, Any]) -> list[dict[str, Any]]:
    """What a mapping of names holds."""
    found = [part.get("additionalProperties"), *part.get("patternProperties", {}).values()]
    return [entry for entry in found if isinstance(entry, dict)]


def _parts(field: dict[str, Any]) -> list[dict[str, Any]]:
    """A field, or each of its alternatives."""
    return [part for key in ("anyOf", "oneOf", "allOf") for part in field.get(key, ())] or [field]


def _reference(part: dict[str, Any]) -> str:
    return str(part.get("$ref", "")).removeprefix("#/$defs/")


def _type(field: dict[str, Any], known: dict[str, Any]) -> str:
    """The type in words, alternatives joined by `or`."""
    return " or ".join(dict.fromkeys(_one_type(part, known) for part in _parts(field)))


def _one_type(part: dict[str, Any], known: dict[str, Any]) -> str:
    if name := _reference(part):
        return "section" if "properties" in known[name] else _type(known[name], known)
    if "enum" in part or "const" in part:
        return "choice"
    kind = part.get("type", "any")
    if kind == "array":
        items = part.get("items")
        return f"list of {_type(items, known)}" if isinstance(items, dict) else "list"
    if kind == "object":
        return " or ".join(f"name: {_type(entries, known)}" for entries in _entries(part)) or "mapping"
    return {"null": "none", "string": "text", "boolean": "true or false"}.get(kind, str(kind))


def _allowed(field: dict[str, Any], known: dict[str, Any]) -> str:
    """Values and bounds, of a list those of its entries."""
    found: list[str] = []
    for part in [field, *(_parts(field) if _parts(field) != [field] else [])]:
        values = part.get("enum", [part["const"]] if "const" in part else [])
        found += [", ".join(f"`{value}`" for value in values)] if values else []
        found += [text.format(f"{part[bound]}") for bound, text in BOUNDS.items() if bound in part]
        if (name := _reference(part)) and "properties" not in known[name]:
            found.append(_allowed(known[name], known))
        if isinstance(items := part.get("items"), dict) and (of_entries := _allowed(items, known)):
            found.append(f"each {of_entries}")
    return "; ".join(dict.fromkeys(filter(None, found)))


def _default(field: dict[str, Any], has_rows: bool, model: str, name: str) -> str:
    """The default of a field as YAML; a schema leaves out those that a function makes, so these are asked of the class."""
    value = field.get("default")
    if "default" not in field:
        of_class = CLASSES[model].model_fields[name] if model in CLASSES else None
        if of_class is None or of_class.default_factory_takes_validated_data:
            return "depends on others"
        value = to_jsonable_python(of_class.get_default(call_default_factory=True))
    if has_rows and value:
        return _plain(list(value)) if _named(field) else ""  # its keys have rows of their own
    text = _plain(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 4]} ..."


def _named(field: dict[str, Any]) -> bool:
    return any(_entries(part) for part in _parts(field))


def _classes(model: type[Strict]) -> dict[str, type[Strict]]:
    """Every settings model by its name."""
    found = {model.__name__: model}
    for below in model.__subclasses__():
        found |= _classes(below)
    return found


CLASSES = _classes(Strict)


def _plain(value: Any) -> str:
    if isinstance(value, dict | list):
        return yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False, allow_unicode=True).strip()
    return json.dumps(value, ensure_ascii=False)


def _table(rows: list[Key]) -> str:
    head = "| key | type | default | allowed | meaning |\n| -- | -- | -- | -- | -- |\n"
    cells = ((f"`{row.path}`", row.type, _code(row.default), row.allowed, row.meaning) for row in rows)
    return head + "\n".join("| " + " | ".join(map(_cell, row)) + " |" for row in cells) + "\n"


def _code(text: str) -> str:
    return text if text in ("", "-", "depends on others") else f"`{text}`"


def _cell(text: str) -> str:
    """A text that does not end its cell, and in which nothing outside code is taken for HTML."""
    pieces = text.replace("|", "\\|").replace("\n", " ").split("`")
    pieces[::2] = [piece.replace("<", "&lt;").replace("{", "&#123;").replace("*", "\\*") for piece in pieces[::2]]
    return "`".join(pieces)


def _sentence(text: str) -> str:
    return _cell(text[:1].upper() + text[1:]) + "."
