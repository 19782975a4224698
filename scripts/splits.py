"""Write the forget and retain lists of ten entities."""

from lethe.runtime import log, start_job

from lethe.io.tables import read_parquet, write_jsonl
from lethe.settings.tasks import Task
from lethe.testbed.schema import read_metadata
from lethe.testbed.splits import FORGET, RETAIN, make_splits

start_job(snakemake, f"splits {snakemake.wildcards.task}", torch=False)
task = Task.model_validate(snakemake.params.task)
splits = make_splits(
    read_metadata(snakemake.input.metadata),
    read_parquet(snakemake.input.index),
    task.prompt_style,
    limit=task.images_per_entity,
    least=task.min_images_per_entity,
    fidelity=snakemake.params.fidelity,
)
log.info("training images of each entity: %d (images_per_entity: %d)", splits.n_min, task.images_per_entity)
if cost := splits.cost(task.images_per_entity):
    log.warning(cost)
first = 10 * int(snakemake.wildcards.decade)
for unit, (forget, retain) in enumerate(zip(snakemake.output.forget, snakemake.output.retain, strict=True)):
    records = splits.records(first + unit)
    write_jsonl(forget, records[FORGET])
    write_jsonl(retain, records[RETAIN])
