"""Compute a result and draw it."""

from lethe.runtime import setup_logging

from lethe.interference.resampling import Inference
from lethe.plots.templates.figure import make, write

params = snakemake.params
setup_logging(snakemake.log[0], f"{snakemake.wildcards.template} {snakemake.wildcards.parameters}")
inference = Inference(**params.inference)
files = {kind: [paths] if isinstance(paths, str) else list(paths) for kind, paths in snakemake.input.items()}
made = make(snakemake.wildcards.template, params.parameters, files, params.balance, inference)
write(*made, inference, *snakemake.output)
