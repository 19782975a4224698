"""Put an evaluator's folder together from a checkpoint."""

from lethe.runtime import start_job

from pathlib import Path

from lethe.io.atomic import atomic_path
from lethe.pretraining import EVALUATOR_FOLDERS
from lethe.settings.pretraining import PretrainingSettings

write_folder = EVALUATOR_FOLDERS.load(snakemake.wildcards.evaluator)
start_job(snakemake, f"evaluator {snakemake.wildcards.evaluator}", torch=False)
with atomic_path(snakemake.output.folder) as folder:
    write_folder(
        folder,
        Path(snakemake.input.weights[0]),
        Path(snakemake.input.tokenizer),
        PretrainingSettings.model_validate(snakemake.params.settings),
    )
