"""Draw the same images at batch 1 and batch 40."""

from lethe.runtime import resolve_device, start_job

from lethe.diffusion.bench import bench_batch_invariance
from lethe.io.tables import write_json
from lethe.settings.generation import Generation
from lethe.testbed.schema import read_metadata

params = snakemake.params
start_job(snakemake, "bench: batch invariance")
result = bench_batch_invariance(
    snakemake.input.base,
    read_metadata(snakemake.input.metadata),
    params.style,
    Generation.model_validate(params.generation),
    params.world,
    params.task,
    resolve_device(params.device),
)
write_json(snakemake.output.json, result)
