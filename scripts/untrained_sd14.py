"""Write a pipeline folder of Stable Diffusion v1.4's architecture with random weights."""

from lethe.runtime import start_job

from lethe.io.atomic import atomic_path
from lethe.unlearners.bench_sd14 import write_folder

start_job(snakemake, "untrained Stable Diffusion v1.4", keep=False)
with atomic_path(snakemake.output.folder) as folder:
    write_folder(folder)
