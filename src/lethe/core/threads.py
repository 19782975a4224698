"""How many threads this process may use."""

from __future__ import annotations

import os


def thread_count() -> int:
    """Threads this process may use: OMP_NUM_THREADS if set (Snakemake sets it to the rule's threads), else all cores."""
    return int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)
