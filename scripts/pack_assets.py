"""Copy trained checkpoints and their records to the folder of shipped ones; write what was copied."""

from lethe.runtime import start_job

from pathlib import Path

from lethe.io.atomic import write_bytes
from lethe.io.hashing import sha256_file
from lethe.io.tables import write_json

start_job(snakemake, "pack assets", torch=False)
for file in snakemake.input:
    write_bytes(Path(snakemake.params.folder) / Path(file).name, Path(file).read_bytes())
write_json(snakemake.output.manifest, {Path(file).name: sha256_file(file) for file in snakemake.input})
