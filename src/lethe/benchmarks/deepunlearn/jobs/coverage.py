"""How often U-LiRA's intervals hold the truth."""

from __future__ import annotations

import logging
from pathlib import Path

from lethe.benchmarks.deepunlearn.coverage import World, measure, text
from lethe.io.tables import write_json

SETS = 1000
SIZES = (500, 1797)
UNEVEN = 0.6
SHIFT = 1.5
NEAR = 0.02  # of 0.95
ALARMS = 0.05

log = logging.getLogger("lethe")


def cover(json: Path, sets: int = SETS) -> None:
    """Write coverages of null data, of null data whose samples differ in noise, and of data that leak; and print them.

    Args:
        sets: made-up data sets of each size, half as many of the two further kinds.
    """
    null = [(World(n), sets) for n in SIZES]
    uneven = [(World(n, uneven=UNEVEN), sets // 2) for n in SIZES]
    leaking = [(World(n, uneven=UNEVEN, shift=SHIFT), sets // 2) for n in SIZES]
    found = [measure(world, number) for world, number in [*null, *uneven, *leaking]]
    shares = [share for row in found[: len(null)] for share in row.coverage.values()]
    others = [share for row in found[len(null) :] for share in row.coverage.values()]
    alarms = [row.alarms for row in found if not row.world.shift]
    value = {"null": _span(shares), "uneven, leaking": _span(others), "most false alarms": max(alarms)}
    result = {
        "value": value,
        "target": {"null": f"0.95 +- {NEAR}", "false alarms": ALARMS},
        "holds": all(abs(share - 0.95) <= NEAR for share in shares) and max(alarms) <= ALARMS,
        "how": f"{sets} made-up null data sets of each size, half as many uneven and leaking ones, S = 64, K = 4: shares of sets whose two-way "
        "95 % interval of U-LiRA's accuracy, area and true-positive rates holds the truth, and for which the gate of retrained models does "
        "not hold",
        "measured": [row.record() for row in found],
    }
    write_json(json, result)
    log.info("coverage of 95 %% intervals\n%s", text(found))


def _span(shares: list[float]) -> str:
    return f"{min(shares):.3f} to {max(shares):.3f}"
