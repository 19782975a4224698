"""Train the autoencoder shared by all tasks."""

from lethe.runtime import start_job

from lethe.pretraining.train import read_tasks, vae_part
from lethe.settings.pretraining import PretrainingSettings

params = snakemake.params
start_job(snakemake, "autoencoder")
settings = PretrainingSettings.model_validate(params.settings)
tasks = read_tasks(params.styles, snakemake.input.sources)
vae_part(snakemake.output.weights, tasks, settings, params.seed)
