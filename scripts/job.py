"""Any job: calls the function that its rule names."""

from lethe.execution.run import run_job

run_job(snakemake)
