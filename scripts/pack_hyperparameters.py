"""Keep what the searches of a data set and an architecture found as a file of the configuration."""

from pathlib import Path

from lethe.deepunlearn.hyperparameters import write_shipped
from lethe.io.tables import read_json
from lethe.runtime import start_job

wildcards, params = snakemake.wildcards, snakemake.params
start_job(snakemake.log[0], f"pack hyper-parameters {' '.join(wildcards)}", snakemake.threads, torch=False)
write_shipped(
    snakemake.output.found,
    {
        "dataset": wildcards.dataset,
        "architecture": wildcards.architecture,
        "protocol": params.search["protocol"],
        "seeds": params.search["seeds"],
        "methods": {Path(file).stem: read_json(file) for file in snakemake.input},
    },
)
