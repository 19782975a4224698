"""What the tables of a study say, as findings: how near to retraining, and what does an attacker find?"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from lethe.benchmarks.deepunlearn.ulira import DEFAULT
from lethe.classifiers.distance import ORIGINAL, REFERENCES, RETRAINED, RETRAINED_AGAIN
from lethe.classifiers.methods import LOOKS
from lethe.core.finding import Finding, agreeing, counted, percent

SHOWN = 3  # methods that a sentence names


def findings(study: str, methods: pd.DataFrame, lira: pd.DataFrame) -> list[Finding]:
    """The findings of a study, in the order in which they are read.

    Args:
        study: ``{dataset}_{architecture}``. methods: table of the study. lira: table of U-LiRA, of all variants.
    """
    told = [_distance(study, methods), _attack(study, lira), _both(study, methods, lira)]
    return [finding for finding in told if finding is not None]


def _distance(study: str, methods: pd.DataFrame) -> Finding:
    gaps, ranked = methods.set_index("method"), _ranked(methods)
    original, floor = (float(gaps["gap"][name]) for name in (ORIGINAL, RETRAINED_AGAIN))
    nearer = ranked[(ranked["differs_from_original"].astype(str) == "True") & (ranked["gap"] < original)]
    reach = ranked[ranked["differs_from_floor"].astype(str) == "False"]
    verb = agreeing(len(nearer), len(ranked), "comes", "come")
    best = "; ".join(
        f"{_title(name)} {row['gap']:.3f} [{row['gap_low']:.3f}, {row['gap_high']:.3f}]" for name, row in _first(ranked)
    )
    told = (
        f"{counted(len(reach), len(ranked), 'method')} is as near as a second retrained model"
        if len(reach) < 2
        else (f"{len(reach)} methods are as near as a second retrained model")
    )
    return Finding(
        study,
        f"{counted(len(nearer), len(ranked), 'method')} {verb} nearer to retraining than doing nothing. {told}.",
        f"Distance in accuracies and attack: {best}. Doing nothing: {original:.3f}; a second retrained model: {floor:.3f}.",
        len(nearer) == len(ranked) and bool(len(reach)),
        f"tables/deepunlearn_{study}.csv",
    )


def _ranked(methods: pd.DataFrame) -> pd.DataFrame:
    """The methods that are judged, the nearest to retraining first."""
    gaps = methods.set_index("method")
    return gaps[~gaps.index.isin(REFERENCES) & ~gaps["only_fine_tunes"].astype(bool)].sort_values("gap", kind="stable")


def _attack(study: str, lira: pd.DataFrame) -> Finding:
    rows = lira[lira["variant"] == DEFAULT].set_index("method")
    said = _by_method(lira)
    retrained, original = said[RETRAINED], said[ORIGINAL]
    methods = rows[~rows.index.isin(REFERENCES)].sort_values("accuracy", kind="stable")
    found = methods[methods["accuracy_low"] > retrained["accuracy_high"]]
    verb = agreeing(len(found), len(methods), "leaves a trace", "leave a trace")
    least = "; ".join(f"{_title(name)} {_accuracy(row)}" for name, row in _first(methods))
    name = str(methods.index[-1])
    return Finding(
        study,
        f"{counted(len(found), len(methods), 'method')} {verb} of what was forgotten.",
        f"An attacker with many models (U-LiRA) is right in {_accuracy(retrained)} of guesses about retrained models and in {_accuracy(original)} "
        f"about originals. Least: {least}. Most: {_title(name)} {_accuracy(said[name])}.",
        not len(found),
        f"tables/deepunlearn_lira_{study}.csv",
    )


def _both(study: str, methods: pd.DataFrame, lira: pd.DataFrame) -> Finding | None:
    """Whether the method that is nearest by averages is also one in which an attacker finds nothing; None where none was attacked."""
    said, ranked = _by_method(lira), _ranked(methods)
    attacked = [str(name) for name in ranked.index if name in said]
    if not attacked:
        return None
    nearest = attacked[0]
    own, retrained, original = said[nearest], said[RETRAINED], said[ORIGINAL]
    clean = bool(own["accuracy_low"] <= retrained["accuracy_high"])
    if clean:
        leaks = "an attacker finds nothing in it"
    elif own["accuracy_high"] < original["accuracy_low"]:
        leaks = "it leaks less than the original, but more than retraining"
    else:
        leaks = f"it leaks {'more than' if own['accuracy_low'] > original['accuracy_high'] else 'as much as'} the original"
    among = "" if nearest == ranked.index[0] else " of those attacked"
    return Finding(
        study,
        f"{_title(nearest)} is nearest to retraining{among}, {'and' if clean else 'yet'} {leaks}.",
        f"Its distance is {ranked['gap'][nearest]:.3f}. U-LiRA is right in {_accuracy(own)} of guesses about it, in {_accuracy(original)} about "
        f"originals and in {_accuracy(retrained)} about retrained models. The distance compares averages, the attack single samples.",
        clean,
        f"tables/deepunlearn_lira_{study}.csv",
    )


def _by_method(lira: pd.DataFrame) -> dict[str, pd.Series]:
    rows = lira[lira["variant"] == DEFAULT].set_index("method")
    return {str(name): row for name, row in rows.iterrows()}


def _first(rows: pd.DataFrame) -> Sequence[tuple[str, pd.Series]]:
    return [(str(name), row) for name, row in rows.head(SHOWN).iterrows()]


def _title(name: str) -> str:
    return LOOKS.title(name)


def _accuracy(row: pd.Series) -> str:
    return percent(float(row["accuracy"]), float(row["accuracy_low"]), float(row["accuracy_high"]))
