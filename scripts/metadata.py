"""Enrich the raw records of a task, then choose its entities: anew and balanced, or those that were published."""

from lethe.runtime import start_job

from pathlib import Path

from lethe.io.tables import read_json, write_json
from lethe.settings.tasks import Task
from lethe.testbed.distinct import check_prompts, check_tokens
from lethe.testbed.metadata import enrich, select
from lethe.testbed.selection import read_published
from lethe.testbed.tokens import prompt_reader, read_tokenizer

given, params = snakemake.input, snakemake.params
start_job(snakemake, f"metadata {snakemake.wildcards.task}", torch=False)
task = Task.model_validate(params.task)
enriched = enrich(read_json(given.records), rules=task.rules, fidelity=params.fidelity)
published = read_published(given.published) if given.get("published") else None
chosen = select(enriched, task.balance, task.entities, task.priority, rules=task.rules, pinned=published)
check_prompts(chosen, task.prompt_style, task.overwrite_prompt)
if given.get("tokenizer"):
    part = params.tokenizer  # the configuration of a tokenizer that is one file; a pipeline's folder has its own
    reader = prompt_reader(given.tokenizer[0], part) if part else read_tokenizer(Path(given.tokenizer[0]).parent)
    check_tokens(chosen, task.prompt_style, task.overwrite_prompt, reader)
write_json(snakemake.output.enriched, enriched)
write_json(snakemake.output.filtered, chosen)
