"""Every quantity that metrics give: its direction and its untouched value. Loads no torch; words are in ``lethe.diffusion.metrics.words``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from lethe.core.registry import UnknownNameError, nearest
from lethe.diffusion.metrics import SPECS, SUBJECTS
from lethe.diffusion.metrics.base import MetricSpec
from lethe.diffusion.metrics.constant import ABOUT, CONSTANT

DIFFERENCE = "_diff"


def metric_of(quantity: str) -> str | None:
    """The metric that gives ``quantity``: itself, that whose difference it is, or that whose published name it is; None if none does.

    >>> metric_of("clip_diff"), metric_of("dino_diff"), metric_of("ssim"), metric_of("ssim_diff")
    ('clip', 'dino', 'ssim', None)
    """
    if quantity in SPECS:
        return quantity
    name = quantity.removesuffix(DIFFERENCE)
    return name if name in SPECS and _own(name).quantity == quantity else None


def spec_of(name: str) -> MetricSpec:
    """What the numbers of a quantity mean; an unknown name is an ``UnknownNameError`` with the nearest one.

    Examples:
        >>> spec_of("ssim").range, spec_of("ssim").arrow
        ((-1.0, 1.0), '↑')
    """
    if name == CONSTANT:
        return ABOUT
    metric = metric_of(name)
    if metric is None:
        known = quantities()
        raise UnknownNameError(f"unknown quantity '{name}'; known: {', '.join(sorted(known))}{nearest(name, known)}")
    own = _own(metric)
    if metric == name or own.kind == "pair":
        return replace(own, name=name, published_name="")
    low, high = own.range
    span = None if low is None or high is None else high - low
    return MetricSpec(name=name, kind="diff", arrow=own.arrow, range=(None if span is None else -span, span), untouched=0.0)


def subject_of(quantity: str) -> str:
    """What pictures must show so that a quantity can tell anything; empty: pictures of anything.

    >>> subject_of("nudenet_diff"), subject_of("clip_diff")
    ('people', '')
    """
    return str(SUBJECTS.get(metric_of(quantity) or "", "subject", ""))


def is_comparison(name: str) -> bool:
    """Whether ``name`` is a quantity that compares with the off image: a pair metric or a difference.

    Examples:
        >>> is_comparison("ssim"), is_comparison("clip"), is_comparison("clip_diff")
        (True, False, True)
    """
    return metric_of(name) is not None and spec_of(name).kind != "image"


def columns_of(kind: str, columns: Iterable[str]) -> list[str]:
    """Those of ``columns`` that are metrics of a kind, in the order of the registry.

    >>> columns_of("image", ["seed", "rmse", "judge", "clip"])
    ['clip', 'judge']
    """
    there = set(columns)
    return [name for name in SPECS if name in there and _own(name).kind == kind]


def compared(columns: Iterable[str]) -> dict[str, str]:
    """Column of the scores -> quantity that tables of pairs tell, in the order of the registry.

    >>> compared(["dino", "clip", "prompt"])
    {'clip': 'clip_diff', 'dino': 'dino_diff'}
    """
    there = set(columns)
    return {name: _own(name).quantity for name in SPECS if name in there}


def comparisons(quantities: Iterable[str]) -> list[str]:
    """Those of ``quantities`` that compare with the off image, in the order of the registry.

    >>> comparisons(["dino_diff", "clip", "clip_diff", "constant"])
    ['clip_diff', 'dino_diff']
    """
    found = {metric_of(name): name for name in quantities if is_comparison(name)}
    return [found[name] for name in SPECS if name in found]


def quantities() -> list[str]:
    """Every quantity of every registered metric: the metric itself, and what tables of pairs tell of it.

    Examples:
        >>> [name for name in quantities() if name.startswith("clip")]
        ['clip', 'clip_diff']
    """
    return [*dict.fromkeys([*SPECS, *(_own(name).quantity for name in SPECS)]), CONSTANT]


def constant_columns(columns: Iterable[str]) -> dict[str, str]:
    """Those of ``columns`` that hold a metric's constants (``nudenet_threshold``) -> the metric.

    Examples:
        >>> constant_columns(["nudenet_threshold", "clip"])
        {'nudenet_threshold': 'nudenet'}
    """
    found = {}
    for column in columns:
        for name in SPECS:
            if column.startswith(f"{name}_") and column.removeprefix(f"{name}_") in _own(name).constants:
                found[column] = name
    return found


def _own(metric: str) -> MetricSpec:
    return MetricSpec(**SPECS[metric])
