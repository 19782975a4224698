"""Unlearn and draw at the size of Stable Diffusion v1.4, on the CPU."""

from lethe.runtime import start_job

from lethe.io.tables import write_json
from lethe.unlearners.bench_sd14 import bench_sd14

start_job(snakemake, "bench: Stable Diffusion v1.4 on the CPU")
write_json(snakemake.output.json, bench_sd14(snakemake.input.folder))
