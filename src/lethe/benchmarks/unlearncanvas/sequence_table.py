"""What every model of a sequence forgot and kept, and how much is kept where equally much is forgotten.

What falls later as collateral would count as forgetting in a mean over steps. So UA stands there for every concept of the sequence after
every step, asked for or not yet, beside what was kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lethe.benchmarks.unlearncanvas.answers import judges_of, right
from lethe.benchmarks.unlearncanvas.concepts import ATTRIBUTES, Canvas, Concept, other
from lethe.benchmarks.unlearncanvas.sequences import INDEPENDENT, asked
from lethe.statistics.crossed import crossed_interval
from lethe.statistics.resampling import Inference

Floats = NDArray[np.float64]
UNCHANGED = "base"  # the arm of the model that nothing was done to
LEVELS = (0.5, 0.75, 0.9)  # of UA, at which retention is compared
KEYS = ["method", "arm", "step", "strength"]


class Kept(NamedTuple):
    """By what retention is measured: ``own`` values of the kind of what is forgotten first, ``cross`` of the other; no photos."""

    own: tuple[str, ...]
    cross: tuple[str, ...]


def kept_of(canvas: Canvas, concepts: Sequence[Concept], styles: Sequence[str], objects: Sequence[str]) -> Kept:
    """Of a sequence; where no values are given, all that it never forgets.

    Raises:
        ValueError: no cell has a value that is given, or none is left.
    """
    kind = concepts[0].kind
    gone = {(concept.kind, concept.style or concept.object) for concept in concepts}
    given = {"style": styles, "object": objects}
    found = []
    for attribute in (kind, other(kind)):
        every = dict.fromkeys(canvas.values(attribute).tolist())
        found.append(tuple(v for v in (given[attribute] or every) if (attribute, v) not in gone and v != canvas.photo))
        if unknown := [value for value in found[-1] if value not in every]:
            raise ValueError(
                f"no cell has the {attribute} '{unknown[0]}' by which retention is measured; there are: {', '.join(every)}"
            )
        if not found[-1]:
            raise ValueError(f"the sequence leaves no {attribute} by which retention is measured; there are: {', '.join(every)}")
    return Kept(found[0], found[1])


def sequence_table(
    task: str, answers: pd.DataFrame, canvas: Canvas, concepts: Sequence[Concept], kept: Kept, inference: Inference
) -> pd.DataFrame:
    """One row per judge, method, arm, step and strength.

    Args:
        answers: answer sets with ``arm, step, strength, drift, seconds``; of the base with the arm ``UNCHANGED`` and step 0.
        concepts: the sequence. kept: by what retention is measured.

    Returns:
        ``task, judge, method, arm, step, strength, asked`` (how many concepts the model was asked to forget), ``ua_{name}`` of every
        concept of the sequence, asked for or not; ``ua_asked, ua_smallest`` (mean and smallest over those asked for; NaN where none
        is); ``ira, cra`` with ``_low, _high`` over kept values and seeds, both on images whose style and object are kept: the share
        in which the attribute of the first concept's kind is right, and that in which the other one is;
        ``other_on_forgotten`` (share of images of what was asked for in which the attribute that was not is right), ``photo_kept``,
        ``drift``, ``seconds``.
    """
    rows = []
    for judge in judges_of(answers):
        for key, images in answers.groupby(KEYS, sort=False, dropna=False):
            row = {"task": task, "judge": judge, **dict(zip(KEYS, key, strict=True))}
            row |= _measured(images, canvas, concepts, kept, judge, inference)
            rows.append(row | {name: images[name].iloc[0] for name in ("drift", "seconds")})
    return pd.DataFrame(rows)


def _measured(
    images: pd.DataFrame, canvas: Canvas, concepts: Sequence[Concept], kept: Kept, judge: int, inference: Inference
) -> dict[str, Any]:
    kind = concepts[0].kind
    seen = right(images.assign(concept=0), len(canvas.styles), judge)
    hits = {of: seen.of(of)[0] for of in ATTRIBUTES}  # (N, S)
    photo = canvas.styles == canvas.photo
    values, crossing = canvas.values(kind), canvas.values(other(kind))
    counts = np.isin(values, kept.own) & np.isin(crossing, kept.cross) & ~photo
    ua = [1 - hits[concept.kind][canvas.covered(concept)].mean() for concept in concepts]
    arm, step = images["arm"].iloc[0], int(images["step"].iloc[0])
    places = list(asked(arm, step))
    gone = {of: np.zeros(len(photo), dtype=bool) for of in ATTRIBUTES}
    for place in places:
        gone[concepts[place].kind] |= canvas.covered(concepts[place])
    row = {"asked": len(places)} | {f"ua_{c.style or c.object}": value for c, value in zip(concepts, ua, strict=True)}
    row |= (
        {"ua_asked": np.mean([ua[p] for p in places]), "ua_smallest": min(ua[p] for p in places)}
        if places
        else {"ua_asked": np.nan}
    )
    for name, of, every, whose in (("ira", kind, kept.own, values), ("cra", other(kind), kept.cross, crossing)):
        shares = np.array([hits[of][counts & (whose == value)].mean(axis=0) for value in every])  # (values, S)
        low, high = crossed_interval(shares, inference.bootstrap, inference.alpha, inference.seed)
        row |= {name: shares.mean(), f"{name}_low": float(low), f"{name}_high": float(high)}
    rest = np.concatenate([hits[other(of)][gone[of] & ~gone[other(of)]].ravel() for of in ATTRIBUTES])
    row["other_on_forgotten"] = rest.mean() if places else np.nan
    covered = np.flatnonzero(gone["style"] | gone["object"])
    photos = images[(images["style"] == canvas.photo) & ~np.isin(images["cell"], covered)]
    return row | {"photo_kept": (photos[f"style_pred_{judge}"] == canvas.photo).mean() if len(photos) else np.nan}


def matched_table(table: pd.DataFrame) -> pd.DataFrame:
    """Retention at equal UA, after the last step: one row per judge, method, arm and level.

    The path from the base to a model, theta_0 + s (theta - theta_0), is drawn at some strengths s. Where the mean UA of the sequence first
    passes a level, strength and retention are read off by linear interpolation.

    Args:
        table: of ``sequence_table``.

    Returns:
        ``task, judge, method, arm, ua`` (the level), ``strength, ua_smallest, ira, cra``; NaN where no strength reaches the level.
    """
    if not (table["strength"] < 1).any():
        return pd.DataFrame(columns=["task", "judge", "method", "arm", "ua", "strength", "ua_smallest", "ira", "cra"])
    concepts = [c for c in map(str, table) if c.startswith("ua_") and c not in ("ua_asked", "ua_smallest")]
    table = table.assign(ua=table[concepts].mean(axis=1), ua_smallest=table[concepts].min(axis=1))
    last, rows = table["step"].max(), []
    ends = table[(table["step"] == last) & table["drift"].notna()]  # the retrained model is no change of the base
    for (task, judge, method, arm), path in ends.groupby(["task", "judge", "method", "arm"], sort=False):
        if arm == INDEPENDENT:
            continue
        start = table[(table["arm"] == UNCHANGED) & (table["judge"] == judge)].assign(strength=0.0)
        path = pd.concat([start, path]).sort_values("strength")
        for level in LEVELS:
            row = {"task": task, "judge": judge, "method": method, "arm": arm, "ua": level}
            rows.append(row | _at(path[["strength", "ua", "ua_smallest", "ira", "cra"]], level))
    return pd.DataFrame(rows)


def _at(path: pd.DataFrame, level: float) -> dict[str, float]:
    """Where the UA of a path first reaches a level."""
    told = ["strength", "ua_smallest", "ira", "cra"]
    reached = np.flatnonzero(path["ua"].to_numpy() >= level)
    if not len(reached):
        return dict.fromkeys(told, np.nan)
    after = path.iloc[reached[0]]
    if reached[0] == 0:
        return {name: float(after[name]) for name in told}
    before = path.iloc[reached[0] - 1]
    share = (level - before["ua"]) / (after["ua"] - before["ua"])
    return {name: float(before[name] + share * (after[name] - before[name])) for name in told}
