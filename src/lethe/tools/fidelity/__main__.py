"""``python -m lethe.tools.fidelity [results/mini]`` prints the finished table of effects."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def text(table: pd.DataFrame) -> str:
    """One line per effect, for a terminal."""
    return "\n".join(
        f"{row['id']:4}{row['scope']:22}{_number(row['published']):>10}{_number(row['lethe']):>10}{_number(row['agreement']):>8}  "
        f"{row['deviation']}: {row['quantity']} ({row['how']})"
        for row in table.to_dict("records")
    )


def _number(value: float) -> str:
    return "-" if value != value else f"{value:.3g}"


def main(arguments: list[str]) -> int:
    """Print the table of a world; 1 where it was not made."""
    import pandas as pd

    path = Path(arguments[0] if arguments else "results/mini") / "tables/fidelity.csv"
    if not path.exists():
        print(f"{path} is not there; run `snakemake -c2 {path}`")
        return 1
    print(f"{'id':4}{'scope':22}{'published':>10}{'lethe':>10}{'rho':>8}  effect")
    print(text(pd.read_csv(path)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
