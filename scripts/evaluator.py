"""Put an evaluator's folder together from a checkpoint."""

from pathlib import Path

from lethe.io.atomic import atomic_path
from lethe.pretraining.assemble import evaluator_folder
from lethe.runtime import start_job
from lethe.settings.pretraining import PretrainingSettings

start_job(snakemake.log[0], f"evaluator {snakemake.wildcards.evaluator}", snakemake.threads)
with atomic_path(snakemake.output.folder) as folder:
    evaluator_folder(
        folder,
        snakemake.wildcards.evaluator,
        Path(snakemake.input.weights[0]),
        Path(snakemake.input.tokenizer),
        PretrainingSettings.model_validate(snakemake.params.settings),
    )
