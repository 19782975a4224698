"""Fetch a pretrained evaluator once and keep it as a local folder."""

from lethe.runtime import start_job

from lethe.io.atomic import atomic_path
from lethe.metrics.folders import save_pretrained_evaluator

start_job(snakemake, f"pretrained {snakemake.wildcards.evaluator}")
evaluator = snakemake.params.evaluator
with atomic_path(snakemake.output.folder) as folder:
    save_pretrained_evaluator(
        folder, snakemake.wildcards.evaluator, evaluator["path"], evaluator["weights"], evaluator["revision"]
    )
