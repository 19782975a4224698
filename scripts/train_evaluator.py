"""Train the open_clip model, the backbone or the judge."""

from lethe.runtime import start_job

from lethe.pretraining.train import evaluator_part, read_tasks
from lethe.settings.pretraining import PretrainingSettings

params = snakemake.params
start_job(snakemake, "evaluator")
settings = PretrainingSettings.model_validate(params.settings)
tasks = read_tasks(params.styles, snakemake.input.sources)
evaluator = snakemake.wildcards.evaluator
evaluator_part(snakemake.output.weights, evaluator, tasks, snakemake.input.tokenizer, settings, params.seed)
