"""Put our numbers beside those of an independent re-run."""

from lethe.runtime import start_job

import pandas as pd

from lethe.deepunlearn.ledger import ledger, read_reference
from lethe.io.tables import write_csv

start_job(snakemake, f"ledger {' '.join(snakemake.wildcards)}", torch=False)
methods = pd.read_csv(snakemake.input.methods)
write_csv(snakemake.output.ledger, ledger(read_reference(snakemake.input.reference), methods))
