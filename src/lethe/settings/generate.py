"""Write ``config/config.yaml`` and ``config/schemas/config.schema.json`` from the models: ``lethe config``.

A test compares the committed files with what this module writes.
"""

from __future__ import annotations

import json
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from lethe.settings.models import Settings

HEADER = """\
# yaml-language-server: $schema=schemas/config.schema.json
#
# The mini world: the default of every setting. Generated from src/lethe/settings/models.py by `make config`;
# to change an experiment write an overlay with the keys that differ (see paper.yaml) and pass it with --configfile.
# What an overlay sets to null (a task, a base, a data set) is left out.
"""


def default_yaml() -> str:
    """The default configuration as YAML, each key with its description."""
    return HEADER + "\n".join(_section(Settings(), indent=0)) + "\n"


def json_schema() -> str:
    """The JSON schema of the configuration."""
    return json.dumps(Settings.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


def _section(model: BaseModel, indent: int, described: bool = True) -> list[str]:
    lines = []
    pad = " " * indent
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        note = f"  # {field.description}" if described and field.description else ""
        if isinstance(value, BaseModel) and type(value).model_fields:
            lines += [f"{pad}{name}:{note}", *_section(value, indent + 2, described)]
        elif isinstance(value, dict) and value and all(isinstance(entry, BaseModel) for entry in value.values()):
            lines.append(f"{pad}{name}:{note}")
            for position, (key, entry) in enumerate(value.items()):
                # descriptions once, at the first entry: the others have the same keys
                lines += [f"{pad}  {key}:", *_section(entry, indent + 4, described and position == 0)]
        else:
            lines.append(f"{pad}{name}: {_flow(value)}{note}")
    return lines


def _flow(value: Any) -> str:
    plain = to_jsonable_python(value)
    text = yaml.safe_dump(plain, default_flow_style=True, width=10_000, sort_keys=False, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...")
