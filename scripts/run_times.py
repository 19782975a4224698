"""Time every method of a study with the machine to itself."""

from lethe.runtime import resolve_device, start_job

from pathlib import Path

from lethe.deepunlearn import METHODS
from lethe.deepunlearn.experiment import Experiment
from lethe.deepunlearn.methods.base import configure
from lethe.deepunlearn.models.stack import Stack
from lethe.deepunlearn.timing import run_times
from lethe.io.tables import read_json, write_parquet
from lethe.settings.classifiers import BaseTraining

wildcards, params = snakemake.wildcards, snakemake.params
start_job(snakemake, f"run times {' '.join(wildcards)}", threads=1)  # it holds all cores to be alone and computes on one
experiment = Experiment.load(snakemake.input.data, wildcards.architecture, resolve_device(params.device))
found = params.found or {Path(file).stem: read_json(file) for file in snakemake.input.found}
configs = {name: configure(METHODS.load(name)(), found[name]["values"]) for name in params.methods}
original = Stack.load(snakemake.input.original).to(experiment.images.device)
write_parquet(
    snakemake.output.times, run_times(experiment, original, configs, BaseTraining.model_validate(params.training), params.repeats)
)
