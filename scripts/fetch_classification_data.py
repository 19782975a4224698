"""Download the files of a data set."""

from lethe.runtime import start_job

from pathlib import Path

from lethe.deepunlearn.data.fetch import fetch

start_job(snakemake, f"fetch {snakemake.wildcards.dataset}")
fetch(snakemake.wildcards.dataset, Path(snakemake.output.folder))
