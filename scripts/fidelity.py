"""Compute what every deviation from the reference changes."""

from lethe.runtime import start_job

from pathlib import Path

from lethe.fidelity.__main__ import text
from lethe.fidelity.registry import effects
from lethe.fidelity.world import World
from lethe.interference.resampling import Inference
from lethe.io.tables import write_csv
from lethe.settings.tasks import Task

params, given = snakemake.params, snakemake.input
start_job(snakemake, "fidelity")
world = World(
    folder=Path(snakemake.output.table.removesuffix("/tables/fidelity.csv")),
    tasks={name: Task.model_validate(task) for name, task in params.tasks.items()},
    runs=params.runs,
    methods=params.methods,
    inference=Inference(**params.inference),
    studies=params.studies,
    kinds=params.kinds,
    uce=Path(given.uce),
    files=frozenset([*given.files, *given.bases]),
)
table = effects(world)
print(text(table))
write_csv(snakemake.output.table, table)
