"""Hyper-parameters of a method, of either family: a settings model whose errors name the nearest hyper-parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError, model_validator

from lethe.core.registry import nearest
from lethe.settings.errors import SettingsError
from lethe.settings.strict import Strict


class Hyperparameters(Strict):
    """What is configured of a method: unknown names, wrong types and values out of range are a ``ValueError``."""

    @model_validator(mode="before")
    @classmethod
    def _known_names(cls, values: Any) -> Any:
        """Name the nearest hyper-parameter, which pydantic's own message does not."""
        if isinstance(values, dict):
            allowed = sorted(cls.model_fields)
            for name in values:
                if name not in allowed:
                    listed = ", ".join(allowed) or "none"
                    raise ValueError(f"unknown hyper-parameter '{name}'; allowed: {listed}{nearest(str(name), allowed)}")
        return values


H = TypeVar("H", bound=Hyperparameters)


def configure(method: object, form: type[H], values: Mapping[str, Any]) -> H:
    """Checked hyper-parameters of a method.

    Args:
        method: whose class is named in messages. form: its ``Config``.

    Raises:
        SettingsError: naming the method, the hyper-parameter, its value and what is allowed.
    """
    try:
        return form.model_validate(dict(values))
    except ValidationError as error:
        faults = []
        for fault in error.errors():
            where = ".".join(map(str, fault["loc"]))
            text = fault["msg"].removeprefix("Value error, ")
            faults.append(f"  - {where} = {fault['input']!r}: {text}" if where else f"  - {text}")
        raise SettingsError(f"hyper-parameters of {type(method).__name__} are not valid:\n" + "\n".join(faults)) from None
