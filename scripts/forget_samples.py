"""Run one method on the models of all seeds."""

from lethe.runtime import resolve_device, start_job

from lethe.deepunlearn import METHODS
from lethe.deepunlearn.experiment import Experiment
from lethe.deepunlearn.methods.base import configure, run
from lethe.deepunlearn.models.stack import Stack
from lethe.io.tables import read_json

wildcards, params = snakemake.wildcards, snakemake.params
start_job(snakemake, f"forget {' '.join(wildcards)}")
experiment = Experiment.load(snakemake.input.data, wildcards.architecture, resolve_device(params.device))
problem = experiment.problem(Stack.load(snakemake.input.original).to(experiment.images.device), params.seeds)
method = METHODS.load(wildcards.unlearner)()
values = params.found["values"] if params.found else read_json(snakemake.input.found)["values"]
unlearned = run(method, problem, [configure(method, values)] * len(problem))
unlearned.save(
    snakemake.output.models, {"dataset": wildcards.dataset, "architecture": wildcards.architecture, "method": wildcards.unlearner}
)
