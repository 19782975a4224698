"""Draw retention deviation against indiscernibility."""

from lethe.runtime import start_job

import pandas as pd

from lethe.plots import deepunlearn_retdev_indisc as figure
from lethe.plots.style import publish

start_job(snakemake, "retention deviation against indiscernibility", torch=False)
table = figure.data(pd.read_csv(snakemake.input.methods))
publish(figure.draw(table), table, snakemake.output.png, snakemake.output.csv)
