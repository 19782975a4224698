"""Notebooks as targets: executed on published tables, then exported to HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from lethe.io.atomic import atomic_path, write_text


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
        parameters: paths, or lists of paths, by name; made absolute, so that the notebook does not depend on the working folder.
        kernel: name of the Jupyter kernel; ``python3`` is the running environment.
        values: further parameters that are no paths, as they are.

    Raises:
        ValueError: for a parameter that the notebook does not have.
        papermill.PapermillExecutionError: if a cell fails; it names the cell.
    """
    import papermill

    known = list(papermill.inspect_notebook(str(source)))
    for name in {**parameters, **(values or {})}:
        if name not in known:
            raise ValueError(f"{source} has no parameter '{name}'; it has: {', '.join(known)}")
    absolute = {name: _absolute(path) for name, path in parameters.items()} | dict(values or {})
    with atomic_path(Path(output).with_suffix(".ipynb")) as part:
        # papermill takes the format from the suffix, and the temporary name has another one
        executed = part.with_suffix(".ipynb")
        try:
            papermill.execute_notebook(
                str(source), str(executed), parameters=absolute, kernel_name=kernel, progress_bar=False, log_output=False
            )
            executed.rename(part)
        finally:
            executed.unlink(missing_ok=True)


def _absolute(path: str | Path | Sequence[str | Path]) -> str | list[str]:
    return str(Path(path).absolute()) if isinstance(path, str | Path) else [str(Path(one).absolute()) for one in path]


def export_html(notebook: str | Path, output: str | Path) -> None:
    """Write an executed notebook as one HTML file, without input prompts."""
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(exclude_input_prompt=True, exclude_output_prompt=True)
    html, _ = exporter.from_filename(str(notebook))
    write_text(output, html)
