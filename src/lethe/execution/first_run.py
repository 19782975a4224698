"""Whether a command of Snakemake is a first run of everything, as can be told from its words before there is a plan."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

DECIDES_NO_RESULT = "tells what may start early"

# words of a command that does nothing but run everything; of any other one it is known only later whether it runs jobs, and how many
RUNS = re.compile(r"demo|all|--cores(=\d+)?|-c\d*|\d+|--report-after-run|--report|\S+\.html|--")


def runs_everything(words: Sequence[str]) -> bool:
    """Whether a command surely runs ``demo`` or ``all`` on this machine, as can be told before it is planned.

    Args:
        words: of the command line, the program first.

    >>> runs_everything(["snakemake", "-c2", "demo"]), runs_everything(["snakemake", "-n", "demo"])
    (True, False)
    """
    given = list(words[1:])
    runs = bool({"demo", "all"} & set(given)) and all(map(RUNS.fullmatch, given))
    return runs and ("--report" not in given or "--report-after-run" in given)


def is_first_run(words: Sequence[str], results: str | Path) -> bool:
    """Whether a command surely runs many jobs on this machine, as can be told before it is planned.

    Args:
        words: see ``runs_everything``.
        results: folder of the world, which is not there before its first run.

    >>> is_first_run(["snakemake", "-c2", "demo"], "no/such/folder"), is_first_run(["snakemake", "-n", "demo"], "no/such/folder")
    (True, False)
    """
    return runs_everything(words) and not Path(results).exists()
