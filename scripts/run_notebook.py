"""Execute a notebook on the paths of its inputs and export it to HTML."""

from lethe.runtime import start_job

from lethe.plots.notebook import export_html, run_notebook

start_job(snakemake, f"notebook {snakemake.input.notebook}", torch=False)
paths = {name: path for name, path in snakemake.input.items() if name != "notebook"}
run_notebook(snakemake.input.notebook, snakemake.output.notebook, paths, values=snakemake.params.get("values", {}))
export_html(snakemake.output.notebook, snakemake.output.html)
