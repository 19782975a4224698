"""Draw run time against retention deviation and indiscernibility."""

from lethe.runtime import start_job

import pandas as pd

from lethe.plots import deepunlearn_runtime as figure
from lethe.plots.style import publish

start_job(snakemake, "run times", torch=False)
methods = pd.read_csv(snakemake.input.methods)
table = figure.data(methods, methods.dropna(subset="seconds"))
publish(figure.draw(table), table, snakemake.output.png, snakemake.output.csv)
