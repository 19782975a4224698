"""Fetch a published record."""

from lethe.archive.fetch import fetch_record
from lethe.io.atomic import atomic_path
from lethe.runtime import start_job

start_job(snakemake.log[0], f"record {snakemake.wildcards.record}", snakemake.threads, torch=False)
with atomic_path(snakemake.output.folder) as folder:
    fetch_record(snakemake.wildcards.record, folder)
