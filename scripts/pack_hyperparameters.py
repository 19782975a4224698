"""Keep what the searches of a data set and an architecture found as a file of the configuration."""

from lethe.runtime import start_job

from pathlib import Path

from lethe.deepunlearn.hyperparameters import Found, write_shipped
from lethe.io.tables import read_json

wildcards, params = snakemake.wildcards, snakemake.params
start_job(snakemake, f"pack hyper-parameters {' '.join(wildcards)}", torch=False)
found = {Path(file).stem: read_json(file) for file in snakemake.input}
first = next(iter(found.values()))
write_shipped(
    snakemake.output.found,
    {
        "dataset": wildcards.dataset,
        "architecture": wildcards.architecture,
        "protocol": params.search["protocol"],
        "seeds": params.search["seeds"],
        "norm_original": round(first["norm_original"], 4),  # the same for all: they are of the models, not of a method
        "norm_retrained": round(first["norm_retrained"], 4),
        "methods": {name: {key: entry[key] for key in Found.model_fields} for name, entry in found.items()},
    },
)
