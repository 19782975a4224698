"""Train the original and the retrained models of a data set and an architecture; for the search, retrained ones of its own forget set."""

from lethe.deepunlearn.experiment import Experiment
from lethe.runtime import resolve_device, start_job
from lethe.settings.deepunlearn import BaseTraining

wildcards, params = snakemake.wildcards, snakemake.params
start_job(snakemake.log[0], f"classifiers {wildcards.dataset} {wildcards.architecture}", snakemake.threads)
experiment = Experiment.load(snakemake.input.data, wildcards.architecture, resolve_device(params.device))
training = BaseTraining.model_validate(params.training)
rows = {
    "original": experiment.training_rows(),
    "retrained": experiment.splits["retain"],
    "tuning": experiment.splits["tuning_retain"],
}
for name, path in snakemake.output.items():
    stack = experiment.train(rows[name].expand(len(params.seeds), -1), params.seeds, training)
    stack.save(path, {"dataset": wildcards.dataset, "architecture": wildcards.architecture, "role": name})
