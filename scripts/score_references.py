"""Score the original and the retrained models."""

import pandas as pd

from lethe.deepunlearn.experiment import Experiment
from lethe.deepunlearn.models.stack import Stack
from lethe.io.tables import write_parquet
from lethe.runtime import resolve_device, start_job

wildcards, params = snakemake.wildcards, snakemake.params
start_job(snakemake.log[0], f"references {' '.join(wildcards)}", snakemake.threads)
experiment = Experiment.load(snakemake.input.data, wildcards.architecture, resolve_device(params.device))
original, retrained = (
    Stack.load(path).to(experiment.images.device) for path in (snakemake.input.original, snakemake.input.retrained)
)
problem = experiment.problem(original, params.seeds)
tables = [experiment.score(problem, stack, name) for name, stack in (("original", original), ("retrained", retrained))]
write_parquet(snakemake.output.scores, pd.concat(tables, ignore_index=True))
