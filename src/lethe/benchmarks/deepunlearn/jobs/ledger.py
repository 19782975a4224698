"""The numbers of a study beside those of an independent re-run."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lethe.benchmarks.deepunlearn import ledger
from lethe.io.tables import write_csv


def compare(methods: Path, reference: Path, table: Path) -> None:
    """Ours against theirs, one row per published number.

    Args:
        methods: the table of the study.
        reference: a file of config/reference.
    """
    write_csv(table, ledger.ledger(ledger.read_reference(reference), pd.read_csv(methods)))
