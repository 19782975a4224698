"""Write the page of the explorer, without the data of its tasks."""

from lethe.runtime import start_job

from pathlib import Path

from lethe.explorer.page import write_page

start_job(snakemake, "explorer", torch=False)
write_page(Path(snakemake.output.page[0]).parent, snakemake.params.world, snakemake.params.tasks)
