"""Fetch a pretrained base by hub id, or copy it from a folder, into a local pipeline folder."""

from lethe.runtime import start_job

from lethe.diffusion.pipeline import load_pipeline, write_base_record
from lethe.io.atomic import atomic_path

start_job(snakemake, f"pretrained base {snakemake.wildcards.base}")
base = snakemake.params.base
pipeline = load_pipeline(base["path"], revision=base["revision"] or None)
with atomic_path(snakemake.output.folder) as folder:
    pipeline.save_pretrained(folder, safe_serialization=True)
    write_base_record(folder, {"path": base["path"], "revision": base["revision"]})
