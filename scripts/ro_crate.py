"""Describe a run and its products as a Workflow Run RO-Crate."""

from lethe.runtime import start_job

from pathlib import Path

from lethe.archive.citation import read_citation
from lethe.archive.crate import run_crate
from lethe.io.tables import read_json, write_json

given = snakemake.input
start_job(snakemake, "RO-Crate", torch=False)
crate = run_crate(
    Path(snakemake.output.crate).parent,
    read_citation(Path(given.citation)),
    read_json(given.record),
    Path(given.workflow) / "Snakefile",
    [given.config],
    [*sorted(given.products), given.record],
)
write_json(snakemake.output.crate, crate)
