"""Download the files of a data set."""

from pathlib import Path

from lethe.deepunlearn.data.fetch import fetch
from lethe.runtime import start_job

start_job(snakemake.log[0], f"fetch {snakemake.wildcards.dataset}", snakemake.threads)
fetch(snakemake.wildcards.dataset, Path(snakemake.output.folder))
