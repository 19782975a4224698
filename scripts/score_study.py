"""Score the models of every method, the originals and the retrained: one row per model."""

from pathlib import Path

import pandas as pd

from lethe.deepunlearn.evaluation import score
from lethe.deepunlearn.experiment import Experiment
from lethe.deepunlearn.models.stack import Stack
from lethe.io.tables import write_parquet
from lethe.runtime import resolve_device, start_job

wildcards, params, given = snakemake.wildcards, snakemake.params, snakemake.input
start_job(snakemake.log[0], f"scores {' '.join(wildcards)}", snakemake.threads)
experiment = Experiment.load(given.data, wildcards.architecture, resolve_device(params.device))
names = {"dataset": wildcards.dataset, "architecture": wildcards.architecture}
stacks = {
    Path(path).stem: Stack.load(path).to(experiment.images.device) for path in (given.original, given.retrained, *given.unlearned)
}
problem = experiment.problem(stacks["original"], params.seeds)
tables = [score(problem, stack, experiment.splits["test"], **names, method=method) for method, stack in stacks.items()]
write_parquet(snakemake.output.scores, pd.concat(tables, ignore_index=True))
