"""What must hold before a study is believed: there is something to forget, and the search did not reward being unlike retrained models."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from lethe.classifiers.distance import ORIGINAL, per_seed
from lethe.classifiers.found import Found
from lethe.core.gate import Gate


def gate_original_above_floor(scores: pd.DataFrame, floor: pd.DataFrame) -> Gate:
    """The original is further from the retrained model than 99 % of other retrained models are, in every seed.

    Args:
        scores: rows of ``lethe.classifiers.scores.score_models`` of one study, with the references.
        floor: of ``lethe.classifiers.distance.noise_floor``.
    """
    compared = per_seed(scores)
    gaps = compared.loc[compared["method"] == ORIGINAL, "gap"].to_numpy(float)
    (p99,) = floor.loc[floor["measure"] == "gap", "p99"]
    how = f"smallest gap of the original, of {len(gaps)} seeds ({int((gaps > p99).sum())} above), against the 99th percentile of the gap "
    how += "between two retrained models; below it there is nothing that methods could be told apart by"
    return Gate("original_above_noise_floor", float(gaps.min()), float(p99), bool((gaps > p99).all()), how, [*gaps, p99])


def gate_search_above_exact(found: Mapping[str, Found]) -> Gate:
    """No method's best norm lies below exact unlearning's by more than the floor: the search's zero is where it should be.

    Args:
        found: method -> what its search found; the norms of exact unlearning and of the floor are those of the study.
    """
    reached = {name: entry for name, entry in found.items() if entry.norm is not None}
    excess = {name: (entry.norm or 0.0) - entry.norm_retrained for name, entry in reached.items()}
    floors = [entry.norm_floor for entry in reached.values()]
    failed = ", ".join(sorted(set(found) - set(reached)))
    if not reached:
        return Gate("search_above_exact_unlearning", None, 0.0, False, f"nothing that was tried gave finite scores: {failed}", [])
    lowest = min(excess, key=excess.__getitem__)
    within = sum(abs(value) <= floor for value, floor in zip(excess.values(), floors, strict=True))
    how = f"smallest norm of the search less exact unlearning's ({lowest}), against minus the norm of retrained models of other seeds; "
    how += f"{within} of {len(reached)} methods lie within that of exact unlearning"
    how += f"; without a trial of finite scores: {failed}" if failed else ""
    holds = all(value >= -floor for value, floor in zip(excess.values(), floors, strict=True))
    return Gate("search_above_exact_unlearning", excess[lowest], -max(floors), holds, how, [*excess.values(), *floors])
