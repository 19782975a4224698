"""What is drawn where the target was asked for, and whether the judges agree about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lethe.benchmarks.unlearncanvas.accuracy import guide_of
from lethe.benchmarks.unlearncanvas.answers import BASE, judges_of
from lethe.benchmarks.unlearncanvas.concepts import ATTRIBUTES, Canvas, Concept
from lethe.statistics.spread import spread

KEYS = ["concept", "judge", "attribute", "drawn"]


def confusion_table(
    task: str, answers: Mapping[str, pd.DataFrame], canvas: Canvas, retrained: Sequence[str] = ()
) -> pd.DataFrame:
    """What every judge sees in the images that were to show the target, in long form.

    Args:
        answers: method -> its answer set, with ``BASE``, of which every concept's target is looked at.
        retrained: methods that are references by retraining.

    Returns:
        ``task, method, epochs, concept, name, kind, judge, attribute`` (``style`` or ``object``), ``drawn`` (the value that is seen), ``asked``
        and ``guide`` (whether it was asked for, and whether it takes the target's place), ``images`` (of the target), ``share`` of them, and
        ``share_base``, ``share_retrained``: that of the base and of the reference, NaN where there is none.
    """
    rows = [
        {"task": task, "method": method, "epochs": int(table["epochs"].iloc[0]), **row}
        for method, table in answers.items()
        for concept in canvas.concepts
        for row in _drawn(table if method == BASE else table[table["concept"] == concept.index], canvas, concept)
    ]
    table = pd.DataFrame(rows)
    for name, methods in (("base", [BASE]), ("retrained", list(retrained))):
        of = table[table["method"].isin(methods)]
        shares = of.drop_duplicates(KEYS).set_index(KEYS)["share"].rename(f"share_{name}")
        table = table.join(shares, on=KEYS)
        there = table["concept"].isin(of["concept"].unique())
        table.loc[there, f"share_{name}"] = table.loc[there, f"share_{name}"].fillna(0.0)  # it never draws this
    return table


def _drawn(images: pd.DataFrame, canvas: Canvas, concept: Concept) -> Iterator[dict[str, Any]]:
    target = images[images["cell"].isin(concept.covers)]
    if not len(target):
        return
    for judge in judges_of(images):
        for attribute in ATTRIBUTES:
            drawn, asked = target[f"{attribute}_pred_{judge}"], target[attribute]
            forgotten = concept.kind in (attribute, "pair")
            guides = set(guide_of(canvas, concept, attribute, target["cell"].to_numpy())) - {""} if forgotten else set()
            one = set(asked) if forgotten else set()  # of the other attribute every cell asks for another value
            for value, count in drawn.value_counts().sort_index().items():
                yield {
                    "concept": concept.index,
                    "name": concept.name,
                    "kind": concept.kind,
                    "judge": judge,
                    "attribute": attribute,
                    "drawn": value,
                    "asked": value in one,
                    "guide": value in guides,
                    "images": len(target),
                    "share": count / len(target),
                }


def agreement_table(task: str, answers: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """How often two judgements of one image are the same, and Cohen's kappa.

    Returns:
        ``task, method, attribute, first, second`` (numbers of judges; ``1 jpeg`` judges a JPEG copy), ``images`` (``target``, ``others`` or
        ``all``), ``n`` (models), ``agreement`` over all their images with ``_sd, _smallest, _largest`` over models, and ``kappa``, NaN where
        both see one and the same value only.
    """
    rows = []
    for method, table in answers.items():
        concepts, covered = table["concept"].to_numpy(), table["covered"].to_numpy()
        sets = {"all": np.ones(len(table), dtype=bool)}
        if method != BASE:
            sets = {"target": covered, "others": ~covered, **sets}
        for attribute in ATTRIBUTES:
            seen = _numbered(table, attribute)
            for (first, one), (second, two) in _pairs(seen):
                for name, chosen in sets.items():
                    same = (one == two)[chosen]
                    of_models = np.array([same[concepts[chosen] == concept].mean() for concept in np.unique(concepts[chosen])])
                    row: dict[str, Any] = {
                        "task": task,
                        "method": method,
                        "attribute": attribute,
                        "first": first,
                        "second": second,
                    }
                    row |= {"images": name, "n": len(of_models), "agreement": float(same.mean())}
                    rows.append(row | spread("agreement", of_models) | {"kappa": kappa(one[chosen], two[chosen])})
    return pd.DataFrame(rows)


def _numbered(table: pd.DataFrame, attribute: str) -> dict[str, NDArray[np.int64]]:
    """Judgement -> the value that is seen in every image, as a number: texts are compared many times slower."""
    columns = {f"{judge}": f"{attribute}_pred_{judge}" for judge in judges_of(table)}
    columns |= {f"{judge} jpeg": f"{attribute}_jpeg_pred_{judge}" for judge in judges_of(table)}
    numbers, _ = pd.factorize(np.concatenate([table[column].to_numpy() for column in columns.values()]))
    return dict(zip(columns, np.split(numbers, len(columns)), strict=True))


def _pairs(seen: Mapping[str, NDArray[np.int64]]) -> Iterator[tuple[tuple[str, NDArray[np.int64]], ...]]:
    """Every two judges, and every judge with itself on copies."""
    judges = [name for name in seen if name.isdigit()]
    for first, second in [*combinations(judges, 2), *((judge, f"{judge} jpeg") for judge in judges)]:
        yield (first, seen[first]), (second, seen[second])


def kappa(first: NDArray[np.int64], second: NDArray[np.int64]) -> float:
    """Cohen's kappa (1960): agreement beyond chance, at most 1; NaN where both say one and the same value only.

    Args:
        first, second: (n,) numbers of values, 0 and more.

    Examples:
        >>> kappa(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0]))
        0.5
    """
    values = int(max(first.max(), second.max())) + 1
    shares = np.bincount(first * values + second, minlength=values**2).reshape(values, values) / len(first)
    chance = float(shares.sum(axis=1) @ shares.sum(axis=0))
    return float("nan") if chance == 1 else (float(np.trace(shares)) - chance) / (1 - chance)
