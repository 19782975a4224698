"""Unpack an archive."""

from lethe.runtime import start_job

from lethe.io.unpack import unpack

start_job(snakemake.log[0], f"unpack {snakemake.wildcards.file}", snakemake.threads, torch=False)
unpack(snakemake.input.archive, snakemake.output.folder)
