"""Unpack the files of a rule from a bundle of the published record."""

from lethe.runtime import start_job

from pathlib import Path

from lethe.archive.bundle import unpack
from lethe.archive.manifest import read_manifest

bundle = Path(snakemake.input.bundle)
results = Path(snakemake.input.manifest).parents[1]  # of results/{world}/archive/manifest.json
start_job(snakemake, f"unpack {bundle.name}", torch=False)
manifest = read_manifest(snakemake.input.manifest)
manifest.check_settings(snakemake.params.settings)
paths = [Path(file).relative_to(results).as_posix() for file in snakemake.output]
unpack(bundle, manifest.bundle(bundle.name), results, paths)
