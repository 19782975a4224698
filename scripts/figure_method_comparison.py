"""Draw how much each method harms the entities it was told to keep."""

from lethe.runtime import setup_logging

from lethe.io.tables import read_json, read_parquet
from lethe.plots import method_comparison
from lethe.plots.style import publish
from lethe.testbed.schema import read_metadata

task, metric = snakemake.wildcards.task, snakemake.wildcards.metric
setup_logging(snakemake.log[0], f"method comparison of {task}, {metric}")
table = method_comparison.data(
    read_parquet(snakemake.input.pairs),
    read_json(snakemake.input.noise_floor),
    read_metadata(snakemake.input.metadata),
    metric,
    snakemake.params.methods,
    snakemake.params.task["tuning_emitters"],
)
publish(method_comparison.draw(table, metric), table, snakemake.output.png, snakemake.output.csv)
