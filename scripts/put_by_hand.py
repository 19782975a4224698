"""Check a file that was put into data/ by hand and take it from there."""

from lethe.io.download import put_by_hand
from lethe.runtime import start_job
from lethe.settings.downloads import Download

start_job(snakemake.log[0], f"take {snakemake.wildcards.file}", snakemake.threads, torch=False)
put_by_hand(Download.model_validate(snakemake.params.remote), snakemake.params.place, snakemake.output.file)
