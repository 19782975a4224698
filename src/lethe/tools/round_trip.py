"""Stable Diffusion v1.5's architecture with random weights, to a CompVis file and back, tensor for tensor.

``python -m lethe.tools.round_trip FOLDER``. Needs 13 GB of disk and below 8 GB of memory; writes into the folder and removes what it wrote.
"""

from __future__ import annotations

import resource
import shutil
import sys
import time
from pathlib import Path

import torch

from lethe.diffusion.checkpoints import from_checkpoint, to_checkpoint
from lethe.diffusion.pretraining.sd14 import write_untrained_sd14
from lethe.diffusion.weights import STEMS
from lethe.io.tensors import read_tensors

DECIDES_NO_RESULT = "measures a conversion"


def round_trip(folder: Path) -> dict[str, float]:
    """Write the base, the file and the base again below ``folder``, and compare.

    Returns:
        Seconds of each step, peak memory in MB (``peak_mb``), and how many tensors were compared.

    Raises:
        AssertionError: a tensor that is not the same, by its name.
    """
    first, file, second = folder / "diffusers", folder / "compvis.safetensors", folder / "again"
    found: dict[str, float] = {}

    def timed(name: str, begin: float) -> None:
        found[name] = time.monotonic() - begin
        found[f"{name}_peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    begin = time.monotonic()
    write_untrained_sd14(first, ["a photo"])
    timed("write", begin)
    begin = time.monotonic()
    to_checkpoint(first, file)
    timed("to_checkpoint", begin)
    begin = time.monotonic()
    from_checkpoint(file, first, second)
    timed("from_checkpoint", begin)
    for component, stem in STEMS.items():
        own, back = (read_tensors(place / component / f"{stem}.safetensors")[0] for place in (first, second))
        if own.keys() != back.keys():
            raise AssertionError(f"{component}: {sorted(own.keys() ^ back.keys())[:3]} are in one of both")
        for name, tensor in own.items():
            if not torch.equal(tensor, back[name]):
                raise AssertionError(f"{component}: '{name}' is not the same")
        found["tensors"] = found.get("tensors", 0) + len(own)
    for place in (first, second):
        shutil.rmtree(place)
    file.unlink()
    return found


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("python -m lethe.tools.round_trip FOLDER")
    for name, value in round_trip(Path(sys.argv[1])).items():
        print(f"{name:24} {value:10.1f}")
