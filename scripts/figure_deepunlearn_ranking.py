"""Draw the table of groups and mean ranks as a picture."""

from lethe.runtime import setup_logging

import pandas as pd

from lethe.plots import deepunlearn_ranking as figure
from lethe.plots.style import publish

setup_logging(snakemake.log[0], "ranking")
groups, ranks = (pd.concat([pd.read_csv(path) for path in paths]) for paths in (snakemake.input.groups, snakemake.input.ranks))
table = figure.data(groups, ranks)
publish(figure.draw(table), table, snakemake.output.png, snakemake.output.csv)
