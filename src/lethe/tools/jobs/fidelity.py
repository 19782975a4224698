"""What every deviation from the reference changes."""

from __future__ import annotations

import logging
from pathlib import Path

from lethe.io.tables import write_csv
from lethe.settings.tasks import Task
from lethe.statistics.resampling import Inference
from lethe.tools.fidelity.registry import effects
from lethe.tools.fidelity.table import text
from lethe.tools.fidelity.world import World

log = logging.getLogger(__name__)


def tabulate(
    files: list[Path],
    bases: list[Path],
    study_tables: list[Path],
    bench: Path,
    table: Path,
    settings: dict[str, Task],
    runs: dict[str, dict[str, list[str]]],
    methods: list[str],
    inference: Inference,
    studies: list[str],
    kinds: list[str],
) -> None:
    """Write the effects of a world.

    Args:
        files, bases, study_tables: finished files and folders of the world, the only ones that are read.
        bench: the benchmark of UCE's solve.
        settings: task -> its settings.
        runs: task -> method -> names of its models.
        studies: ``{dataset}_{architecture}`` of Deep Unlearn.
        kinds: similarities of the base.
    """
    world = World(
        folder=table.parents[1],  # of results/{world}/tables/fidelity.csv
        tasks=settings,
        runs=runs,
        methods=methods,
        inference=inference,
        studies=studies,
        kinds=kinds,
        uce=bench,
        files=frozenset(str(file) for file in (*files, *bases, *study_tables)),
    )
    found = effects(world)
    log.info("effects of deviations\n%s", text(found))
    write_csv(table, found)
