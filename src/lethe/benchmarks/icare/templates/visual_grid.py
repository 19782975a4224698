"""Pictures themselves: what the base and every unlearned model draw, for one emitter and receivers that are chosen by rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from lethe.benchmarks.icare.figures.quantities import OFF, quantity
from lethe.benchmarks.icare.figures.visual_grid import draw
from lethe.benchmarks.icare.parameters import KindOfBase, MethodsParameters
from lethe.benchmarks.icare.templates.base import TaskTemplate
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.core.methods import UNCHANGED
from lethe.core.records import ImageKey
from lethe.diffusion.methods import ROLES
from lethe.figures import tables
from lethe.figures.templates.result import Result
from lethe.settings.strict import Name
from lethe.statistics.resampling import Inference

JUDGED = ("judge", "judge_diff")
COLUMN_ROLES = {"emitter": 1, "most similar": 3, "most interfered": 2, "least similar": 2}  # columns from left to right


def data(
    pairs: pd.DataFrame,
    alike: NDArray[np.float64],
    metadata: Sequence[Mapping[str, Any]],
    emitter: int,
    seed: int,
    metric: str,
    methods: Sequence[str],
) -> pd.DataFrame:
    """One row per picture: ``row`` (``off`` or a method), role, receiver, its similarity, seed, member, metric value, and ``known``: of
    the pictures of all seeds the share in which the judge sees the receiver, NaN without a judge.

    Columns are the emitter, its three most similar receivers, the two most harmed of the others (mean of ``metric``
    over methods, that which changes nothing apart) and the two least similar of the rest.

    Args:
        pairs: the tidy table ``pairs_{task}.parquet``.
        alike: (N, N) similarity; unknown values (NaN) count as least similar.
        metadata: records of the filtered metadata, in index order.
        emitter: index of the entity that is unlearned.
        seed: seed of the pictures.
        metric: pair metric that tells who is most harmed.
        methods: methods from top to bottom, those that unlearned this emitter.

    Raises:
        ValueError: for an emitter outside the metadata or without rows.
    """
    names = tables.entity_names(metadata)
    if not 0 <= emitter < len(names):
        raise ValueError(f"emitter {emitter} is not an index of the metadata; allowed: 0 to {len(names) - 1}")
    rows = tables.select_pairs(pairs, metric, methods)
    rows = rows[rows["emitter"] == emitter]
    if rows.empty:
        raise ValueError(f"the table of pairs has no row of emitter {emitter} with the methods {', '.join(methods)}")
    near = np.nan_to_num(alike[emitter], nan=-np.inf)
    changed = rows["method"].map(ROLES.role) != UNCHANGED
    harmed = rows[changed] if changed.any() else rows
    sign = 1.0 if quantity(metric).higher_is_healthier else -1.0
    health = (sign * harmed.groupby("receiver")["value"].mean()).reindex(range(len(names)), fill_value=np.inf).to_numpy(float)
    chosen = _columns(emitter, near, health)
    known = _known(pairs[pairs["emitter"] == emitter])
    values = {(m, r): v for m, r, v in zip(rows["method"], rows["receiver"], rows["value"], strict=True)}
    return pd.DataFrame(
        {
            "row": row,
            "column": place,
            "role": role,
            "emitter": emitter,
            "receiver": receiver,
            "receiver_name": names[receiver],
            "similarity": near[receiver] if np.isfinite(near[receiver]) else np.nan,
            "seed": seed,
            "member": ImageKey(receiver, seed).file_name,
            metric: values.get((row, receiver), np.nan),
            "known": known.get((row, receiver), np.nan),
        }
        for row in (OFF, *tables.methods_of(rows))
        for place, (role, receiver) in enumerate(chosen)
    )


def _known(pairs: pd.DataFrame) -> dict[tuple[str, int], float]:
    """(row, receiver) -> share of the pictures of all seeds in which the judge sees the receiver; empty without a judge."""
    judged = pairs[pairs["metric"].isin(JUDGED)]
    if judged["metric"].nunique() < 2:
        return {}
    values = judged.pivot(index=["method", "receiver"], columns="metric", values="value").reset_index()
    found: dict[tuple[str, int], float] = {}
    for method, receiver, on, change in zip(
        *(values[name] for name in ("method", "receiver", "judge", "judge_diff")), strict=True
    ):
        found[method, int(receiver)] = on
        found[OFF, int(receiver)] = on - change
    return found


def _columns(emitter: int, alike: NDArray[np.float64], health: NDArray[np.float64]) -> list[tuple[str, int]]:
    """``(role, receiver)`` of every column; no receiver twice, and fewer columns where there are fewer entities."""
    order = {"most similar": np.argsort(-alike, kind="stable"), "most interfered": np.argsort(health, kind="stable")}
    order["least similar"] = order["most similar"][::-1]
    chosen = [("emitter", emitter)]
    for role in list(COLUMN_ROLES)[1:]:
        taken = {receiver for _, receiver in chosen}
        chosen += [(role, int(r)) for r in order[role] if int(r) not in taken][: COLUMN_ROLES[role]]
    return chosen


class VisualGrid(MethodsParameters):
    """Pictures of one emitter's models, a row per method below the base."""

    metric: Name = Field(description="pair metric that tells who is most harmed")
    similarity: KindOfBase = Field(description="kind of similarity that tells who is most alike")
    emitter: int = Field(ge=0, description="index of the entity that is unlearned")
    seed: int = Field(description="seed of the pictures")


def compute(parameters: VisualGrid, tasks: Mapping[str, TaskData], inference: Inference) -> Result:
    """Rows: see ``data``."""
    task, asked = tasks[parameters.task], parameters
    alike = task.similarities[asked.similarity]
    return Result.of_table(
        data(task.pairs_by(asked.metric, *JUDGED), alike, task.metadata, asked.emitter, asked.seed, asked.metric, asked.methods)
    )


TEMPLATE = TaskTemplate(
    "VisualGrid", "VisualGrid", VisualGrid, compute,
    lambda result, parameters, pictures: draw(result.table, pictures), images=True, any_method=True,
)  # fmt: skip
