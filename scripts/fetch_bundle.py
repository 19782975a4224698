"""Fetch one bundle of the published record."""

from lethe.runtime import start_job

from pathlib import Path

from lethe.archive.pull import fetch_bundle
from lethe.settings.archive import Archive

start_job(snakemake, f"fetch {snakemake.wildcards.bundle}", torch=False)
fetch_bundle(Archive.model_validate(snakemake.params.archive), Path(snakemake.input.manifest), Path(snakemake.output.bundle))
