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
        sets: made-up data sets of each kind and size.
    """
    kinds = ({}, {"uneven": UNEVEN}, {"uneven": UNEVEN, "shift": SHIFT})
    found = [measure(World(n, **kind), sets) for kind in kinds for n in SIZES]
    shares = [share for row in found for share in row.coverage.values()]
    alarms = [row.alarms for row in found if not row.world.shift]
    value = {"lowest coverage": min(shares), "highest coverage": max(shares), "most false alarms": max(alarms)}
    result = {
        "value": value,
        "target": {"coverage": f"0.95 +- {NEAR}", "false alarms": ALARMS},
        "holds": all(abs(share - 0.95) <= NEAR for share in shares) and max(alarms) <= ALARMS,
        "how": f"{sets} made-up data sets of each kind, S = 64, K = 4: shares of sets whose two-way 95 % interval of U-LiRA's accuracy, area "
        "and true-positive rates holds the truth, and for which the gate of retrained models does not hold",
        "measured": [row.record() for row in found],
    }
    write_json(json, result)
    log.info("coverage of 95 %% intervals\n%s", text(found))
