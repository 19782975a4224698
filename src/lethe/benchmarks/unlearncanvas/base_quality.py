"""The table of a base: what judges see in its images, and how far they are from real ones, beside real images as the floor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lethe.benchmarks.unlearncanvas.concepts import ATTRIBUTES, Canvas
from lethe.benchmarks.unlearncanvas.distribution import distribution_table
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.settings.unlearncanvas import Judge


def base_table(
    task: str, canvas: Canvas, judges: Sequence[Judge], scores: Mapping[str, pd.DataFrame], real: Embeddings, base: Embeddings
) -> pd.DataFrame:
    """Rows ``real`` (held-out images) and ``base``.

    Args:
        scores: method -> scores of its images (``receiver``, and a column for each judge, 1 where it sees what was asked for).
        real, base: embeddings of the same images, in the features of judges and of the backbone.

    Returns:
        ``task, method, images``; for each judge j ``{attribute}_{j}``, the share of images in which it sees what was asked for, and
        ``{attribute}_worst_{j}``, that of the worst cell; ``fd_{features}, kid_{features}`` to one half of the real images.
    """
    distances = distribution_table(task, real, base, [], canvas).set_index("method")
    rows: list[dict[str, Any]] = []
    for method, table in scores.items():
        row: dict[str, Any] = {"task": task, "method": method, "images": len(table)}
        for number, judge in enumerate(judges, start=1):
            for attribute in ATTRIBUTES:
                seen = table[getattr(judge, attribute)].astype(np.float64)
                row[f"{attribute}_{number}"] = seen.mean()
                row[f"{attribute}_worst_{number}"] = seen.groupby(table["receiver"]).mean().min()
        kept = [name for name in distances.columns if name.startswith(("fd_", "kid_")) and not name.endswith("_minus_base")]
        rows.append(row | {name: distances.loc[method, name] for name in kept})
    return pd.DataFrame(rows)
