"""Enrich the raw records of a task, then choose its balanced entities."""

from lethe.io.tables import read_json, write_json
from lethe.runtime import start_job
from lethe.settings.models import Task
from lethe.testbed.metadata import enrich, select

start_job(snakemake.log[0], f"metadata {snakemake.wildcards.task}", snakemake.threads, torch=False)
task = Task.model_validate(snakemake.params.task)
enriched = enrich(read_json(snakemake.input.records), rules=task.derived)
write_json(snakemake.output.enriched, enriched)
write_json(snakemake.output.filtered, select(enriched, task.balance, task.entities, task.priority))
