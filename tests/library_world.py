"""A folder in which the examples of the library run: it holds the shipped base of `objects` where a run would write it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def write_library_world(folder: Path) -> Path:
    """Write ``results/mini/base/objects`` into ``folder``, from the shipped weights."""
    from lethe.diffusion.pretraining.folders import base_folder
    from lethe.settings.pretraining import PretrainingSettings

    base, assets = folder / "results/mini/base/objects", ROOT / "assets/mini"
    base.parent.mkdir(parents=True)
    weights = assets / "base_objects.safetensors"
    base_folder(base, assets / "vae.safetensors", weights, assets / "tokenizer.json", PretrainingSettings())
    return folder


def python_blocks(document: str) -> list[str]:
    """The blocks of Python of a document below ``docs``."""
    return re.findall(r"^```python\n(.*?)^```$", (ROOT / "docs" / document).read_text(), re.DOTALL | re.MULTILINE)
