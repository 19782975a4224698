"""What asking for some receivers does to every estimate of a task: draws from a full matrix, held against that matrix.

Of a finished task every pair is known. Receivers are drawn again and again, each draw with another seed; the tables are computed from the pairs
that were drawn. An interval *covers* if the number of the full matrix lies in it. Emitters are the same in every draw, and intervals tell
also how emitters differ. So they cover more often than they say, and ``error`` tells how far sampling alone moves an estimate.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lethe.benchmarks.icare.gates import unlearning_table
from lethe.benchmarks.icare.harm import harm_table
from lethe.benchmarks.icare.pairs import PROBABILITY
from lethe.benchmarks.icare.summary import similarity_table
from lethe.core.methods import UNCHANGED
from lethe.diffusion.methods import ROLES
from lethe.diffusion.testbed.asked import Asked, choose
from lethe.settings.receivers import Drawn
from lethe.statistics.resampling import Inference

Matrix = NDArray[np.float64]
KINDS = ("mean", "kept", "harmed", "similarity")
"""Estimates: means over others, the share of the judge's accuracy that is kept, shares of harmed pairs, correlations with similarities."""


def asked_pairs(pairs: pd.DataFrame, asked: Asked) -> pd.DataFrame:
    """The rows of tidy pairs that were asked for, with the ``probability`` of each."""
    probability = asked.probability[pairs["emitter"], pairs["receiver"]]
    return pairs.assign(**{PROBABILITY: probability})[probability > 0].reset_index(drop=True)


def estimates(
    pairs: pd.DataFrame,
    baseline: pd.DataFrame,
    floor: Mapping[str, Mapping[str, Any]],
    similarities: Mapping[str, Matrix],
    entities: int,
    inference: Inference,
) -> pd.DataFrame:
    """Every estimate of a task that tells how others are harmed: ``kind, method, what, value, low, high, p``; p of correlations alone."""
    options: dict[str, Any] = {"draws": inference.bootstrap, "level": 1 - inference.alpha, "seed": inference.seed}
    rows: list[dict[str, Any]] = []
    for row in unlearning_table(pairs, baseline, entities, floor, **options).to_dict("records"):
        for name in [
            str(name) for name in row if f"{name}_low" in row and (str(name).endswith("_others") or name == "others_kept")
        ]:
            kind = "kept" if name == "others_kept" else "mean"
            rows.append({"kind": kind, "method": row["method"], "what": name} | _ends(row, name))
    for row in harm_table(pairs, floor, **options).to_dict("records"):
        rows.append({"kind": "harmed", "method": row["method"], "what": row["quantity"]} | _ends(row, "share", ""))
    for row in similarity_table(pairs, similarities, entities, inference).to_dict("records"):
        what = f"{row['metric']} {row['similarity']}"
        rows.append({"kind": "similarity", "method": row["method"], "what": what, "p": row["p"]} | _ends(row, "spearman", ""))
    found = pd.DataFrame(rows, columns=["kind", "method", "what", "value", "low", "high", "p"])
    return found[found["method"].map(ROLES.role) != UNCHANGED].reset_index(drop=True)


def study(
    pairs: pd.DataFrame,
    baseline: pd.DataFrame,
    floor: Mapping[str, Mapping[str, Any]],
    similarities: Mapping[str, Matrix],
    entities: int,
    receivers: Drawn,
    draws: int,
    inference: Inference,
) -> pd.DataFrame:
    """How estimates from drawn receivers lie to those from all.

    Args:
        pairs: tidy pairs of every emitter and receiver. baseline: scores of the off images. floor: the noise floor.
        similarities: kind -> (N, N); receivers are drawn by that of ``receivers.by``.
        entities: N.
        receivers: how they are drawn; its seed is that of the first draw.
        draws: how often.
        inference: of every table.

    Returns:
        One row per kind of estimate: ``kind, estimates`` (of the full matrix), ``coverage`` (share of intervals of all draws that hold the
        full matrix's number), ``worst`` (coverage of the estimate that is covered least), ``width`` (of the intervals, mean, in widths of
        the full matrix's), ``error`` (root mean square of estimate minus the full matrix's, in half widths of its interval),
        ``bias`` (mean of the same).

    Raises:
        ValueError: the pairs are themselves some of all.
    """
    if PROBABILITY in pairs.columns:
        raise ValueError("the study needs a task with `receivers: all`; these pairs were drawn")
    keys = ["kind", "method", "what"]
    full = estimates(pairs, baseline, floor, similarities, entities, inference)
    found = []
    for number in range(draws):
        asked = choose(similarities[receivers.by], receivers.model_copy(update={"seed": receivers.seed + number}))
        found.append(estimates(asked_pairs(pairs, asked), baseline, floor, similarities, entities, inference))
    drawn = pd.concat(found, ignore_index=True).merge(full, on=keys, suffixes=("", "_full"))
    half = (drawn["high_full"] - drawn["low_full"]) / 2
    known = drawn[["value", "low", "high"]].notna().all(axis=1) & (half > 0)
    drawn = drawn[known].assign(
        covered=(drawn["low"] <= drawn["value_full"]) & (drawn["value_full"] <= drawn["high"]),
        width=(drawn["high"] - drawn["low"]) / (2 * half),
        off=(drawn["value"] - drawn["value_full"]) / half,
    )
    rows = []
    for kind in KINDS:
        own = drawn[drawn["kind"] == kind]
        if own.empty:
            continue
        each = own.groupby(["method", "what"])
        rows.append(
            {
                "kind": kind,
                "estimates": each.ngroups,
                "coverage": own["covered"].mean(),
                "worst": each["covered"].mean().min(),
                "width": own["width"].mean(),
                "error": float(np.sqrt(np.square(own["off"]).mean())),
                "bias": float(own["off"].mean()),
            }
        )
    return pd.DataFrame(rows)


def _ends(row: Mapping[Any, Any], name: str, before: str | None = None) -> dict[str, float]:
    stem = f"{name}_" if before is None else before
    return {"value": row[name], "low": row[f"{stem}low"], "high": row[f"{stem}high"]}
