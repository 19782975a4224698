"""What a method is, told without running it: its name in figures, its paper, what it needs. The same form in both families.

Everything about a method stands in its own file. Beside the class that unlearns, the file says::

    METHOD = MethodRecord(title="UCE", paper="arXiv 2308.14761", colour="#0072B2", marker="o")

Tables, figures and plans read this statement as text (``Methods.describe``), so they import neither torch nor the method, and what they
show is code of theirs and of no unlearning job (``lethe.execution.fingerprint``). Only literals may stand in it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

from lethe.core.description import DescriptionError, check_keys, literals, module_file
from lethe.core.registry import Registry, nearest

T = TypeVar("T")

DECIDES_NO_RESULT = "reads how methods are called and shown; what it read is code of whoever asks"
STATEMENT = "METHOD"
UNCHANGED, RETRAINED, DESTROYED = "unchanged", "retrained", "destroyed"
REFERENCES = {
    UNCHANGED: "changes nothing: its models are the base",
    RETRAINED: "never saw what is forgotten: the base trained again without it",
    DESTROYED: "draws nothing but noise: everything is forgotten, and everything else too",
}
NEEDS = {
    "convolutions": "changes convolutions and fine-tunes; without convolutions it only fine-tunes",
    "noise": "its loss is of the noise, so the base has to predict it (prediction_type epsilon)",
    "validation": "trains on the validation set or chooses a model by it, which contaminates what is measured there",
}


class MethodRecordError(DescriptionError):
    """A method does not say what it is; the message names its file or the field, the value and what is allowed."""


@dataclass(frozen=True)
class MethodRecord:
    """What tables, figures and plans have to know of a method.

    Attributes:
        title: its name in tables and figures, different from every other title of its family.
        paper: where it is described.
        colour: in figures, ``#rrggbb``; empty: given by its place among the methods without one.
        marker: in figures, of matplotlib; empty: given likewise.
        reference: empty for a method that is judged; else the key of ``REFERENCES`` that says what others are compared with.
        published_of: the registered name of the method that this one is as published, faults included; empty: it is no such variant.
        needs: keys of ``NEEDS``.

    Raises:
        MethodRecordError: a field has a value that is not allowed.
    """

    title: str
    paper: str
    colour: str = ""
    marker: str = ""
    reference: str = ""
    published_of: str = ""
    needs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("title", "paper"):
            if not getattr(self, name).strip():
                raise MethodRecordError(f"{name} is empty")
        for name, values, allowed in (("reference", [self.reference or UNCHANGED], REFERENCES), ("needs", self.needs, NEEDS)):
            for value in values:
                if value not in allowed:
                    raise MethodRecordError(f"{name}: '{value}'; allowed: {', '.join(allowed)}{nearest(value, list(allowed))}")


DIRECTIONS = {
    "nothing": "nothing changes at all",
    "change": "what the model says of what is forgotten changes somehow",
    "loss": "the loss on what is forgotten rises",
    "guide": "the prediction for what is forgotten moves to the untouched model's prediction for what takes its place",
    "away": "the prediction for what is forgotten moves as in `guide` and may pass it, as under negative guidance (ESD)",
}


@dataclass(frozen=True)
class Contract:
    """What the contract suite holds a method to; a statement ``CONTRACT = Contract(...)`` in the method's file, code of no job.

    Attributes:
        small: hyper-parameters for the suite's tiny problem, where they differ from the defaults.
        direction: what forgetting does, a key of ``DIRECTIONS``.

    Raises:
        MethodRecordError: there is no such direction.
    """

    small: Mapping[str, object]
    direction: str

    def __post_init__(self) -> None:
        if self.direction not in DIRECTIONS:
            known = f"{', '.join(DIRECTIONS)}{nearest(self.direction, list(DIRECTIONS))}"
            raise MethodRecordError(f"direction: '{self.direction}'; allowed: {known}")


class Methods(Registry[T]):
    """The methods of a family: names to classes, and what each of them is.

    A module that calls nothing but the functions of this class depends on what methods say of themselves and not on their code:
    ``lethe.execution.fingerprint`` finds that in its text.
    """

    def describe(self, name: str) -> MethodRecord:
        """What a method is, read from its file without importing it.

        Raises:
            UnknownNameError: it is not registered. DescriptionError: its file does not say what it is, or says it in a wrong way.
        """
        return read_record(_file_of(self.module_of(name)))

    def shown(self, name: str) -> MethodRecord:
        """The same; of a name that is no method's, as in a table of another version, a record that holds nothing but the name."""
        return self.describe(name) if name in self else MethodRecord(title=name, paper="unknown")

    def title(self, name: str) -> str:
        """The name of a method in figures."""
        return self.shown(name).title

    def role(self, name: str) -> str:
        """Which of ``REFERENCES`` a method is; empty for one that is judged."""
        return self.shown(name).reference

    def published(self, names: Iterable[str]) -> dict[str, str]:
        """Method -> its variant as published, of those among ``names`` that are such a variant."""
        return {self.describe(name).published_of: name for name in names if name in self and self.describe(name).published_of}

    def reference(self, role: str) -> str:
        """The name of the reference with this role.

        Raises:
            KeyError: the family has no such reference.
        """
        for name in self:
            if self.describe(name).reference == role:
                return name
        raise KeyError(f"no {self.kind} is the reference '{role}'")


_file_of = cache(module_file)  # tables ask for every row


@cache
def read_record(file: Path) -> MethodRecord:
    """What the method in a file says of itself.

    Raises:
        DescriptionError: there is no statement ``METHOD = MethodRecord(...)`` with literals alone, or it holds what is not allowed.
    """
    where = f"{file}: {STATEMENT}"
    given = literals(record_statement(ast.parse(file.read_text("utf-8")), str(file)), where)
    check_keys(given, MethodRecord, where)
    try:
        return MethodRecord(**given)
    except (MethodRecordError, TypeError) as error:
        raise MethodRecordError(f"{file}: {STATEMENT}: {error}") from None


def record_statement(tree: ast.Module, where: str) -> ast.Call:
    """The call ``MethodRecord(...)`` of a module.

    Raises:
        MethodRecordError: there is none at its top level; ``where`` names the module.
    """
    for node in tree.body:
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call) or node.value.args:
            continue
        if [target.id for target in node.targets if isinstance(target, ast.Name)] == [STATEMENT]:
            return node.value
    raise MethodRecordError(
        f"{where}: no statement {STATEMENT} = MethodRecord(title=..., paper=...); so the method has no name in figures"
    )
