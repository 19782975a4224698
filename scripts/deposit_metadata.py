"""Write the metadata of the record to publish."""

from lethe.runtime import start_job

from pathlib import Path

from lethe.archive.deposit import deposit_metadata
from lethe.io.tables import write_json
from lethe.settings.archive import Publish

start_job(snakemake, "deposit metadata", torch=False)
publish = Publish.model_validate(snakemake.params.publish)
write_json(snakemake.output.metadata, deposit_metadata(Path(snakemake.input.citation), publish, snakemake.params.world))
