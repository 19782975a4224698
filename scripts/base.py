"""Put a base's pipeline folder together from checkpoints."""

from lethe.runtime import start_job

from pathlib import Path

from lethe.io.atomic import atomic_path
from lethe.pretraining.folders import base_folder
from lethe.settings.pretraining import PretrainingSettings

start_job(snakemake, f"base {snakemake.wildcards.base}", torch=False)
with atomic_path(snakemake.output.folder) as folder:
    base_folder(
        folder,
        Path(snakemake.input.vae[0]),
        Path(snakemake.input.weights[0]),
        Path(snakemake.input.tokenizer),
        PretrainingSettings.model_validate(snakemake.params.settings),
    )
