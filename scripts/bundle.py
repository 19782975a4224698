"""Pack published files into a bundle and write its entry of the manifest."""

from lethe.runtime import start_job

from pathlib import Path

from lethe.archive.bundle import write_bundle
from lethe.io.tables import write_json

results = Path(snakemake.output.tar).parents[2]  # of results/{world}/publish/bundles/x.tar
start_job(snakemake, f"bundle {snakemake.wildcards.bundle}", torch=False)
paths = [Path(file).relative_to(results).as_posix() for file in snakemake.input.files]
entry = write_bundle(snakemake.output.tar, results, paths, snakemake.params.kind)
write_json(snakemake.output.entry, entry.model_dump(), indent=1)
