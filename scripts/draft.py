"""Find or create the draft."""

from lethe.runtime import start_job

from lethe.archive.client import Client
from lethe.archive.deposit import make_draft, token_from
from lethe.io.tables import read_json, write_json

start_job(snakemake, "draft", torch=False)
client = Client(snakemake.params.api, token_from("ZENODO_TOKEN"))
write_json(snakemake.output.draft, make_draft(client, read_json(snakemake.input.metadata), snakemake.params.world))
