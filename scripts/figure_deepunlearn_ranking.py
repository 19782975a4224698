"""Draw the table of groups and mean ranks as a picture."""

from lethe.runtime import start_job

import pandas as pd

from lethe.plots import deepunlearn_ranking as figure
from lethe.plots.style import publish

start_job(snakemake, "ranking", torch=False)
groups, ranks = (pd.concat([pd.read_csv(path) for path in paths]) for paths in (snakemake.input.groups, snakemake.input.ranks))
table = figure.data(groups, ranks)
publish(figure.draw(table), table, snakemake.output.png, snakemake.output.csv)
