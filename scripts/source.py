"""Pack the images and raw attributes of a task's source into a shard."""

from lethe.runtime import start_job
from lethe.settings.models import Task
from lethe.sources import SOURCES
from lethe.sources.pack import pack_source

start_job(snakemake.log[0], f"source {snakemake.wildcards.task}", snakemake.threads, torch=False)
task = Task.model_validate(snakemake.params.task)
options = {"path": task.source_path} if task.source_path else {}
source = SOURCES.load(task.source)(**options)
pack_source(source, **snakemake.output)
