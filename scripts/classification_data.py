"""Read a data set and its splits into one file."""

from lethe.runtime import log, start_job

from lethe.deepunlearn.data.prepare import write_data

params = snakemake.params
start_job(snakemake, f"data set {snakemake.wildcards.dataset}")
entry = params.classification
folder = snakemake.input.files[0] if snakemake.input.files else entry["folder"]
sizes = write_data(snakemake.output.data, snakemake.wildcards.dataset, folder, entry["val_share"], entry["forget_share"])
log.info("%s: %s", snakemake.wildcards.dataset, ", ".join(f"{name} {size}" for name, size in sizes.items()))
