"""Fetch a published record."""

from lethe.runtime import start_job

from lethe.archive.fetch import fetch_record
from lethe.archive.records import check_record, read_records
from lethe.io.atomic import atomic_path

record = snakemake.wildcards.record
start_job(snakemake, f"record {record}", torch=False)
known = read_records(snakemake.input.records).get(record)
with atomic_path(snakemake.output.folder) as folder:
    fetch_record(record, folder)
    check_record(folder, record, known)
