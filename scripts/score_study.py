"""Score the models of every method, the originals and the retrained: one row per model."""

from lethe.runtime import resolve_device, start_job

from pathlib import Path

import pandas as pd

from lethe.deepunlearn.evaluation import score
from lethe.deepunlearn.experiment import Experiment
from lethe.deepunlearn.models.stack import Stack
from lethe.io.tables import write_parquet

wildcards, params, given = snakemake.wildcards, snakemake.params, snakemake.input
start_job(snakemake, f"scores {' '.join(wildcards)}")
experiment = Experiment.load(given.data, wildcards.architecture, resolve_device(params.device))
names = {"dataset": wildcards.dataset, "architecture": wildcards.architecture}
problem = experiment.problem(Stack.load(given.original).to(experiment.images.device), params.seeds)
tables = []
for path in (given.original, given.retrained, *given.unlearned):
    stack = Stack.load(path).to(experiment.images.device)
    tables.append(score(problem, stack, experiment.splits["test"], **names, method=Path(path).stem))
write_parquet(snakemake.output.scores, pd.concat(tables, ignore_index=True))
