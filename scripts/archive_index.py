"""What the repository's public interface says about the known records."""

from lethe.runtime import start_job

from lethe.archive.client import Client
from lethe.archive.records import fetched_record, read_records, records_yaml
from lethe.io.atomic import write_text

start_job(snakemake, "archive index", torch=False)
client = Client(snakemake.params.api)
found = {number: fetched_record(client, number) for number in read_records(snakemake.input.records)}
write_text(snakemake.output.records, records_yaml(found))
