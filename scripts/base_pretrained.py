"""Fetch a pretrained base by hub id, or copy it from a folder, into a local pipeline folder, once it is examined."""

from lethe.runtime import start_job

from lethe.diffusion.folder import write_base_record
from lethe.diffusion.intake import take_in
from lethe.io.atomic import atomic_path
from lethe.settings.bases import Base

start_job(snakemake, f"pretrained base {snakemake.wildcards.base}")
base = Base.model_validate(snakemake.params.base)
with atomic_path(snakemake.output.folder) as folder:
    take_in(base.folder or base.path, folder, base.revision)
    write_base_record(folder, {"path": base.path, "revision": base.revision})
