"""Draw retention deviation against indiscernibility."""

from lethe.runtime import setup_logging

import pandas as pd

from lethe.plots import deepunlearn_retdev_indisc as figure
from lethe.plots.style import publish

setup_logging(snakemake.log[0], "retention deviation against indiscernibility")
table = figure.data(pd.read_csv(snakemake.input.methods))
publish(figure.draw(table), table, snakemake.output.png, snakemake.output.csv)
