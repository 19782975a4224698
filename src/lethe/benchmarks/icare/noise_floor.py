"""The noise floor: what two seeds of the *base* differ by, measured with the quantities of interference.

An interference below it cannot be told from drawing the same entity again with another seed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lethe.core.missing import known
from lethe.diffusion.metrics.constant import CONSTANT
from lethe.diffusion.metrics.specs import columns_of, compared


def seed_quantities(baseline: pd.DataFrame, seed_pairs: pd.DataFrame | None = None) -> pd.DataFrame:
    """``receiver, seed, other_seed`` + quantities for every ordered pair of seeds of a receiver.

    Args:
        baseline: ``receiver, seed`` + ``image`` metrics of the off images.
        seed_pairs: ``receiver, seed, other_seed`` + pair metrics, each unordered pair once
            (``Scorer.score_seed_pairs``).

    Differences get both orders, so their mean is 0 by symmetry and only their range tells something. A pair with a picture of one
    colour is NaN, as in ``image_quantities``: two black pictures are no sign of a low floor.
    """
    kept = columns_of("image", baseline.columns)
    empty = [CONSTANT] if CONSTANT in baseline.columns else []
    left = baseline[["receiver", "seed", *kept, *empty]]
    both = left.merge(left.rename(columns={"seed": "other_seed"}), on="receiver", suffixes=("", "_other"))
    both = both[both["seed"] != both["other_seed"]].reset_index(drop=True)
    if both.empty:
        raise ValueError("the noise floor needs at least two seeds per receiver in the baseline")
    result = both[["receiver", "seed", "other_seed"]].copy()
    for name in kept:
        result[f"{name}_diff"] = both[name] - both[f"{name}_other"]
    if seed_pairs is not None:
        renamed = seed_pairs.rename(columns=compared(seed_pairs.columns))
        mirrored = renamed.rename(columns={"seed": "other_seed", "other_seed": "seed"})
        result = result.merge(pd.concat([renamed, mirrored]), on=["receiver", "seed", "other_seed"], how="left", validate="1:1")
    if empty:
        nothing = ((both[CONSTANT] != 0) | (both[f"{CONSTANT}_other"] != 0)).to_numpy()
        result.loc[nothing, result.columns[3:]] = np.nan
    return result


def noise_floor(
    baseline: pd.DataFrame, seed_pairs: pd.DataFrame | None = None, level: float = 0.95, draws: int = 200, seed: int = 0
) -> dict[str, dict[str, Any]]:
    """Mean and range of every quantity between two seeds of the base.

    Args:
        baseline: as ``seed_quantities``.
        seed_pairs: as ``seed_quantities``.
        level: coverage of the ranges.
        draws: replicates per receiver behind the range of a pair.
        seed: of the replicates.

    Returns:
        quantity -> ``mean``; ``low``, ``high``: central range of a *pair*, which is a mean over as many images as the
        baseline has seeds (each replicate draws that many ordered seed pairs of a receiver); ``image_low``,
        ``image_high``: of one image; ``n``: number of seed pairs; ``left_out``: seed pairs without a value, which are left out;
        ``level``. A quantity without any value is None throughout.
    """
    table = seed_quantities(baseline, seed_pairs)
    seeds = int(baseline.groupby("receiver")["seed"].nunique().max())
    tail = 100 * (1 - level) / 2
    generator = np.random.default_rng(seed)
    quantities = [column for column in table.columns if column not in ("receiver", "seed", "other_seed")]
    result: dict[str, dict[str, Any]] = {}
    for name in quantities:
        (values, missing), replicates = known(table[name]), []
        for _, rows in table[["receiver", name]].dropna().groupby("receiver", sort=True):
            own = rows[name].to_numpy(float)
            replicates.append(own[generator.integers(len(own), size=(draws, seeds))].mean(axis=1))
        if not len(values):
            result[name] = dict.fromkeys(("mean", "low", "high", "image_low", "image_high")) | {
                "n": 0,
                "left_out": missing // 2,
                "level": level,
            }
            continue
        low, high = np.percentile(np.concatenate(replicates), [tail, 100 - tail])
        image_low, image_high = np.percentile(values, [tail, 100 - tail])
        result[name] = {
            "mean": float(values.mean()),
            "low": float(low),
            "high": float(high),
            "image_low": float(image_low),
            "image_high": float(image_high),
            "n": len(values) // 2,
            "left_out": missing // 2,
            "level": level,
        }
    return result
