"""Compare the published choice of entities with the one that is computed anew."""

from lethe.runtime import start_job

import pandas as pd

from lethe.io.tables import read_json, write_csv, write_json
from lethe.settings.tasks import Task
from lethe.sources import SOURCES
from lethe.testbed.balance import greedy_pair
from lethe.testbed.selection import read_published, selection_summary, selection_table

start_job(snakemake, f"selection {snakemake.wildcards.task}", torch=False)
task = Task.model_validate(snakemake.params.task)
enriched = read_json(snakemake.input.enriched)
published = read_published(snakemake.input.published)
table = selection_table(enriched, task.rules, task.balance, task.entities, task.priority, published)
candidates = getattr(SOURCES.load(task.source), "BALANCING", None)
computed = list(greedy_pair(pd.DataFrame(enriched), *candidates)) if candidates else None
pair = {"configured": list(task.balance), "computed": computed, "equal": computed == list(task.balance) if computed else None}
write_csv(snakemake.output.table, table)
write_json(snakemake.output.summary, selection_summary(table) | {"balancing_pair": pair})
