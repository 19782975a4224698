"""Names to code, loaded only when asked for.

An entry is a string ``"package.module:Name"``. Registering one imports nothing, so listing what exists
costs no torch import, and the file behind a name is known without running it (``module_of`` feeds the
code fingerprint of a rule).
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterator
from typing import Generic, TypeVar, cast

T = TypeVar("T")


class UnknownNameError(KeyError):
    """A name that is not registered; the message lists what is and the nearest match."""

    def __str__(self) -> str:
        return str(self.args[0])


def nearest(name: str, allowed: list[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the closest allowed name, or an empty string.

    Examples:
        >>> nearest("uec", ["uce", "esd"])
        "; did you mean 'uce'?"
    """
    match = difflib.get_close_matches(name, allowed, n=1, cutoff=0.5)
    return f"; did you mean '{match[0]}'?" if match else ""


class Registry(Generic[T]):
    """A lazy mapping from name to class or function.

    Example:
        >>> registry = Registry[type]("collection")
        >>> registry.register("ordered", "collections:OrderedDict")
        >>> registry.load("ordered").__name__
        'OrderedDict'
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._targets: dict[str, str] = {}

    def register(self, name: str, target: str) -> None:
        """Add ``name`` -> ``"module:attribute"``; a second registration of a name is an error."""
        if name in self._targets:
            raise ValueError(f"{self.kind} '{name}' is already registered as {self._targets[name]}")
        if target.count(":") != 1:
            raise ValueError(f"{self.kind} '{name}': target '{target}' is not of the form 'module:attribute'")
        self._targets[name] = target

    def names(self) -> list[str]:
        """Every registered name, sorted."""
        return sorted(self._targets)

    def in_order(self) -> list[str]:
        """Every registered name, in the order of registration."""
        return list(self._targets)

    def target_of(self, name: str) -> str:
        """``"module:attribute"`` of ``name``, without importing it."""
        return self._target(name)

    def module_of(self, name: str) -> str:
        """The dotted module that holds ``name``, without importing it."""
        return self._target(name).split(":")[0]

    def load(self, name: str) -> T:
        """Import and return what ``name`` stands for."""
        module, attribute = self._target(name).split(":")
        return cast(T, getattr(importlib.import_module(module), attribute))

    def _target(self, name: str) -> str:
        if name not in self._targets:
            raise UnknownNameError(f"unknown {self.kind} '{name}'; known: {', '.join(self.names())}{nearest(name, self.names())}")
        return self._targets[name]

    def __contains__(self, name: object) -> bool:
        return name in self._targets

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())
