"""Which models share a job.

A job that unlearns, draws or scores makes the models of one *batch*: up to ten, whose indices differ in the last digit only. Where a method
has models of a few emitters, each is a batch of its own. A batch is called by what its indices have in common, so one wildcard
``{batch}`` stands for all of them: ``01`` for 010 to 019, ``100`` for 1000 to 1009, ``007`` for 007 alone.

A rule of Snakemake has a fixed number of outputs, but a batch has ten models, or one, or what remains of the entities. ``shapes``
gives the few kinds of batches of a configuration; rules that make models are written once and declared for each of them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from lethe.planning.wildcards import Wildcards

SIZE = 10  # models that differ in the last digit of their index


class Group(NamedTuple):
    """Entities of a task whose files are made alike.

    Attributes:
        task: name of the task.
        end: what follows the index in the names of the files, a regular expression: ``_uce_``.
        indices: of the entities.
    """

    task: str
    end: str
    indices: tuple[int, ...]


class Shape(NamedTuple):
    """A kind of batches: those with the same last digits.

    Attributes:
        units: last digits of the indices of a batch, ``("0", ..., "9")``; ``("",)`` where a batch is one index.
        task: the constraint of ``{task}`` that lets only such batches through. It looks ahead, over ``{batch}``.
        plain: the same where a file's name holds its index without leading zeros.
    """

    units: tuple[str, ...]
    task: str
    plain: str

    def name(self, rule: str) -> str:
        """The name of a rule for this shape: that of full batches has no number, others have how many models they make, or which.

        >>> Shape(("",), "people", "people").name("unlearn")
        'unlearn_1'
        >>> Shape(("0", "1", "2"), "own", "own").name("unlearn"), Shape(("0", "4", "7"), "own", "own").name("unlearn")
        ('unlearn_3', 'unlearn_047')
        """
        if len(self.units) == SIZE:
            return rule
        first = self.units == tuple(str(digit) for digit in range(len(self.units)))
        return f"{rule}_{len(self.units) if first or self.units == ('',) else ''.join(self.units)}"

    def each(self, pattern: str) -> list[str]:
        """``pattern`` for every model of a batch: ``{model}`` is its name, ``{index}`` its index, written with ``{batch}``.

        >>> Shape(("0", "1"), "people", "people").each("splits_{task}/{index}")
        ['splits_{task}/{batch}0', 'splits_{task}/{batch}1']
        """
        pattern = pattern.replace("{model}", "{task}_{index}_{method}_{epochs}")
        return [pattern.replace("{index}", f"{{batch}}{unit}") for unit in self.units]

    def indices(self, wildcards: Wildcards) -> list[int]:
        """The indices of the wildcards' batch, with or without leading zeros in its name."""
        return [int(wildcards.batch + unit) for unit in self.units]


def batches(indices: Iterable[int], together: bool = True) -> list[tuple[str, tuple[str, ...]]]:
    """Name and last digits of each batch of ``indices``.

    Args:
        indices: of entities, 0 and more.
        together: whether they share jobs. One that no other index shares its first digits with is alone anyway.

    >>> batches(range(12))
    [('00', ('0', '1', '2', '3', '4', '5', '6', '7', '8', '9')), ('01', ('0', '1'))]
    >>> batches([3, 7], together=False)
    [('003', ('',)), ('007', ('',))]
    """
    if not together:
        return [(f"{index:03d}", ("",)) for index in indices]
    found: dict[str, list[str]] = defaultdict(list)
    for index in indices:
        text = f"{index:03d}"
        found[text[:-1]].append(text[-1])
    return [(name, tuple(units)) if len(units) > 1 else (name + units[0], ("",)) for name, units in found.items()]


def shapes(groups: Iterable[Group], alone: Iterable[Group] = ()) -> list[Shape]:
    """The shapes of all batches of some groups, full ones first.

    Args:
        groups: whose entities share jobs. alone: whose entities have a job each.
    """
    found: dict[tuple[str, ...], list[tuple[Group, list[str]]]] = defaultdict(list)
    for together, some in ((True, groups), (False, alone)):
        for group in some:
            names: dict[tuple[str, ...], list[str]] = defaultdict(list)
            for name, units in batches(group.indices, together):
                names[units].append(name)
            for units, of_units in names.items():
                found[units].append((group, of_units))
    in_order = sorted(found, key=lambda units: (-len(units), units))
    return [Shape(units, _constraint(units, found[units]), _constraint(units, found[units], plain=True)) for units in in_order]


def _constraint(units: tuple[str, ...], of_groups: list[tuple[Group, list[str]]], plain: bool = False) -> str:
    """A task whose name is followed by an index of one of its batches."""
    ends: dict[tuple[str, str], list[str]] = defaultdict(
        list
    )  # methods have the same batches, which stand in the expression once
    for group, names in of_groups:
        if plain:
            names = [str(int(name)) if units == ("",) else name.lstrip("0") for name in names]
        digits = one_of_numbers(names) + ("" if units == ("",) else f"[{''.join(units)}]")
        ends[re.escape(group.task), digits].append(group.end)
    choices = [f"{task}(?=[_/]{digits}(?:{'|'.join(found)}))" for (task, digits), found in ends.items()]
    return f"(?:{'|'.join(choices)})"


def one_of_numbers(names: Iterable[str]) -> str:
    """An expression of exactly these texts of digits; short where they differ in single digits, since every file is held against it.

    >>> one_of_numbers(f"{number:02d}" for number in range(100))
    '[0123456789][0123456789]'
    >>> one_of_numbers(["00", "01", "17"])
    '(?:0[01]|17)'
    >>> one_of_numbers(["", "1", "2"])
    '(?:|[12])'
    """
    names = list(names)
    last: dict[str, set[str]] = defaultdict(set)
    for name in filter(None, names):
        last[name[:-1]].add(name[-1])
    alike: dict[str, list[str]] = defaultdict(list)  # digits that a text may end in -> what may stand before them
    for before, digits in last.items():
        alike["".join(sorted(digits))].append(before)
    choices = [""] if "" in names else []
    choices += [one_of_numbers(before) + (digits if len(digits) == 1 else f"[{digits}]") for digits, before in alike.items()]
    return choices[0] if len(choices) == 1 else f"(?:{'|'.join(choices)})"
