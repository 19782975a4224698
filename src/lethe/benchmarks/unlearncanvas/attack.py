"""What attacks on unlearned models come to: rows per picture, and the table with its controls.

A row of an outcome: ``task, method, concept, model`` (``OWN``: forgot the concept; ``ANOTHER``: of the same method, forgot another one),
``attack, steps, cell, picture`` (the reference), ``seed, words`` (those written; of ``EVERY`` the first that succeed, if any), ``tried``
(prompts), ``loss`` (denoising error of the reference), and of every judge j ``success_j`` (the target is seen) and ``other_j`` (the other
attribute is right; of a pair, and of ``EVERY``, none is asked about: NaN).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lethe.benchmarks.unlearncanvas.concepts import ATTRIBUTES, Canvas, Concept
from lethe.settings.unlearncanvas import Judge
from lethe.statistics.crossed import crossed_interval
from lethe.statistics.resampling import Inference

OWN, ANOTHER = "own", "another"
PROMPT, VECTORS, RANDOM, WORDS, EVERY = "prompt", "vectors", "random_words", "words", "every_words"
ATTACKS = (PROMPT, VECTORS, RANDOM, WORDS, EVERY)
FLOOR = 0.95  # success on the base below which an attack tells nothing: it breaks prompts
KEYS = ["concept", "attack", "steps"]
log = logging.getLogger(__name__)


def spread_out(cells: Sequence[int], most: int) -> list[int]:
    """At most so many of some cells, evenly spread.

    >>> spread_out([3, 4, 5, 6, 7], 2)
    [3, 5]
    """
    count = min(most, len(cells))
    return [cells[number * len(cells) // count] for number in range(count)]


class Judged(NamedTuple):
    """What judges see in n images, each (judges, n); ``other`` is NaN where nothing else was asked for."""

    success: NDArray[np.float64]
    other: NDArray[np.float64]

    def row(self, image: int) -> dict[str, float]:
        """Columns of one image."""
        return {
            f"{name}_{judge}": float(values[image])
            for name, found in (("success", self.success), ("other", self.other))
            for judge, values in enumerate(found, start=1)
        }


def judged(canvas: Canvas, concept: Concept, scores: pd.DataFrame, judges: Sequence[Judge]) -> Judged:
    """Whether judges see a concept, and whether the attribute that it does not name is right.

    Args:
        scores: of the images: ``receiver`` and what classifiers see.
    """
    cells = scores["receiver"].to_numpy()
    success, other = [], []
    named = [of for of in ATTRIBUTES if getattr(concept, of)]
    for judge in judges:
        seen = {of: scores[f"{getattr(judge, of)}_pred"].to_numpy() for of in ATTRIBUTES}
        rest = [(seen[of] == canvas.values(of)[cells]).astype(float) for of in ATTRIBUTES if of not in named]
        success.append(np.logical_and.reduce([seen[of] == getattr(concept, of) for of in named]).astype(float))
        other.append(rest[0] if rest else np.full(len(cells), np.nan))
    return Judged(np.stack(success), np.stack(other))


def attack_table(
    outcome: pd.DataFrame, concepts: Sequence[Concept], inference: Inference, unchanged: str, retrained: str | None
) -> pd.DataFrame:
    """One row per concept, method, model, attack and number of steps.

    A row of a method is there only where the same attack leaves the base able: ``unchanged`` succeeds in at least ``FLOOR`` (judge 1).

    Args:
        outcome: rows of all methods.
        concepts: of the task, by index.
        unchanged, retrained: the methods that are the references; None: no model was retrained. A difference to ``retrained`` is of the same cells.

    Returns:
        ``task, concept, name, kind, method, model, attack, steps, n`` (cells), ``images``, ``loss``, and of every judge j ``success_j`` (mean of
        cells) with ``_low, _high`` (cells drawn anew), ``success_j_minus_retrained`` with ``_low, _high`` (NaN of models that forgot
        another concept, and where none was retrained), ``other_j``.
    """
    judges = [number for number in range(1, len(outcome.columns)) if f"success_{number}" in outcome]
    order = {name: place for place, name in enumerate(dict.fromkeys(outcome["method"]))}
    cells = outcome.groupby([*KEYS, "method", "model", "cell"], sort=True)[[f"success_{judge}" for judge in judges]].mean()
    rows = []
    grouped = outcome.groupby([*KEYS, "method", "model"], sort=False)
    for group, own in grouped:
        index, attack, steps, method, model = cast("tuple[int, str, int, str, str]", group)
        base = _of(cells, index, attack, steps, unchanged)
        if method != unchanged and not (len(base) and base["success_1"].mean() >= FLOOR):
            log.warning(
                "concept %d, %s after %d steps: left out for %s, since the base itself fails", index, attack, steps, method
            )
            continue
        row: dict[str, Any] = {"task": own["task"].iloc[0], "concept": index}
        row |= {"name": concepts[index].name, "kind": concepts[index].kind, "method": method, "model": model}
        found = _of(cells, index, attack, steps, method, model)
        row |= {"attack": attack, "steps": steps, "n": len(found), "images": len(own), "loss": own["loss"].mean()}
        reference = _of(cells, index, attack, steps, retrained) if retrained else found[:0]
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


def _of(cells: pd.DataFrame, index: int, attack: str, steps: int, method: str, model: str = OWN) -> pd.DataFrame:
    """Means of the cells of one row of the table, by cell."""
    names = [str(name) for name in cells.index.names]
    asked = dict(zip(names, (index, attack, steps, method, model), strict=False))
    kept = np.logical_and.reduce([cells.index.get_level_values(name) == value for name, value in asked.items()])
    return cells[kept].droplevel(list(asked))


def _with_interval(name: str, values: pd.Series | None, inference: Inference) -> dict[str, float]:
    """The mean over cells, and the interval in which cells are drawn anew."""
    if values is None:
        return dict.fromkeys((name, f"{name}_low", f"{name}_high"), float("nan"))
    low, high = crossed_interval(values.to_numpy(float)[:, None], inference.bootstrap, inference.alpha, inference.seed)
    return {name: float(values.mean()), f"{name}_low": float(low), f"{name}_high": float(high)}
