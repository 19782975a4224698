"""What must hold before a table is believed, and the table of unlearning itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lethe.benchmarks.icare.harm import widened
from lethe.benchmarks.icare.matrices import by_method, pair_weights
from lethe.benchmarks.icare.pair_rows import PairRows, pair_rows
from lethe.core.gate import Gate
from lethe.core.methods import UNCHANGED
from lethe.core.missing import mean
from lethe.diffusion.methods import ROLES
from lethe.diffusion.metrics.constant import CONSTANT
from lethe.diffusion.metrics.specs import comparisons, is_comparison, spec_of
from lethe.diffusion.testbed.similarity import distinct_values
from lethe.statistics.association import bootstrap_mean
from lethe.statistics.strata import share_interval, weighted_mean

Matrix = NDArray[np.float64]
Ends = tuple[float, float]
DISTINCT = 20  # values that a similarity of 20 entities or more must have: what has few of them ranks nothing


def gate_none_is_zero(pairs: pd.DataFrame | PairRows) -> Gate:
    """The reference that changes nothing has exactly zero interference: differences and errors 0, similarities 1, bit for bit.

    Args:
        pairs: tidy pairs of a task, all methods.
    """
    given = pair_rows(pairs)
    names = comparisons(given.metrics)
    unchanged = [(method, epochs) for method, epochs in given.methods if ROLES.role(method) == UNCHANGED]
    rows = pd.concat([given.of(*method) for method in unchanged or [("", 0)]])  # no rows where nobody asked for the reference
    rows = rows[rows["metric"].isin(names)]
    undamaged = rows["metric"].map({name: spec_of(name).undamaged for name in names})
    deviation = (rows["value"] - undamaged.astype(float)).abs()
    value = float(deviation.max())
    how = f"largest deviation from the untouched value over {len(rows)} values of method '{', '.join(rows['method'].unique())}'"
    return Gate("none_is_zero", value, 0.0, value == 0.0, how, deviation)


def gate_base_accuracy(baseline: pd.DataFrame, minimum: float) -> Gate:
    """The base draws what it is asked: mean judge accuracy over all off images is at least ``minimum``."""
    if "judge" not in baseline.columns:
        raise ValueError(f"the baseline has no column 'judge'; it has {', '.join(map(str, baseline.columns))}")
    value = float(baseline["judge"].mean())
    how = f"mean judge accuracy over {len(baseline)} off images"
    return Gate("base_judge_accuracy", value, minimum, value >= minimum, how, baseline["judge"])


def gate_base_draws(baseline: pd.DataFrame) -> Gate:
    """The base draws pictures: none of the off images has one colour. Nothing is measured against such a picture."""
    drawn = baseline.get(CONSTANT, pd.Series(np.nan, baseline.index))
    value = float(drawn.mean())
    how = f"share of pictures of one colour among {len(baseline)} off images"
    return Gate("base_draws_no_constant_picture", value, 0.0, value == 0.0, how, drawn)


def gate_every_pair_has_a_value(pairs: pd.DataFrame | PairRows, entities: int) -> Gate:
    """No pair lacks a value: every model has one of every entity that it was asked for, under every metric that any model has.

    Args:
        pairs: tidy pairs of a task, all methods.
        entities: N.
    """
    given = pair_rows(pairs)
    lacking: dict[str, int] = {}
    expected = 0
    for method, epochs, quantities in by_method(given, entities):
        models = unlearned(given, method, epochs)
        weights = pair_weights(given.of(method, epochs), entities)
        asked = np.ones((len(models), entities), dtype=bool) if weights is None else weights[models] > 0
        for name in given.metrics:
            values = quantities.get(name, np.full((entities, entities), np.nan))[models][asked]
            expected += values.size
            if lost := int(np.isnan(values).sum()):
                lacking[f"{method} {name}"] = lost
    value = sum(lacking.values())
    how = f"number of values that are missing among {expected} (models x entities x metrics)"
    if given.sampled:
        how = f"number of values that are missing among {expected} (pairs that were asked for x metrics)"
    if lacking:
        most = sorted(lacking, key=lambda key: -lacking[key])[:5]
        how += f", most of them: {', '.join(f'{lacking[key]} of {key}' for key in most)}"
    return Gate("every_pair_has_a_value", value, 0.0, value == 0, how, [expected or np.nan])


def gate_distinct(similarity: NDArray[np.float64]) -> Gate:
    """The attributes tell entities apart: as many different values of ``attr`` as there are entities, 20 at most."""
    others, target = ~np.eye(len(similarity), dtype=bool), min(DISTINCT, len(similarity))
    value = distinct_values(similarity)
    how = f"number of different values of the attribute similarity between {len(similarity)} entities; holds from {target} on"
    return Gate("attr_tells_entities_apart", value, target, value >= target, how, similarity[others])


def unlearned(pairs: pd.DataFrame | PairRows, method: str, epochs: int) -> list[int]:
    """Emitters that have a model of a method: those with rows, whether or not a metric has a value for them."""
    return sorted(int(emitter) for emitter in pair_rows(pairs).of(method, epochs)["emitter"].unique())


def unlearning_table(
    pairs: pd.DataFrame | PairRows,
    baseline: pd.DataFrame,
    entities: int,
    noise_floor: Mapping[str, Mapping[str, Any]] | None = None,
    exclude: Collection[int] = (),
    draws: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """One row per method: does it forget, and what does it cost?

    Args:
        pairs: tidy pairs of a task, all methods, with the raw ``judge`` metric (``image_quantities`` keeps it). Where models were
            asked for some receivers (``probability``), means over others estimate those over all others.
        baseline: off scores with ``judge``.
        entities: N.
        noise_floor: from ``noise_floor``.
        exclude: emitters that are not reported (those hyper-parameters were tuned on); they still count as receivers.
        draws: bootstrap draws over emitters.
        level: coverage of the intervals.
        seed: of the draws.

    Returns:
        ``method, epochs, emitters``; ``judge_base``; for ``judge_emitter`` (accuracy on the emitter after unlearning),
        ``judge_others`` (on all other entities), ``others_kept`` (``judge_others`` / the base's accuracy on the same
        entities), mean and ``_low``, ``_high`` (bootstrap over emitters); for each quantity ``{q}_emitter``, ``{q}_others`` with
        ``{q}_others_low``, ``{q}_others_high``, and the noise floor ``{q}_noise``, ``{q}_noise_low``, ``{q}_noise_high``.
        ``judge_left_out`` and ``{q}_left_out``: images of the reported emitters' models without a value, left out of these means.
        ``constant_emitter``, ``constant_others``: share of pictures of one colour; ``constant_worst``: the largest share that one
        model has, tuning emitters included.

    Where no method was judged, the judge's columns are left out.

    Raises:
        ValueError: if only some judge scores are there, or no emitter of a method is left to report.
    """
    judged = "judge" in pair_rows(pairs).metrics  # the paper world has no judge: then the table tells the other metrics alone
    if judged and "judge" not in baseline.columns:
        raise ValueError(f"the baseline has no column 'judge'; it has {', '.join(map(str, baseline.columns))}")
    rows = []
    for method, epochs, quantities in by_method(pairs, entities):
        if judged and "judge" not in quantities:
            raise ValueError(f"pairs of method '{method}' have no metric 'judge'; they have {', '.join(quantities)}")
        models = unlearned(pairs, method, epochs)
        reported = [k for k in models if k not in exclude]
        if not reported:
            raise ValueError(f"method '{method}' has no emitter to report; excluded are {sorted(exclude)}")
        row: dict[str, Any] = {"method": method, "epochs": epochs, "emitters": len(reported)}
        left_out = _left_out(pairs, method, epochs, reported)
        weights = pair_weights(pair_rows(pairs).of(method, epochs), entities)

        def over(values: np.ndarray, emitter: int, itself: bool = False, weights: Matrix | None = weights) -> float:
            """Mean over the receivers of an emitter, beside itself unless asked."""
            own = values if itself else np.delete(values, emitter)
            if weights is None:
                return mean(own)
            return weighted_mean(own, weights[emitter] if itself else np.delete(weights[emitter], emitter))

        def add(name: str, values: np.ndarray, ends: Ends | None = None, row: dict[str, Any] = row) -> None:
            interval = widened(bootstrap_mean(values, draws, level, seed), ends)
            row |= {name: interval.mean, f"{name}_low": interval.low, f"{name}_high": interval.high}

        open_ends: Ends | None = None
        before = np.nan
        if judged:
            judge, base = (
                quantities["judge"],
                baseline.groupby("receiver")["judge"].mean().reindex(range(entities)).to_numpy(float),
            )
            row["judge_base"] = mean(base)
            others = np.array([over(judge[k], k) for k in reported])
            others_base = np.array([over(base, k) for k in reported])
            add("judge_emitter", np.array([judge[k, k] for k in reported]))
            before = mean(others_base)
            if weights is not None:
                asked = _asked(weights, reported)
                open_ends = share_interval(mean(others), asked, float(asked.sum()), level)
            add("judge_others", others, open_ends)
            kept = np.divide(others, others_base, out=np.full(len(others), np.nan), where=others_base > 0)
            add("others_kept", kept, None if open_ends is None or before <= 0 else (open_ends[0] / before, open_ends[1] / before))
            row["judge_left_out"] = left_out["judge"]
        for name, matrix in quantities.items():
            if not is_comparison(name):
                continue
            row[f"{name}_emitter"] = bootstrap_mean(np.array([matrix[k, k] for k in reported]), draws, level, seed).mean
            ends = None
            if name == "judge_diff" and open_ends is not None:  # the change of an accuracy, which has ends
                ends = (open_ends[0] - before, open_ends[1] - before)
            add(f"{name}_others", np.array([over(matrix[k], k) for k in reported]), ends)
            row[f"{name}_left_out"] = left_out[name]
            floor = (noise_floor or {}).get(name, {})
            row |= {
                f"{name}_noise": floor.get("mean"),
                f"{name}_noise_low": floor.get("low"),
                f"{name}_noise_high": floor.get("high"),
            }
        if CONSTANT in quantities:
            shares = quantities[CONSTANT]
            row["constant_emitter"] = mean([shares[k, k] for k in reported])
            row["constant_others"] = mean([over(shares[k], k) for k in reported])
            row["constant_worst"] = max(over(shares[k], k, itself=True) for k in models)
        rows.append(row)
    return pd.DataFrame(rows)


def _asked(weights: Matrix, emitters: list[int]) -> np.ndarray:
    """(P,) weights of all pairs of some emitters with others that were asked for."""
    own = weights[emitters]
    own[np.arange(len(emitters)), emitters] = 0.0
    return own[own > 0]


def _left_out(pairs: pd.DataFrame | PairRows, method: str, epochs: int, emitters: Collection[int]) -> dict[str, int]:
    """Metric -> images without a value; of pairs that do not count them (published before they did) pairs without a value."""
    rows = pair_rows(pairs).of(method, epochs)
    rows = rows[rows["emitter"].isin(list(emitters))]
    lost = rows["left_out"] if "left_out" in rows else rows["value"].isna()
    return {str(name): int(count) for name, count in lost.groupby(rows["metric"], observed=True).sum().items()}
