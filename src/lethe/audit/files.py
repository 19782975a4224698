"""How tables of an audit are read."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lethe.io.tables import readable


def read_table(path: Path) -> pd.DataFrame:
    """A table of an audit; a concept called NA is a concept, and an empty cell a missing number."""
    with readable(path, "a table of an audit"):
        return pd.read_csv(path, keep_default_na=False, na_values=[""])
