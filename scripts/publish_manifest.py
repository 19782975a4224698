"""Write the manifest of all bundles."""

from lethe.runtime import start_job

from lethe.archive.manifest import Bundle, write_manifest
from lethe.io.tables import read_json

start_job(snakemake, "manifest", torch=False)
bundles = [Bundle.model_validate(read_json(entry)) for entry in snakemake.input.entries]
write_manifest(snakemake.output.manifest, snakemake.params.world, snakemake.params.settings, bundles)
