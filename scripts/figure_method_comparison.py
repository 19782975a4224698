"""Draw how much each method harms the entities it was told to keep."""

from lethe.runtime import start_job

from lethe.io.tables import read_json, read_parquet
from lethe.plots import method_comparison
from lethe.plots.style import publish
from lethe.testbed.schema import read_metadata

task, metric = snakemake.wildcards.task, snakemake.wildcards.metric
start_job(snakemake, f"method comparison of {task}, {metric}", torch=False)
table = method_comparison.data(
    read_parquet(snakemake.input.pairs),
    read_json(snakemake.input.noise_floor),
    read_metadata(snakemake.input.metadata),
    metric,
    snakemake.params.methods,
    snakemake.params.task["tuning_emitters"],
)
publish(method_comparison.draw(table, metric), table, snakemake.output.png, snakemake.output.csv)
