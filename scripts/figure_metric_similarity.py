"""Draw a pair metric against a similarity, one panel per method."""

from lethe.runtime import start_job

from lethe.io.tables import read_json, read_parquet
from lethe.plots import metric_similarity
from lethe.plots.style import publish
from lethe.testbed.schema import read_metadata

wildcards = snakemake.wildcards
start_job(snakemake, f"{wildcards.metric} against {wildcards.kind} similarity of {wildcards.task}", torch=False)
table = metric_similarity.data(
    read_parquet(snakemake.input.pairs),
    read_json(snakemake.input.similarity),
    read_metadata(snakemake.input.metadata),
    wildcards.metric,
    snakemake.params.methods,
    metric_similarity.mantel_test(snakemake.params.permutations, snakemake.params.seed),
)
figure = metric_similarity.draw(table, wildcards.metric, wildcards.kind)
publish(figure, table, snakemake.output.png, snakemake.output.csv)
