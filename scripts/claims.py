"""Compare the finished tables with what is claimed."""

from lethe.runtime import start_job

from lethe.claims import claims, table, text
from lethe.io.tables import write_csv

start_job(snakemake, "claims", torch=False)
folder = snakemake.output.claims.removesuffix("/tables/claims.csv")
rows = claims(folder, snakemake.params.tasks, snakemake.params.studies, snakemake.params.benchmarks)
print(text(rows))
write_csv(snakemake.output.claims, table(rows))
