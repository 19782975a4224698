"""Write the record of a run and keep the workflow that ran."""

from lethe.runtime import start_job

from lethe.archive.provenance import keep_workflow, run_record
from lethe.io.tables import read_json, write_json

params, given = snakemake.params, snakemake.input
start_job(snakemake, f"record of {params.target}", torch=False)
keep_workflow(params.root, given.workflow, snakemake.output.workflow)
record = run_record(params.root, params.target, given.config, params.codes, params.benchmarks, read_json(given.host))
write_json(snakemake.output.record, record)
