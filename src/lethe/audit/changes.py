"""What changed: every prompt under every model, each change held against what two seeds of the base differ by for the same prompt."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lethe.audit.concepts import FORGOTTEN, KEPT
from lethe.benchmarks.icare.noise_floor import noise_floor
from lethe.benchmarks.icare.pairs import file_keys, image_quantities, left_out, pair_means
from lethe.core.records import ModelId
from lethe.diffusion.metrics.specs import spec_of

DRAWS = 2000  # replicates of a mean over seeds, behind the range of one prompt
COLUMNS = [
    *("method", "emitter", "forgotten", "receiver", "concept", "role", "measure"),
    *("value", "low", "high", "of_floor", "moved", "seeds", "left_out"),
]


def floors(baseline: pd.DataFrame, seed_pairs: pd.DataFrame, alpha: float) -> dict[int, dict[str, dict[str, Any]]]:
    """Receiver -> quantity -> the range of a mean over seeds where nothing is unlearned (``noise_floor``), each prompt by itself.

    Args:
        baseline: scores of the off images. seed_pairs: pair metrics between two seeds of the base.
        alpha: share of prompts that would leave their range in *any* of the quantities by chance, at most: each range covers
            1 - alpha / quantities (Bonferroni).
    """
    names = file_keys(noise_floor(baseline, seed_pairs, draws=1))
    level = 1 - alpha / max(1, len(names))
    found = {}
    for receiver in sorted(set(baseline["receiver"].tolist())):
        own, pairs = (table[table["receiver"] == receiver] for table in (baseline, seed_pairs))
        found[receiver] = noise_floor(own, pairs, level=level, draws=DRAWS)
    return found


def of_floor(quantity: str, value: float, low: float, high: float) -> float:
    """A change in units of the floor: 0 as before, 1 as far as two seeds of the base get, above that more.

    A difference (``clip_diff``) is counted from 0 to the end of its range on its own side. A distance of a pair of pictures is counted
    from its untouched value, so that above 1 the pictures are more unlike than those of two seeds. NaN where there is no range.

    >>> of_floor("rmse", 0.2, 0.1, 0.4), of_floor("ssim", 0.2, 0.6, 0.8), of_floor("clip_diff", -3.0, -1.0, 2.0)
    (0.5, 2.0, 3.0)
    """
    spec = spec_of(quantity)
    untouched = 0.0 if spec.untouched is None else spec.untouched
    moved = value - untouched
    worse = spec.arrow == "↓" if spec.kind == "pair" else moved > 0
    bound = (high if worse else low) - untouched
    if math.isnan(moved) or math.isnan(bound):
        return math.nan
    return 0.0 if moved == 0 else abs(moved / bound) if bound else math.inf


def changes(
    models: Sequence[str],
    scores: Sequence[pd.DataFrame],
    baseline: pd.DataFrame,
    ranges: Mapping[int, Mapping[str, Mapping[str, Any]]],
    concepts: Mapping[int, str],
    roles: Mapping[int, str],
    covers: Mapping[int, Sequence[int]],
) -> pd.DataFrame:
    """One row per model, prompt and measure, with ``COLUMNS``.

    Args:
        models, scores: names, and the scores of their on images. baseline: of the off images. ranges: ``floors``.
        concepts, roles: index of every receiver -> its words, its role. covers: index of an emitter -> the receivers that it forgets.
    """
    rows = []
    for name, table in zip(models, scores, strict=True):
        model = ModelId.parse(name)
        images = image_quantities(baseline, table, name)
        means, lost = pair_means(images, len(concepts), name), left_out(images)
        forgotten = ", ".join(concepts[index] for index in covers[model.index])
        shown = images["receiver"].value_counts().to_dict()
        for quantity in file_keys(means.columns):
            values, without = means[quantity].to_dict(), lost[quantity].to_dict()
            for receiver, concept in concepts.items():
                floor = ranges[receiver][quantity]
                low, high = (math.nan if floor[end] is None else float(floor[end]) for end in ("low", "high"))
                share = of_floor(quantity, values[receiver], low, high)
                role = _role(roles[receiver], receiver in covers[model.index])
                what = [model.method, model.index, forgotten, receiver, concept, role, quantity]
                rows.append([*what, values[receiver], low, high, share, share > 1, shown[receiver], without[receiver]])
    return pd.DataFrame(rows, columns=COLUMNS)


def _role(role: str, covered: bool) -> str:
    """The role under one model: what another model forgets, this one is told to keep."""
    return FORGOTTEN if covered else KEPT if role == FORGOTTEN else role


def most_moved(table: pd.DataFrame) -> pd.DataFrame:
    """One row per model and prompt, the most moved first: its measure with the largest change in units of the floor, and how many moved.

    Returns:
        ``method, emitter, forgotten, receiver, concept, role, measure, value, low, high, of_floor, moved`` (in any measure).
    """
    keys = ["method", "emitter", "receiver"]
    order = table.assign(known=table["of_floor"].fillna(-1.0)).sort_values([*keys, "known"], kind="stable")
    most = order.groupby(keys, sort=False).tail(1).drop(columns=["known", "seeds", "left_out", "moved"])
    moved = table.groupby(keys)["moved"].any().reset_index()
    found = most.merge(moved, on=keys)
    return found.sort_values(["method", "emitter", "of_floor"], ascending=[True, True, False], kind="stable").reset_index(
        drop=True
    )
