"""An executed notebook names no folder of the machine that ran it, not even in the warnings of libraries."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from lethe.tools.notebook import run_notebook

WARNS = """
import warnings, sys
from pathlib import Path
import pandas
from tqdm.auto import tqdm  # warns where ipywidgets is not installed
warnings.warn_explicit("first", UserWarning, pandas.__file__, 7)  # as if a library warned
warnings.warn("second")  # names the cell's own file, in the folder of temporary files
print("third", Path.cwd().anchor)
"""


def test_warnings_name_files_without_this_machines_folders(tmp_path: Path) -> None:
    cells = [new_code_cell("a = 1", metadata={"tags": ["parameters"]}), new_code_cell(WARNS)]
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), tmp_path / "in.ipynb")
    run_notebook(tmp_path / "in.ipynb", tmp_path / "out.ipynb", {})
    [printed] = [
        cell["outputs"] for cell in nbformat.read(tmp_path / "out.ipynb", nbformat.NO_CONVERT).cells if "second" in str(cell)
    ]
    text = "".join(output["text"] for output in printed)
    assert "pandas/__init__.py:7: UserWarning: first" in text
    assert "UserWarning: second" in text and "third /" in text
    assert "IProgress" not in text
    assert sys.prefix not in text and tempfile.gettempdir() not in text
