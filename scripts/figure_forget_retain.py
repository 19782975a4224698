"""Draw forgetting against retention, one point per emitter and method."""

from lethe.runtime import start_job

from lethe.io.tables import read_parquet
from lethe.plots import forget_retain
from lethe.plots.style import publish
from lethe.testbed.schema import read_metadata

start_job(snakemake, f"forgetting against retention of {snakemake.wildcards.task}", torch=False)
table = forget_retain.data(
    read_parquet(snakemake.input.pairs),
    read_parquet(snakemake.input.baseline),
    read_metadata(snakemake.input.metadata),
    snakemake.params.methods,
    snakemake.params.task["tuning_emitters"],
)
publish(forget_retain.draw(table), table, snakemake.output.png, snakemake.output.csv)
