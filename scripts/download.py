"""Fetch one file of config/downloads.yaml, or take it from where it was put by hand."""

from lethe.io.download import adopt, download
from lethe.runtime import start_job
from lethe.settings.downloads import Download

start_job(snakemake.log[0], f"download {snakemake.wildcards.file}", snakemake.threads, torch=False)
remote = Download.model_validate(snakemake.params.remote)
if snakemake.input.get("by_hand"):
    adopt(remote, snakemake.input.by_hand, snakemake.output.file)
elif remote.by_hand:
    raise FileNotFoundError(f"{snakemake.params.place} does not exist and has no address: {remote.by_hand} ({remote.source})")
else:
    download(remote, snakemake.output.file)
