"""Which pairs a method harms: those that lose more than two seeds of the base differ.

A pair is an emitter, which is forgotten, and another entity, the receiver, which is asked for afterwards. Its value under a quantity is the mean
over seeds. The *noise floor* is the range in which 95 % of the differences between two seeds of the base lie (``noise_floor``). A pair is
*harmed* if its value lies beyond the end of that range on the side of damage. Seeds alone put 2.5 % of the pairs there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from lethe.benchmarks.icare.levels import BY_CHANCE
from lethe.benchmarks.icare.pair_rows import PairRows, pair_rows
from lethe.benchmarks.icare.pairs import PROBABILITY
from lethe.diffusion.methods import LOOKS
from lethe.diffusion.metrics.specs import comparisons, spec_of
from lethe.statistics.association import Interval, bootstrap_mean
from lethe.statistics.strata import share_interval, weighted_mean

COLUMNS = ["method", "method_name", "quantity", "emitters", "pairs", "harmed", "share", "low", "high", "by_chance"]


def bounded(floor: Mapping[str, Mapping[str, Any]], quantity: str) -> bool:
    """Whether a quantity has a noise floor: it has none without its metric, or with a single seed.

    Args:
        floor: of ``noise_floor``: quantity -> ``low``, ``high``.
    """
    return floor.get(quantity, {}).get("low") is not None


def harmed_pairs(
    pairs: pd.DataFrame, floor: Mapping[str, Mapping[str, Any]], quantity: str, exclude: Collection[int] = ()
) -> pd.DataFrame:
    """Every pair of two entities under one quantity, and whether it is harmed.

    Args:
        pairs: tidy pairs of a task: ``method, emitter, receiver, metric, value``; ``probability`` where some receivers were asked for.
        floor: of ``noise_floor``: quantity -> ``low``, ``high``.
        quantity: a comparison with the off image, such as ``clip_diff`` or ``ssim``.
        exclude: emitters that are not reported, since hyper-parameters were chosen on them.

    Returns:
        ``method, emitter, receiver, value, damage`` (0 = untouched, larger = worse) and ``harmed``, and ``probability`` where it was
        given. Pairs without a value are left out.

    Raises:
        ValueError: the quantity has no noise floor.

    Examples:
        >>> pairs = pd.DataFrame({"method": "uce", "emitter": [0, 0], "receiver": [1, 2], "metric": "ssim", "value": [0.9, 0.3]})
        >>> harmed_pairs(pairs, {"ssim": {"low": 0.5, "high": 0.8}}, "ssim")[["receiver", "value", "harmed"]].values.tolist()
        [[1, 0.9, False], [2, 0.3, True]]
    """
    spec = spec_of(quantity)
    if not bounded(floor, quantity):
        raise ValueError(f"no noise floor of '{quantity}'; there is one of: {', '.join(floor)}")
    rows = pairs[(pairs["metric"] == quantity) & (pairs["emitter"] != pairs["receiver"]) & ~pairs["emitter"].isin(list(exclude))]
    kept = ["method", "emitter", "receiver", "value", *([PROBABILITY] if PROBABILITY in rows else [])]
    rows = rows.dropna(subset="value")[kept].astype({"method": str}).reset_index(drop=True)
    damage = spec.damage(rows["value"].to_numpy(float))
    return rows.assign(
        damage=damage, harmed=damage > float(spec.damage(float(floor[quantity]["high" if spec.damage_sign > 0 else "low"])))
    )


def harm_table(
    pairs: pd.DataFrame | PairRows,
    floor: Mapping[str, Mapping[str, Any]],
    exclude: Collection[int] = (),
    draws: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """How many pairs every method harms, under every quantity that has a noise floor.

    Args:
        pairs: see ``harmed_pairs``; or a file of them, of which one method at a time is read. floor, exclude: see there.
        draws: bootstrap draws over emitters. level: coverage of the intervals. seed: of the draws.

    Returns:
        One row per method and quantity, both in the order of the table: ``method, method_name`` (in figures), ``quantity, emitters, pairs,
        harmed``, of the pairs that were asked for; ``share`` harmed of all pairs, the mean over emitters of the share of each, with ``low,
        high`` (bootstrap over emitters; NaN with one emitter; where receivers were drawn, at least ``share_interval``); ``by_chance``, the
        share that seeds alone put beyond the range.
    """
    given, rows = pair_rows(pairs), []
    quantities = [quantity for quantity in comparisons(given.metrics) if bounded(floor, quantity)]
    for method in given.named:  # one after another, so that a file is never held whole
        of_method = given.of_method(method)
        for quantity in quantities:
            own = harmed_pairs(of_method, floor, quantity, exclude)
            if own.empty:
                continue
            shares = _shares(own)
            interval = bootstrap_mean(shares, draws, level, seed)
            if PROBABILITY in own:  # the bootstrap alone ends at 0 where none of the pairs that were drawn is harmed
                weights = 1 / own[PROBABILITY]
                interval = widened(interval, share_interval(interval.mean, weights, float(weights.sum()), level))
            counts = [len(shares), len(own), int(own["harmed"].sum())]
            name = LOOKS.get(method, "title", method)
            rows.append([method, name, quantity, *counts, interval.mean, interval.low, interval.high, BY_CHANCE])
    return pd.DataFrame(rows, columns=COLUMNS)


def widened(interval: Interval, ends: tuple[float, float] | None) -> Interval:
    """An interval over emitters that holds also ``ends``, what drawing receivers leaves open; of one emitter there is none.

    Examples:
        >>> widened(Interval(0.1, 0.0, 0.2, n=9, level=0.95), (0.05, 0.3))
        Interval(mean=0.1, low=0.0, high=0.3, n=9, level=0.95, left_out=0)
    """
    if ends is None:
        return interval
    return replace(interval, low=float(np.minimum(interval.low, ends[0])), high=float(np.maximum(interval.high, ends[1])))


def _shares(own: pd.DataFrame) -> np.ndarray:
    """The share of pairs that each emitter of a method harms; of receivers that were drawn those stand for others."""
    if PROBABILITY not in own:
        return own.groupby("emitter")["harmed"].mean().to_numpy(float)
    return np.array([weighted_mean(rows["harmed"], 1 / rows[PROBABILITY]) for _, rows in own.groupby("emitter")])


def worst_pair(found: pd.DataFrame) -> pd.Series | None:
    """The harmed pair of one method that lost most; None where none is harmed.

    Args:
        found: rows of ``harmed_pairs`` of one method.
    """
    harmed = found[found["harmed"]]
    return None if harmed.empty else harmed.sort_values("damage", kind="stable").iloc[-1]


@dataclass(frozen=True)
class BadCase:
    """A bad case: the pair that lost most, and what its emitter harmed least.

    Attributes:
        emitter, receiver: indices; under half of the methods no other pair of the task lost more.
        harmed: number of methods that harm it, of ``methods``.
        spared: index of the receiver of the same emitter whose greatest loss over methods is the smallest; None with two entities.
    """

    emitter: int
    receiver: int
    harmed: int
    methods: int
    spared: int | None


def bad_case(found: pd.DataFrame) -> BadCase | None:
    """The pair whose median damage over methods is the largest; None where no pair was unlearned by every method.

    Args:
        found: rows of ``harmed_pairs`` of the methods that are compared.
    """
    damage = found.pivot(index=["emitter", "receiver"], columns="method", values="damage").dropna()
    if damage.empty:
        return None
    emitter, receiver = (int(index) for index in damage.index[int(damage.median(axis=1).argmax())])
    others = pd.DataFrame(damage.xs(emitter, level="emitter")).drop(index=receiver)
    own = found[(found["emitter"] == emitter) & (found["receiver"] == receiver)]
    spared = None if others.empty else int(others.index[int(others.max(axis=1).argmin())])
    return BadCase(emitter, receiver, int(own["harmed"].sum()), len(own), spared)
