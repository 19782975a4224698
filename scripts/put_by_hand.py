"""Check a file that was put into data/ by hand and take it from there."""

from lethe.runtime import start_job

from lethe.io.download import put_by_hand
from lethe.io.remote import RemoteFile

start_job(snakemake, f"take {snakemake.wildcards.file}", torch=False)
remote = RemoteFile.model_validate(snakemake.params.remote)
put_by_hand(remote, snakemake.params.place, snakemake.output.file, snakemake.params.advice)
