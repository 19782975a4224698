"""Upload manifest and bundles into the draft and write the receipt."""

from lethe.runtime import start_job

from pathlib import Path

from lethe.archive.client import Client
from lethe.archive.deposit import token_from, upload_all
from lethe.io.tables import read_json, write_json

start_job(snakemake, "publish", torch=False)
client = Client(snakemake.params.api, token_from("ZENODO_TOKEN"))
manifest = Path(snakemake.input.manifest)
receipt = upload_all(client, read_json(snakemake.input.draft), manifest, manifest.parent / "bundles")
write_json(snakemake.output.receipt, receipt)
