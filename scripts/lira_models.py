"""Train the original and the retrained models of U-LiRA and keep what they say about every sample."""

from lethe.runtime import resolve_device, start_job

from lethe.deepunlearn.experiment import Experiment
from lethe.deepunlearn.lira import original_outputs, retrained_outputs, train_originals, write_outputs
from lethe.settings.classifiers import BaseTraining, Lira

wildcards, params = snakemake.wildcards, snakemake.params
start_job(snakemake, f"U-LiRA models {' '.join(wildcards)}")
experiment = Experiment.load(snakemake.input.data, wildcards.architecture, resolve_device(params.device))
lira = Lira.model_validate(params.lira)
training = BaseTraining.model_validate(params.training)
original = train_originals(experiment, lira, training)
original.save(snakemake.output.original_models, {"dataset": wildcards.dataset, "architecture": wildcards.architecture})
write_outputs(snakemake.output.original, *original_outputs(experiment, lira, original))
write_outputs(snakemake.output.retrained, *retrained_outputs(experiment, lira, training))
