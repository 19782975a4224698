"""Draw the ROC curves of U-LiRA in its default variant."""

from lethe.runtime import start_job

import pandas as pd

from lethe.deepunlearn.ulira import DEFAULT
from lethe.io.tables import read_parquet
from lethe.plots import deepunlearn_lira_roc as figure
from lethe.plots.style import publish

start_job(snakemake, "U-LiRA curves", torch=False)
attacks = pd.read_csv(snakemake.input.lira)
table = figure.data(read_parquet(snakemake.input.roc), attacks[attacks["variant"] == DEFAULT])
publish(figure.draw(table), table, snakemake.output.png, snakemake.output.csv)
