"""Make every U-LiRA original forget each of its forget sets with one method; keep what the results say about every sample."""

from lethe.runtime import resolve_device, start_job

from lethe.deepunlearn import METHODS
from lethe.deepunlearn.experiment import Experiment
from lethe.deepunlearn.lira import unlearned_outputs, write_outputs
from lethe.deepunlearn.methods.base import configure
from lethe.deepunlearn.models.stack import Stack
from lethe.io.tables import read_json
from lethe.settings.classifiers import Lira

wildcards, params = snakemake.wildcards, snakemake.params
start_job(snakemake, f"U-LiRA {' '.join(wildcards)}")
experiment = Experiment.load(snakemake.input.data, wildcards.architecture, resolve_device(params.device))
lira = Lira.model_validate(params.lira)
values = params.found["values"] if params.found else read_json(snakemake.input.found)["values"]
original = Stack.load(snakemake.input.original).to(experiment.images.device)
method = METHODS.load(wildcards.unlearner)()
found = unlearned_outputs(experiment, lira, original, method, configure(method, values))
write_outputs(snakemake.output.outputs, *found)
