"""Fetch the manifest of the published record."""

from lethe.runtime import start_job

from pathlib import Path

from lethe.archive.pull import fetch_manifest
from lethe.settings.archive import Archive

start_job(snakemake, "fetch manifest", torch=False)
fetch_manifest(Archive.model_validate(snakemake.params.archive), Path(snakemake.output.manifest))
