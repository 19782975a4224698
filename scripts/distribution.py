"""Compare what every model of a task draws with what the base drew, as sets of images."""

from lethe.runtime import start_job

from pathlib import Path

from lethe.interference.distribution import distribution_summary, distribution_table
from lethe.io.tables import write_csv
from lethe.metrics.embeddings import Embeddings
from lethe.records import ModelId
from lethe.settings.statistics import Statistics
from lethe.settings.tasks import Task
from lethe.testbed.schema import read_metadata

params, given, name = snakemake.params, snakemake.input, snakemake.wildcards.task
start_job(snakemake, f"distribution {name}", torch=False)
task, statistics = Task.model_validate(params.task), Statistics.model_validate(params.statistics)
models = ((ModelId.parse(Path(file).stem.removesuffix("_embeddings")), Embeddings.load(file)) for file in given.on_embeddings)
entities = len(read_metadata(given.metadata))
table = distribution_table(name, Embeddings.load(given.off_embeddings), models, entities, params.metrics)
level = 1 - statistics.alpha
write_csv(snakemake.output.table, table)
write_csv(snakemake.output.summary, distribution_summary(table, task.tuning_emitters, statistics.bootstrap, level, params.seed))
