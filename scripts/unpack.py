"""Unpack an archive."""

from lethe.runtime import start_job

from lethe.io.unpack import unpack

start_job(snakemake, f"unpack {snakemake.wildcards.file}", torch=False)
unpack(snakemake.input.archive, snakemake.output.folder)
