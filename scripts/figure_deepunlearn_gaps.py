"""Draw how far every method's accuracies are from the retrained models'."""

from lethe.runtime import start_job

import pandas as pd

from lethe.plots import deepunlearn_gaps as figure
from lethe.plots.style import publish

start_job(snakemake, "gaps to retraining", torch=False)
table = figure.data(pd.read_csv(snakemake.input.seeds))
publish(figure.draw(table), table, snakemake.output.png, snakemake.output.csv)
