"""Train a base, or the same without one entity (the retrained reference)."""

from lethe.runtime import start_job

from lethe.pretraining.train import base_part, read_tasks
from lethe.settings.pretraining import PretrainingSettings
from lethe.testbed.schema import read_metadata

params = snakemake.params
start_job(snakemake, "base")
settings = PretrainingSettings.model_validate(params.settings)
tasks = read_tasks(params.styles, snakemake.input.sources)
exclude = None
if "metadata" in snakemake.input.keys():
    record = read_metadata(snakemake.input.metadata)[int(snakemake.wildcards.index)]
    exclude = f"{snakemake.wildcards.task}/{record['name']}"
base_part(
    snakemake.output.weights,
    tasks,
    vae=snakemake.input.vae[0],
    tokenizer=snakemake.input.tokenizer,
    judge=snakemake.input.judge[0],
    settings=settings,
    seed=params.seed,
    exclude=exclude,
)
