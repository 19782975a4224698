"""Upload manifest and bundles to the Hugging Face Hub and write the receipt."""

from lethe.runtime import start_job

from pathlib import Path

from lethe.archive.deposit import token_from
from lethe.archive.huggingface import push
from lethe.io.tables import write_json

params = snakemake.params
start_job(snakemake, f"publish to {params.repository}", torch=False)
manifest = Path(snakemake.input.manifest)
receipt = push(params.repository, manifest, manifest.parent / "bundles", endpoint=params.endpoint, token=token_from("HF_TOKEN"))
write_json(snakemake.output.receipt, receipt)
