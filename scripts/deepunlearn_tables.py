"""Means and intervals over seeds, run-time efficiency and ranking groups of a data set and an architecture."""

from lethe.runtime import start_job

from pathlib import Path

import numpy as np
import pandas as pd

from lethe.deepunlearn import METHODS, only_fine_tunes
from lethe.deepunlearn.ranking import mean_ranks, ranking_groups
from lethe.deepunlearn.scores import runtime_table, summarise
from lethe.diffusion.tensors import read_tensors
from lethe.io.tables import read_json, read_parquet, write_csv

given, params = snakemake.input, snakemake.params
start_job(snakemake, f"tables {' '.join(snakemake.wildcards)}")
level = 1 - params.alpha
scores = read_parquet(given.scores)
found = params.found or {Path(path).stem: read_json(path) for path in given.searches}
search = pd.DataFrame({"method": list(found), "seconds": [entry["seconds"] for entry in found.values()]})
tensors, _ = read_tensors(given.data)
chance = np.bincount(tensors["labels"][tensors["test"]]).max() / len(tensors["test"])

summary = summarise(scores, level)
uses_val = {name for name in found if METHODS.load(name).uses_val}
fine_tunes = [name for name in found if only_fine_tunes(name, snakemake.wildcards.architecture)]
summary.insert(3, "uses_val", summary["method"].isin(uses_val))
summary.insert(4, "only_fine_tunes", summary["method"].isin(fine_tunes))
times = read_parquet(given.times)
methods = summary.merge(runtime_table(times, search), on="method", how="left").merge(
    times[["method", "slowest"]], on="method", how="left"
)
write_csv(snakemake.output.methods, methods)
ranked = scores[~scores["method"].isin(fine_tunes)]
write_csv(snakemake.output.groups, ranking_groups(ranked, chance, level))
write_csv(snakemake.output.ranks, mean_ranks(ranked, level))
write_csv(snakemake.output.seeds, scores)
