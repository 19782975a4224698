"""Build the vocabulary over the captions of all tasks."""

from lethe.runtime import start_job

from lethe.pretraining.train import read_tasks, tokenizer_part
from lethe.settings.pretraining import PretrainingSettings

params = snakemake.params
start_job(snakemake, "tokenizer")
settings = PretrainingSettings.model_validate(params.settings)
tasks = read_tasks(params.styles, snakemake.input.sources)
tokenizer_part(snakemake.output.record, tasks, settings)
