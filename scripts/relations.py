"""Write every relation of statistics with attributes, and of statistics with each other."""

from lethe.runtime import start_job

from lethe.interference.resampling import Inference
from lethe.interference.templates.data import TaskData
from lethe.interference.templates.sweeps import alignment_table, relation_table
from lethe.io.tables import read_json, read_parquet, write_csv
from lethe.settings.tasks import Task
from lethe.testbed.attributes import chosen_attributes

params, given = snakemake.params, snakemake.input
start_job(snakemake, f"relations {snakemake.wildcards.task}", torch=False)
settings, inference = Task.model_validate(params.task), Inference(**params.inference)
task = TaskData(
    snakemake.wildcards.task, read_json(given.metadata), settings.balance, read_parquet(given.pairs), read_json(given.entities)
)
attributes = list(dict.fromkeys([*settings.balance, *chosen_attributes(task.metadata, settings.balance, settings.attributes)]))
write_csv(snakemake.output.relations, relation_table(task, params.methods, attributes, inference))
write_csv(snakemake.output.alignments, alignment_table(task, params.methods, inference))
