"""What can be asked for: the values that wildcards take in a world, and the files that its rules make with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple

from lethe.core.registry import nearest

OF_MODELS = ("datasets/generated_{run}.tar", "scores/{run}.parquet", "models/{run}/delta.safetensors")


class Step(NamedTuple):
    """A rule, as plain data.

    Attributes:
        name: of the rule.
        wildcards: their names.
        outputs: patterns without constraints, ``results/mini/latents/{task}.safetensors``.
        params: its parameters; some are functions of wildcards.
    """

    name: str
    wildcards: frozenset[str]
    outputs: tuple[str, ...]
    params: Mapping[str, Any]


class Values(dict[str, str]):
    """Values of wildcards, by name, as a params function gets them."""

    __getattr__ = dict.__getitem__


def values_of(names: Iterable[str], known: Mapping[str, Iterable[str]]) -> Iterator[Values]:
    """Every choice of values for some wildcards.

    Args:
        names: of the wildcards.
        known: name of a wildcard -> values it may have.

    >>> list(values_of(["task", "kind"], {"task": ["people"], "kind": ["true", "clip"]}))
    [{'task': 'people', 'kind': 'true'}, {'task': 'people', 'kind': 'clip'}]
    """
    names = list(names)
    for choice in product(*[known[name] for name in names]):
        yield Values(zip(names, choice, strict=True))


def makeable(steps: Iterable[Step], known: Mapping[str, Iterable[str]]) -> set[str]:
    """Files that rules make with each of the known values of their wildcards; nothing of a rule with other wildcards."""
    return {
        output.format(**values)
        for step in steps
        if step.wildcards <= set(known)
        for values in values_of(sorted(step.wildcards), known)
        for output in step.outputs
    }


def unknown_target(target: str, steps: Iterable[Step], known: Mapping[str, Iterable[str]], others: Iterable[str]) -> str:
    """What to say of a target that no rule makes, with the nearest name.

    Args:
        target: a file if it has a slash, else the name of a rule.
        steps: the rules.
        known: name of a wildcard -> values it may have.
        others: files that rules make with other wildcards.
    """
    steps = list(steps)
    names = sorted({*makeable(steps, known), *others}) if "/" in target else [step.name for step in steps]
    return f"no rule and no file that a rule makes is called '{target}'{nearest(target, names)}"
