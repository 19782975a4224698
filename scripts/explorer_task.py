"""Write what the explorer shows of a task: tables, numbers of every image, thumbnails."""

from lethe.runtime import start_job

from lethe.explorer.task import write_task
from lethe.io.tables import read_json, read_parquet
from lethe.testbed.schema import read_metadata

files, params, task = snakemake.input, snakemake.params, snakemake.wildcards.task
start_job(snakemake, f"explorer of {task}", torch=False)
shards = dict(zip(["baseline", *params.runs], zip(files.tars, files.indices, strict=True), strict=True))
write_task(
    snakemake.output.folder,
    task,
    {name: read_parquet(files[name]) for name in ("pairs", "images", "baseline")},
    read_metadata(files.metadata),
    {kind: read_json(file) for kind, file in zip(params.kinds, files.similarities, strict=True)},
    read_json(files.noise_floor),
    params.methods,
    shards,
    params.thumbnail,
)
