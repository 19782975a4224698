"""Compute a result and draw it."""

from lethe.runtime import start_job

from lethe.interference.resampling import Inference
from lethe.plots.templates.figure import make, write

params = snakemake.params
start_job(snakemake, f"{snakemake.wildcards.template} {snakemake.wildcards.parameters}", torch=False)
inference = Inference(**params.inference)
files = {kind: [paths] if isinstance(paths, str) else list(paths) for kind, paths in snakemake.input.items()}
made = make(snakemake.wildcards.template, params.parameters, files, params.balance, inference)
write(*made, inference, *snakemake.output)
