"""How often U-LiRA's intervals hold the truth, on made-up confidences whose truth is known; and how often its gate is wrong.

A confidence is a sample's mean, what the models of a split share, what they share of a sample, and noise. Splits and forget sets are the
product's. Of *null* data nothing depends on what was forgotten, so the truth is known; of *leaking* data forgotten samples are shifted in
a fifth of the samples, and the truth is the mean over all sets.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lethe.benchmarks.deepunlearn.gates import gate_retrained_is_null
from lethe.benchmarks.deepunlearn.ulira import RATES, Attack, attack
from lethe.benchmarks.deepunlearn.ulira_splits import LiraSplits, lira_splits
from lethe.core.progress import progress

LEAKING = 0.2  # share of the samples that leak, where any does
NULL = {"accuracy": 0.5, "auc": 0.5, **RATES}


@dataclass(frozen=True)
class World:
    """Made-up data.

    Attributes:
        n: samples. splits: S. forgets: K.
        uneven: spread of the samples' own noise, as the standard deviation of its logarithm.
        shift: of forgotten samples that leak; 0: null data.
    """

    n: int
    splits: int = 64
    forgets: int = 4
    uneven: float = 0.0
    shift: float = 0.0

    def divide(self) -> LiraSplits:
        """Who trains on what; the same for every set."""
        return lira_splits(self.n, self.splits, self.forgets)

    def phi(self, forgotten: NDArray[np.bool_], generator: np.random.Generator) -> NDArray[np.float32]:
        """One set of confidences, (S, K, n)."""
        own = np.exp(generator.normal(0, self.uneven, self.n)) if self.uneven else 1.0
        shared = 0.8 * generator.normal(size=(self.splits, 1, self.n)) + 0.5 * generator.normal(size=forgotten.shape)
        phi = generator.normal(3, 2, self.n) + 0.7 * generator.normal(size=(self.splits, 1, 1)) + own * shared
        if self.shift:
            phi += self.shift * (generator.random(self.n) < LEAKING) * forgotten
        return phi.astype(np.float32)


@dataclass(frozen=True)
class Coverage:
    """How often intervals of 95 % hold the truth.

    Attributes:
        world: the data. sets: how many were made.
        truth: of each estimate; coverage: share of sets whose interval holds it; half_width: mean.
        sd: of the estimate over sets; reported: mean of the one that the intervals rest on.
        alarms: share of sets for which the gate "retrained is null" does not hold.
        error: standard error of a coverage of 95 %.
    """

    world: World
    sets: int
    error: float
    truth: dict[str, float] = field(default_factory=dict)
    coverage: dict[str, float] = field(default_factory=dict)
    half_width: dict[str, float] = field(default_factory=dict)
    sd: dict[str, float] = field(default_factory=dict)
    reported: dict[str, float] = field(default_factory=dict)
    alarms: float = math.nan

    def record(self) -> dict[str, Any]:
        """As plain data, in four digits."""
        found: dict[str, Any] = asdict(self)
        return {key: _rounded(value) for key, value in found.items()}


def measure(world: World, sets: int, seed: int = 0) -> Coverage:
    """Attack made-up data again and again; deterministic in the seed, and a set does not depend on how many there are."""
    splits = world.divide()
    forgotten, unseen = splits.forgotten(), splits.never_seen()
    correct = np.zeros_like(forgotten)  # of the variant `published` alone
    attacks: list[dict[str, tuple[float, float, float, float]]] = []
    alarms = 0
    for number in progress(range(sets), sets, "set", f"{world.n} samples"):
        found = attack(
            world.phi(forgotten, np.random.default_rng([seed, number])), correct, forgotten, unseen, seed=number, curve=False
        )
        alarms += not gate_retrained_is_null(found).holds
        attacks.append(_ends(found))
    result = Coverage(world, sets, math.sqrt(0.95 * 0.05 / sets), alarms=alarms / sets)
    for name in NULL:
        value, low, high, error = np.array([ends[name] for ends in attacks]).T
        truth = float(value.mean()) if world.shift else NULL[name]
        result.truth[name] = truth
        result.coverage[name] = float(((low <= truth) & (truth <= high)).mean())
        result.half_width[name] = float((high - low).mean() / 2)
        result.sd[name], result.reported[name] = float(value.std(ddof=1)), float(error.mean())
    return result


def _ends(found: Attack) -> dict[str, tuple[float, float, float, float]]:
    return {name: (part.value, *part.interval(), math.sqrt(part.variance)) for name, part in found.estimates.items()}


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(entry) for key, entry in value.items()}
    return round(value, 4) if isinstance(value, float) else value


def text(found: Sequence[Coverage]) -> str:
    """A table for a terminal, a row per world."""
    names = list(NULL)
    lines = [f"{'n':>6} {'S':>3} {'K':>3} {'shift':>6} {'sets':>5} " + " ".join(f"{name:>9}" for name in names) + "  gate fails"]
    for row in found:
        shares = " ".join(f"{row.coverage[name]:9.3f}" for name in names)
        world = row.world
        lines.append(
            f"{world.n:6} {world.splits:3} {world.forgets:3} {world.shift:6.2f} {row.sets:5} {shares}  {row.alarms:10.3f}"
        )
    return "\n".join(lines)
