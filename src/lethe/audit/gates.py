"""What must hold before the page of an audit is believed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lethe.audit.concepts import FORGOTTEN
from lethe.core.gate import Gate
from lethe.diffusion.metrics.constant import CONSTANT
from lethe.diffusion.metrics.specs import columns_of, spec_of


def gate_draws(baseline: pd.DataFrame) -> Gate:
    """The model draws pictures: none of one colour, and every score of them a number."""
    names = columns_of("image", baseline.columns)
    bad = (baseline[CONSTANT] != 0) | ~np.isfinite(baseline[names].to_numpy(float)).all(axis=1)
    value = float(bad.mean())
    how = f"share of the {len(baseline)} pictures of the untouched model that have one colour or a score that is no number"
    return Gate("audit_base_draws_pictures", value, 0.0, value == 0, how, baseline[CONSTANT])


def gate_unchanged(table: pd.DataFrame, unchanged: str) -> Gate:
    """The method that changes nothing is exactly the base: all that is measured has its untouched value."""
    rows = table[table["method"] == unchanged]
    untouched = [spec_of(name).untouched or 0.0 for name in rows["measure"]]
    far = (rows["value"] - untouched).abs()
    value = float(far.max()) if len(far) else float("nan")
    how = f"largest change of any measure under '{unchanged}', over {len(rows)} of them"
    return Gate("audit_none_is_the_base", value, 0.0, value == 0, how, rows["value"])


def gate_forgotten(table: pd.DataFrame, unchanged: str) -> Gate:
    """What is forgotten moved more than two seeds of the base differ by, under every model, in one measure at least."""
    rows = table[(table["role"] == FORGOTTEN) & (table["method"] != unchanged)]
    best = rows.groupby(["method", "forgotten"])["of_floor"].max()
    value = float(best.min()) if len(best) else float("nan")
    how = (
        "change of the forgotten concept in units of the noise floor, in the measure where it is largest; the least of all models"
    )
    if len(best):
        method, concept = best.index[int(best.to_numpy().argmin())]
        how += f" ({method}, '{concept}')"
    return Gate("audit_forgotten_moved", value, 1.0, value > 1, how, best)
