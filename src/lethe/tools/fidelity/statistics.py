"""Effects on tests: how many results each way calls significant, and how large it says they are."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from lethe.diffusion.testbed.attributes import chosen_attributes
from lethe.statistics.published_tests import LEVEL
from lethe.tools.fidelity.world import Effect, World


def mantel(world: World) -> Iterator[Effect]:
    """Metric-similarity alignments: raw p over pairs against Mantel's test with q-values."""
    for task in world.tasks:
        rows = _both(world.csv(f"tables/similarity_{task}.csv"), "published_spearman_p", "p")
        if rows.empty:
            continue
        for column, test in (("p", "p over permuted entities < 0.05"), ("q", "q < 0.05")):
            yield Effect(
                scope=task,
                quantity=f"alignments with similarity that are significant, ours by {column}",
                published=int((rows["published_spearman_p"] < LEVEL).sum()),
                lethe=int((rows[column] < LEVEL).sum()),
                how=f"of {len(rows)}; published: raw p of the raw metric's rho over pairs < 0.05; here: one-sided Mantel, {test}",
            )


def families(world: World) -> Iterator[Effect]:
    """Relations with attributes and alignments of statistics: either of two raw p-values against q-values."""
    for task in world.tasks:
        rows = _both(world.csv(f"tables/relations_{task}.csv"), "published_p_1", "p")
        if not rows.empty:
            yield Effect(
                scope=task,
                quantity="relations of statistics with attributes that are significant",
                published=int(rows["published_significant"].astype(bool).sum()),
                lethe=int((rows["q"] < LEVEL).sum()),
                how=f"of {len(rows)} that both tested; published: either raw p < 0.05; here: q < 0.05 over the table",
            )
        rows = _both(world.csv(f"tables/alignments_{task}.csv"), "published_spearman_p", "p")
        if not rows.empty:
            either = (rows["published_pearson_p"] < LEVEL) | (rows["published_spearman_p"] < LEVEL)
            yield Effect(
                scope=task,
                quantity="alignments of two statistics that are significant",
                published=int(either.sum()),
                lethe=int((rows["q"] < LEVEL).sum()),
                how=f"of {len(rows)} that both tested; published: either raw p < 0.05; here: q < 0.05 over the table",
            )


def mean_alignment(world: World) -> Iterator[Effect]:
    """Mean |r| of the raw metric against mean rho of damage, per method."""
    for task in world.tasks:
        rows = _both(world.csv(f"tables/similarity_{task}.csv"), "published_pearson", "spearman")
        for method, found in rows.groupby("method", sort=False):
            yield Effect(
                scope=f"{task}/{method}",
                quantity="mean alignment with similarity",
                published=float(found["published_pearson"].abs().mean()),
                lethe=float(found["spearman"].mean()),
                how=f"over {len(found)} metrics and similarities; published: |Pearson r| of the metric; here: Spearman's rho of damage",
            )


def missing_attributes(world: World) -> Iterator[Effect]:
    """Attributes that an entity lacks: only they show that the second ``dropna`` undoes the first."""
    for task, settings in world.tasks.items():
        records = world.metadata(task)
        chosen = chosen_attributes(records, settings.balance, settings.attributes)
        names = list(dict.fromkeys([*settings.balance, *chosen]))
        lacking = sum(record.get(name) is None for record in records for name in names)
        complete = [[record for record in records if record.get(name) is not None] for name in names]
        yield Effect(
            scope=task,
            quantity="missing values in tests of attributes",
            published=lacking,
            lethe=sum(record.get(name) is None for name, rows in zip(names, complete, strict=True) for record in rows),
            how=f"over {len(records)} entities and {len(names)} attributes; here each test uses the entities that have both values",
        )


def weights(world: World) -> Iterator[Effect]:
    """Matrices of weight overlap: the reference has one, ours all methods with deltas."""
    found = [(task, m) for task in world.tasks for m in world.methods if world.has(f"similarity_weights_{m}_{task}.json")]
    yield Effect(
        scope="world",
        quantity="tasks and methods with a similarity of weights",
        published=sum(pair == ("scenes", "distil") for pair in found),
        lethe=len(found),
        how="published: scenes under distil alone",
    )
    for task, method in found:
        rows = world.csv(f"tables/similarity_{task}.csv")
        rows = rows[(rows["method"] == method) & (rows["similarity"] == "weights")]
        if not rows.empty:
            yield Effect(
                scope=f"{task}/{method}",
                quantity="mean alignment of damage with similarity of weights",
                published=float(rows["published_spearman"].abs().mean()) if (task, method) == ("scenes", "distil") else None,
                lethe=float(rows["spearman"].mean()),
                how=f"Spearman's rho over {len(rows)} metrics; published: |rho| of the metric",
            )


def _both(rows: pd.DataFrame, old: str, new: str) -> pd.DataFrame:
    """Rows that both ways could test."""
    return rows[np.isfinite(rows[old].astype(float)) & np.isfinite(rows[new].astype(float))]
