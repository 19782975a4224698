"""Fetch one file of config/downloads.yaml."""

from lethe.runtime import start_job

from lethe.io.download import download
from lethe.io.remote import RemoteFile

start_job(snakemake, f"download {snakemake.wildcards.file}", torch=False)
download(RemoteFile.model_validate(snakemake.params.remote), snakemake.output.file)
