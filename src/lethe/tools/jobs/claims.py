"""What is claimed, against finished tables."""

from __future__ import annotations

import logging
from pathlib import Path

from lethe.io.tables import write_csv
from lethe.tools.claims import claims as rows_of
from lethe.tools.claims import table, text

log = logging.getLogger(__name__)


def compare(
    tables: list[Path],
    study_gates: list[Path],
    measured: list[Path],
    claims: Path,
    tasks: list[str],
    studies: list[str],
    benchmarks: list[str],
) -> None:
    """Compare the tables of a world with what is claimed.

    Args:
        tables, study_gates, measured: what claims are read from; found by their names, here so that a change of them is seen.
        studies: ``{dataset}_{architecture}`` of Deep Unlearn whose models are attacked.
        benchmarks: names of what was measured.
    """
    rows = rows_of(claims.parents[1], tasks, studies, benchmarks)  # of results/{world}/tables/claims.csv
    for row in rows:
        log.log(logging.WARNING if row.holds is False else logging.INFO, text([row]))
    write_csv(claims, table(rows))
