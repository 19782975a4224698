"""The published choice of entities beside the one that is computed anew."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lethe.diffusion.sources import SOURCES
from lethe.diffusion.testbed.balance import greedy_pair
from lethe.diffusion.testbed.selection import read_published, selection_summary, selection_table
from lethe.io.tables import read_json, write_csv, write_json
from lethe.settings.tasks import Task


def compare(enriched: Path, published: Path, table: Path, summary: Path, settings: Task) -> None:
    """Compare both choices of a task; say which pair of attributes its source balances by."""
    records = read_json(enriched)
    found = selection_table(
        records, settings.rules, settings.balance, settings.entities, settings.ranked_by, read_published(published)
    )
    candidates = getattr(SOURCES.load(settings.source), "BALANCING", None)
    computed = list(greedy_pair(pd.DataFrame(records), *candidates)) if candidates else None
    configured = list(settings.balance)
    pair = {"configured": configured, "computed": computed, "equal": computed == configured if computed else None}
    write_csv(table, found)
    write_json(summary, selection_summary(found) | {"balancing_pair": pair})
