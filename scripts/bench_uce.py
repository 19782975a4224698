"""UCE for 100 entities at the size of Stable Diffusion v1.4."""

from lethe.io.tables import write_json
from lethe.runtime import start_job
from lethe.unlearners.bench_uce import bench_uce

start_job(snakemake.log[0], "bench: UCE", snakemake.threads)
write_json(snakemake.output.json, bench_uce())
