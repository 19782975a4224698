"""Describe the machine that this runs on."""

from lethe.runtime import start_job

from lethe.archive.provenance import host
from lethe.io.tables import write_json

start_job(snakemake, "machine", torch=False)
write_json(snakemake.output.record, host())
