"""Pack the images and raw attributes of a task's source into a shard."""

from lethe.runtime import start_job

from lethe.settings.tasks import Task
from lethe.sources import SOURCES
from lethe.sources.pack import pack_source
from lethe.testbed.selection import read_published

start_job(snakemake, f"source {snakemake.wildcards.task}", torch=False)
task = Task.model_validate(snakemake.params.task)
source = SOURCES.load(task.source)(**task.source_options.model_dump())
only = read_published(snakemake.input.published) if snakemake.input.get("published") else None
pack_source(source, **snakemake.output, only=only)
