"""Any job: calls the function that its rule names."""

from lethe.workflow.run import run_job

run_job(snakemake)
