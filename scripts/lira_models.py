"""Train the original and the retrained models of U-LiRA and keep what they say about every sample."""

from lethe.deepunlearn.experiment import Experiment
from lethe.deepunlearn.lira import outputs, train_models, write_outputs
from lethe.runtime import resolve_device, start_job
from lethe.settings.deepunlearn import BaseTraining, Lira

wildcards, params = snakemake.wildcards, snakemake.params
start_job(snakemake.log[0], f"U-LiRA models {' '.join(wildcards)}", snakemake.threads)
experiment = Experiment.load(snakemake.input.data, wildcards.architecture, resolve_device(params.device))
lira = Lira.model_validate(params.lira)
original, retrained = train_models(experiment, lira, BaseTraining.model_validate(params.training))
original.save(snakemake.output.original_models, {"dataset": wildcards.dataset, "architecture": wildcards.architecture})
write_outputs(snakemake.output.original, *outputs(experiment, lira, original))
write_outputs(snakemake.output.retrained, *outputs(experiment, lira, retrained))
