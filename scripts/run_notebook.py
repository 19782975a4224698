"""Execute a notebook on the paths of its inputs and export it to HTML."""

from lethe.runtime import setup_logging

from lethe.plots.notebook import export_html, run_notebook

setup_logging(snakemake.log[0], f"notebook {snakemake.input.notebook}")
paths = {name: path for name, path in snakemake.input.items() if name != "notebook"}
run_notebook(snakemake.input.notebook, snakemake.output.notebook, paths, values=snakemake.params.get("values", {}))
export_html(snakemake.output.notebook, snakemake.output.html)
