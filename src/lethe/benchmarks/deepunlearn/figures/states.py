"""What the paired tests say of a method: as good as retraining, better than nothing, neither."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from lethe.benchmarks.deepunlearn.figures.style import ORIGINAL, RETRAINED_AGAIN, title
from lethe.figures.text import wrapped

FLOOR, BETTER, ALIKE = "floor", "better", "alike"
LINE = 135  # letters of a line above a figure
KEYS = ["dataset", "architecture", "metric", "method"]


def states(pairs: pd.DataFrame) -> pd.DataFrame:
    """``dataset, architecture, metric, method, state``.

    ``better``: nearer to the retrained models than the original is. ``floor``: also no different from models retrained from another seed.
    ``alike``: not nearer than the original.

    Args:
        pairs: of ``lethe.benchmarks.deepunlearn.pairs.paired_tests``; tests are corrected (q).
    """
    tests = pairs.rename(columns={"measure": "metric"})
    of_floor, of_original = (
        tests.loc[tests["family"] == other, [*KEYS, "differs", "difference"]] for other in (RETRAINED_AGAIN, ORIGINAL)
    )
    table = of_original.merge(of_floor, on=KEYS, how="outer", suffixes=("", "_floor"))
    better = table["differs"].eq(True) & (table["difference"] < 0)
    state = better.map({True: BETTER, False: ALIKE}).mask(better & table["differs_floor"].eq(False), FLOOR)
    return table.assign(state=state)[[*KEYS, "state"]]


def told(of_methods: Sequence[tuple[str, str]], measure: str) -> str:
    """The finding of one measure in a sentence, whatever it is.

    Args:
        of_methods: method and its state; methods only, no references.
        measure: what was compared, e.g. ``retention deviation``.
    """
    floor = [title(method) for method, state in of_methods if state == FLOOR]
    better = [title(method) for method, state in of_methods if state == BETTER]
    if not floor and not better:
        return f"{measure}: none of {len(of_methods)} methods can be told from the original, which forgot nothing."
    nearer = f"{len(floor) + len(better)} of {len(of_methods)} methods are nearer to the retrained models than the original"
    as_good = f"as near as another retrained model: {', '.join(floor)}" if floor else "none as near as another retrained model"
    return wrapped(f"{measure}: {nearer}; {as_good}.", LINE, 3)
