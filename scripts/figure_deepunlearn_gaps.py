"""Draw how far every method's accuracies are from the retrained models'."""

from lethe.runtime import setup_logging

import pandas as pd

from lethe.plots import deepunlearn_gaps as figure
from lethe.plots.style import publish

setup_logging(snakemake.log[0], "gaps to retraining")
table = figure.data(pd.read_csv(snakemake.input.seeds))
publish(figure.draw(table), table, snakemake.output.png, snakemake.output.csv)
