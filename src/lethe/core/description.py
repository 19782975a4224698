"""What a class of a registry says of itself, read from its text: the class is not imported, so neither is torch.

A class describes itself in its attribute ``about``, a call with keywords whose values are literals::

    class Ssim:
        about = MetricDescription(name="ssim", kind="pair", label="SSIM of on and off", ...)

Plans, tables and figures read it here. ``about`` is no code of the jobs that run the class. A key counts where a job reads it, through a
``Descriptions`` that names it (``lethe.execution.code``); so a word of a label draws figures again and computes nothing anew.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterable, Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from lethe.core.registry import Registry, nearest

DECIDES_NO_RESULT = "reads what classes say of themselves; what it read is code of whoever asks"
ATTRIBUTE = "about"


class DescriptionError(ValueError):
    """A class does not say what it must, or not in literals; the message names it."""


class Descriptions:
    """Some keys of what the classes of a registry say of themselves: name -> key -> value.

    Args:
        registry: of the classes; made in the same module, by name. A class derived from this one has a name that ends as this one's.
        keys: those that are read here; a key that a class leaves out is left out.
    """

    def __init__(self, registry: Registry[Any], *keys: str) -> None:
        self.registry, self.keys = registry, keys

    def __getitem__(self, name: str) -> dict[str, Any]:
        """What the class ``name`` says.

        Raises:
            UnknownNameError: no such name.
            DescriptionError: the class says nothing, or not in literals.
        """
        found = description_of(self.registry.target_of(name))
        return {key: found[key] for key in self.keys if key in found}

    def get(self, name: str, key: str, otherwise: Any) -> Any:
        """The value of one key; ``otherwise`` for a name that is not registered, or where the class leaves the key out.

        Raises:
            KeyError: the key is not read here, so a job that asks for it would not depend on it.
        """
        if key not in self.keys:
            raise KeyError(f"'{key}' is not among the keys that are read here: {', '.join(self.keys)}")
        return self[name].get(key, otherwise) if name in self else otherwise

    def __contains__(self, name: object) -> bool:
        return name in self.registry

    def __iter__(self) -> Iterator[str]:
        """In the order in which the names are registered."""
        return iter(self.registry.in_order())


def check_descriptions(registry: Registry[Any], form: type[Any]) -> None:
    """Hold what every class of a registry says of itself against ``form``, the dataclass that it calls, so that a fault is found by the plan.

    Where a form has a ``name``, that is the registered one.

    Raises:
        DescriptionError: naming the class, the key, what is allowed and the nearest match.
    """
    adapter = TypeAdapter(form)  # costs milliseconds, so not once for each class
    for name in registry.in_order():
        target = registry.target_of(name)
        found = description_of(target)
        check_keys(found, form, f"{target}: {ATTRIBUTE}")
        try:
            adapter.validate_python(found)
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, first["loc"]))
            raise DescriptionError(
                f"{target}: {ATTRIBUTE}{'.' * bool(key)}{key}: {first['msg'].removeprefix('Value error, ')}"
            ) from None
        if found.get("name", name) != name:
            raise DescriptionError(f"{target} is registered as '{name}', but {ATTRIBUTE}.name is '{found['name']}'")


@cache
def description_of(target: str) -> dict[str, Any]:
    """Everything that the class ``"module:Class"`` says of itself; errors as ``Descriptions``."""
    module, _, name = target.partition(":")
    classes = {node.name: node for node in _tree(module).body if isinstance(node, ast.ClassDef)}
    call = about(classes[name]) if name in classes else None
    if call is None:
        raise DescriptionError(
            f"{target} does not say what it is: a class with `{ATTRIBUTE} = ...(key=value, ...)` is needed there"
        )
    return literals(call, f"{target}: {ATTRIBUTE}")


def literals(call: ast.Call, where: str) -> dict[str, Any]:
    """Key -> value of a call with keywords.

    Raises:
        DescriptionError: a value is no literal; ``where`` begins the message.
    """
    found = {}
    for keyword in call.keywords:
        try:
            found[keyword.arg or "**"] = ast.literal_eval(keyword.value)
        except ValueError:
            raise DescriptionError(
                f"{where}.{keyword.arg} is `{ast.unparse(keyword.value)}`; it is read without running the file, so only a literal is allowed"
            ) from None
    return found


def check_keys(found: Iterable[str], form: type[Any], where: str) -> None:
    """Raise a ``DescriptionError`` naming the first key that the dataclass ``form`` does not have, what is allowed and the nearest."""
    allowed = [field.name for field in fields(form)]
    for key in found:
        if key not in allowed:
            raise DescriptionError(f"{where}.{key} is not known; allowed: {', '.join(allowed)}{nearest(key, allowed)}")


def about(node: ast.ClassDef) -> ast.Call | None:
    """The call in which a class says what it is; None if it says nothing."""
    return next((statement.value for statement in node.body if says(statement)), None)  # type: ignore[attr-defined]


def says(statement: ast.stmt, attribute: str = ATTRIBUTE) -> bool:
    """Whether a statement of a class body is ``attribute = ...(key=value, ...)``."""
    if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Call) or statement.value.args:
        return False
    return [target.id for target in statement.targets if isinstance(target, ast.Name)] == [attribute]


def module_file(module: str) -> Path:
    """The file of a dotted module, which is not imported (the packages that it lies in are).

    Raises:
        DescriptionError: there is none.
    """
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise DescriptionError(f"there is no module '{module}'")
    return Path(spec.origin)


@cache
def _tree(module: str) -> ast.Module:
    file = module_file(module)
    return ast.parse(file.read_text("utf-8"), filename=str(file))
