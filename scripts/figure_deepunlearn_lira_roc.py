"""Draw the ROC curves of U-LiRA in its default variant."""

from lethe.runtime import setup_logging

import pandas as pd

from lethe.deepunlearn.ulira import DEFAULT
from lethe.io.tables import read_parquet
from lethe.plots import deepunlearn_lira_roc as figure
from lethe.plots.style import publish

setup_logging(snakemake.log[0], "U-LiRA curves")
attacks = pd.read_csv(snakemake.input.lira)
table = figure.data(read_parquet(snakemake.input.roc), attacks[attacks["variant"] == DEFAULT])
publish(figure.draw(table), table, snakemake.output.png, snakemake.output.csv)
