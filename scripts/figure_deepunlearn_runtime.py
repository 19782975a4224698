"""Draw run time against retention deviation and indiscernibility."""

import pandas as pd

from lethe.plots import deepunlearn_runtime as figure
from lethe.plots.style import publish
from lethe.runtime import setup_logging

setup_logging(snakemake.log[0], "run times")
methods = pd.read_csv(snakemake.input.methods)
table = figure.data(methods, methods.dropna(subset="seconds"))
publish(figure.draw(table), table, snakemake.output.png, snakemake.output.csv)
