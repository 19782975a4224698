"""What is drawn where the target was asked for, and whether the judges agree about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lethe.benchmarks.unlearncanvas.accuracy import guide_of, spread
from lethe.benchmarks.unlearncanvas.answers import BASE, judges_of
from lethe.benchmarks.unlearncanvas.concepts import ATTRIBUTES, Canvas, Concept

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
        numbers = judges_of(table)
        pairs = [(str(a), str(b), f"pred_{a}", f"pred_{b}") for a in numbers for b in numbers if a < b]
        pairs += [(str(a), f"{a} jpeg", f"pred_{a}", f"jpeg_pred_{a}") for a in numbers]
        sets = {"all": table}
        if method != BASE:
            sets = {"target": table[table["covered"]], "others": table[~table["covered"]], **sets}
        for attribute in ATTRIBUTES:
            for first, second, one, two in pairs:
                for name, images in sets.items():
                    a, b = images[f"{attribute}_{one}"], images[f"{attribute}_{two}"]
                    of_models = np.asarray((a == b).groupby(images["concept"]).mean(), dtype=np.float64)
                    row: dict[str, Any] = {
                        "task": task,
                        "method": method,
                        "attribute": attribute,
                        "first": first,
                        "second": second,
                    }
                    row |= {"images": name, "n": len(of_models), "agreement": float((a == b).mean())}
                    rows.append(row | spread("agreement", of_models) | {"kappa": kappa(a, b)})
    return pd.DataFrame(rows)


def kappa(first: pd.Series, second: pd.Series) -> float:
    """Cohen's kappa (1960): agreement beyond chance, at most 1; NaN where both say one and the same value only."""
    from sklearn.metrics import cohen_kappa_score

    if len(np.union1d(first.unique(), second.unique())) < 2:
        return float("nan")
    return float(cohen_kappa_score(first, second))
