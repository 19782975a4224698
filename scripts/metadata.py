"""Enrich the raw records of a task, then choose its entities: anew and balanced, or those that were published."""

from lethe.runtime import start_job

from lethe.io.tables import read_json, write_json
from lethe.settings.models import Task
from lethe.testbed.metadata import enrich, select
from lethe.testbed.selection import read_published

start_job(snakemake, f"metadata {snakemake.wildcards.task}", torch=False)
task = Task.model_validate(snakemake.params.task)
enriched = enrich(read_json(snakemake.input.records), rules=task.rules, fidelity=snakemake.params.fidelity)
published = read_published(snakemake.input.published) if snakemake.input.get("published") else None
write_json(snakemake.output.enriched, enriched)
chosen = select(enriched, task.balance, task.entities, task.priority, rules=task.rules, pinned=published)
write_json(snakemake.output.filtered, chosen)
