"""Fetch one file of config/downloads.yaml."""

from lethe.runtime import start_job

from lethe.io.download import download
from lethe.settings.downloads import RemoteFile

start_job(snakemake.log[0], f"download {snakemake.wildcards.file}", snakemake.threads, torch=False)
download(RemoteFile.model_validate(snakemake.params.remote), snakemake.output.file)
