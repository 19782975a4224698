"""What attacks on unlearned models come to: rows per picture, and the table with its controls.

A row of an outcome: ``task, method, concept, model`` (``OWN``: forgot the concept; ``ANOTHER``: of the same method, forgot another one),
``attack, steps, cell`` (the receiver that is asked for), ``picture`` (the reference), ``seed, words`` (those written; of ``EVERY`` the
first that succeed, if any), ``tried`` (prompts), ``loss`` (denoising error of the reference), and of every judge j ``success_j`` (the
target is seen) and ``other_j`` (what was not forgotten is right; where nothing else is asked for, and of ``EVERY``, NaN).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, cast

import numpy as np
import pandas as pd

from lethe.statistics.crossed import crossed_interval
from lethe.statistics.resampling import Inference

OWN, ANOTHER = "own", "another"
PROMPT, VECTORS, RANDOM, WORDS, EVERY = "prompt", "vectors", "random_words", "words", "every_words"
ATTACKS = (PROMPT, VECTORS, RANDOM, WORDS, EVERY)
FLOOR = 0.95  # success on the base below which an attack tells nothing: it breaks prompts
KEYS = ["concept", "attack", "steps"]
Unit = Literal["cell", "picture"]
log = logging.getLogger(__name__)


class Target(NamedTuple):
    """What was forgotten: how a prompt calls it, and what kind of thing it is."""

    name: str
    kind: str


def attack_table(
    outcome: pd.DataFrame,
    targets: Sequence[Target],
    inference: Inference,
    unchanged: str,
    retrained: str | None,
    unit: Unit = "cell",
) -> pd.DataFrame:
    """One row per concept, method, model, attack and number of steps.

    A row of a method is there only where the same attack leaves the base able: ``unchanged`` succeeds in at least ``FLOOR`` (judge 1).

    Args:
        outcome: rows of all methods.
        targets: of the task, by index.
        unchanged, retrained: the methods that are the references; None: no model was retrained. A difference to ``retrained`` is of the
            same units.
        unit: what is drawn anew for an interval: cells, or reference pictures where a concept is one receiver.

    Returns:
        ``task, concept, name, kind, method, model, attack, steps, n`` (units), ``images``, ``loss``, and of every judge j ``success_j`` (mean of
        units) with ``_low, _high`` (NaN of one unit), ``success_j_minus_retrained`` with ``_low, _high`` (NaN of models that forgot
        another concept, and where none was retrained), ``other_j``.
    """
    judges = [number for number in range(1, len(outcome.columns)) if f"success_{number}" in outcome]
    order = {name: place for place, name in enumerate(dict.fromkeys(outcome["method"]))}
    units = outcome.groupby([*KEYS, "method", "model", unit], sort=True)[[f"success_{judge}" for judge in judges]].mean()
    rows = []
    grouped = outcome.groupby([*KEYS, "method", "model"], sort=False)
    for group, own in grouped:
        index, attack, steps, method, model = cast("tuple[int, str, int, str, str]", group)
        base = _of(units, index, attack, steps, unchanged)
        if method != unchanged and not (len(base) and base["success_1"].mean() >= FLOOR):
            log.warning(
                "concept %d, %s after %d steps: left out for %s, since the base itself fails", index, attack, steps, method
            )
            continue
        row: dict[str, Any] = {"task": own["task"].iloc[0], "concept": index}
        row |= {"name": targets[index].name, "kind": targets[index].kind, "method": method, "model": model}
        found = _of(units, index, attack, steps, method, model)
        row |= {"attack": attack, "steps": steps, "n": len(found), "images": len(own), "loss": own["loss"].mean()}
        reference = _of(units, index, attack, steps, retrained) if retrained else found[:0]
        for judge in judges:
            name = f"success_{judge}"
            row |= _with_interval(name, found[name], inference)
            paired = found[name] - reference[name] if model == OWN and found.index.equals(reference.index) else None
            row |= _with_interval(f"{name}_minus_retrained", paired, inference) | {f"other_{judge}": own[f"other_{judge}"].mean()}
        rows.append(row)
    key = {"attack": lambda names: names.map(ATTACKS.index), "method": lambda names: names.map(order)}
    by = ["concept", "attack", "steps", "model", "method"]
    table = pd.DataFrame(rows).sort_values(by, key=lambda column: key.get(str(column.name), lambda c: c)(column), kind="stable")
    return table.reset_index(drop=True)


def _of(units: pd.DataFrame, index: int, attack: str, steps: int, method: str, model: str = OWN) -> pd.DataFrame:
    """Means of the units of one row of the table, by unit."""
    names = [str(name) for name in units.index.names]
    asked = dict(zip(names, (index, attack, steps, method, model), strict=False))
    kept = np.logical_and.reduce([units.index.get_level_values(name) == value for name, value in asked.items()])
    return units[kept].droplevel(list(asked))


def _with_interval(name: str, values: pd.Series | None, inference: Inference) -> dict[str, float]:
    """The mean over units, and the interval in which units are drawn anew."""
    if values is None:
        return dict.fromkeys((name, f"{name}_low", f"{name}_high"), float("nan"))
    low, high = crossed_interval(values.to_numpy(float)[:, None], inference.bootstrap, inference.alpha, inference.seed)
    return {name: float(values.mean()), f"{name}_low": float(low), f"{name}_high": float(high)}
