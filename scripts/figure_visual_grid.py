"""Draw the pictures of one emitter under the base and every method."""

from lethe.runtime import start_job

from lethe.io.tables import read_json, read_parquet
from lethe.plots import visual_grid
from lethe.plots.style import publish
from lethe.testbed.schema import read_metadata

task, index = snakemake.wildcards.task, int(snakemake.wildcards.index)
start_job(snakemake, f"visual grid of {task}, emitter {index}", torch=False)
with visual_grid.open_shards(
    (snakemake.input.off_tar, snakemake.input.off_index), snakemake.input.on_tars, snakemake.input.on_indices
) as shards:
    table = visual_grid.data(
        read_parquet(snakemake.input.pairs),
        read_json(snakemake.input.similarity[0]),
        read_metadata(snakemake.input.metadata),
        index,
        snakemake.params.seed,
        snakemake.params.metric,
        shards.methods,
    )
    pictures = visual_grid.read_pictures(table, shards.readers)
publish(visual_grid.draw(table, pictures), table, snakemake.output.png, snakemake.output.csv)
