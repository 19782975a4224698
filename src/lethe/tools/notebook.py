"""Notebooks as targets: executed on published tables, then exported to HTML."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from lethe.io.atomic import atomic_path, write_text

# a page has no widgets, so tqdm's advice to install them is of no use to its reader; the kernel inherits this
QUIET = "ignore:IProgress not found"
# nbconvert's page without what it loads from other servers: require.js (widgets), MathJax and Mermaid, of which no notebook has any
TEMPLATE = """{% extends 'lab/index.html.j2' %}
{% block html_head_js_requirejs %}{% endblock %}
{% block html_head_js_mathjax %}{% endblock %}
{% block html_head_js_mermaidjs %}{% endblock %}
"""
KERNEL = {
    "KernelManager": {"transport_encryption": "auto"},  # else the kernel warns that others may listen
    "NotebookClient": {"shutdown_kernel": "immediate"},  # else it tells that it was interrupted, while it waits to be shut down
}


def run_notebook(
    source: str | Path,
    output: str | Path,
    parameters: Mapping[str, str | Path | Sequence[str | Path]],
    kernel: str = "python3",
    values: Mapping[str, object] | None = None,
) -> None:
    """Execute ``source`` with papermill and write the executed copy to ``output``; ``source`` is not changed.

    Args:
        source: a notebook with one cell tagged ``parameters``.
        output: where the executed notebook goes.
        parameters: paths, or lists of paths, by name; given relative to the folder of ``output``, in which the notebook runs. So the
            executed copy names no folder of this machine and runs again wherever the results are moved.
        kernel: name of the Jupyter kernel; ``python3`` is the running environment.
        values: further parameters that are no paths, as they are.

    Raises:
        ValueError: for a parameter that the notebook does not have.
        papermill.PapermillExecutionError: if a cell fails; it names the cell.
    """
    import papermill
    from traitlets.config import Config

    os.environ.setdefault("PYTHONWARNINGS", QUIET)
    known = list(papermill.inspect_notebook(str(source)))
    for name in {**parameters, **(values or {})}:
        if name not in known:
            raise ValueError(f"{source} has no parameter '{name}'; it has: {', '.join(known)}")
    folder = Path(output).absolute().parent
    given = {name: _relative(path, folder) for name, path in parameters.items()} | dict(values or {})
    with atomic_path(Path(output).with_suffix(".ipynb")) as part:
        # papermill takes the format from the suffix, and the temporary name has another one
        executed = part.with_suffix(".ipynb")
        try:
            papermill.execute_notebook(
                str(source),
                str(executed),
                given,
                kernel_name=kernel,
                progress_bar=False,
                log_output=False,
                cwd=str(folder),
                config=Config(KERNEL),
            )
            _forget_paths(executed, part)
        finally:
            executed.unlink(missing_ok=True)


def _relative(path: str | Path | Sequence[str | Path], folder: Path) -> str | list[str]:
    if isinstance(path, str | Path):
        return Path(os.path.relpath(path, folder)).as_posix()
    return [Path(os.path.relpath(one, folder)).as_posix() for one in path]


def _forget_paths(executed: Path, output: Path) -> None:
    """Copy a notebook without paths of this machine: the two that papermill notes, and those that libraries print.

    A warning names the file that it comes from. Of a file below one of this machine's folders of modules only the part
    below the folder is kept, `tqdm/auto.py` for example.
    """
    import nbformat

    notebook = nbformat.read(executed, as_version=nbformat.NO_CONVERT)
    for name in ("input_path", "output_path"):
        del notebook.metadata["papermill"][name]
    places = (*sys.path, sys.prefix, os.getcwd(), tempfile.gettempdir())
    folders = sorted({str(Path(place).absolute()) for place in places} - {"/"}, key=len, reverse=True)
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    for printed in (output for output in outputs if output.output_type == "stream"):
        for folder in folders:
            printed.text = printed.text.replace(f"{folder}/", "")
    nbformat.write(notebook, output)


def export_html(notebook: str | Path, output: str | Path) -> None:
    """Write an executed notebook as one HTML file, without input prompts; it loads nothing from elsewhere."""
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(raw_template=TEMPLATE, exclude_input_prompt=True, exclude_output_prompt=True)
    html, _ = exporter.from_filename(str(notebook))
    write_text(output, html)
