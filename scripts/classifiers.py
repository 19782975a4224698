"""Train the original and the retrained models of a data set and an architecture."""

from lethe.runtime import resolve_device, start_job

from lethe.deepunlearn.experiment import Experiment
from lethe.settings.classifiers import BaseTraining

wildcards, params = snakemake.wildcards, snakemake.params
start_job(snakemake, f"classifiers {wildcards.dataset} {wildcards.architecture}")
experiment = Experiment.load(snakemake.input.data, wildcards.architecture, resolve_device(params.device))
training = BaseTraining.model_validate(params.training)
count = len(params.seeds)
if params.tuning:  # every model has a forget set of its own
    retain, _ = experiment.tuning_rows(params.seeds)
else:
    retain = experiment.splits["retain"].expand(count, -1)
for name, rows in (("original", experiment.training_rows().expand(count, -1)), ("retrained", retain)):
    stack = experiment.train(rows, params.seeds, training)
    stack.save(snakemake.output[name], {"dataset": wildcards.dataset, "architecture": wildcards.architecture, "role": name})
