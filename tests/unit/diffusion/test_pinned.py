"""A published evaluator is fetched at the commit that the configuration names, not at what its branch holds today."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from lethe.diffusion.metrics.pinned import timm

NAME = "test_vit.r160_in1k"  # timm's smallest, 0.4 M parameters
COMMITS = {"a" * 40: 1.0, "b" * 40: 2.0}  # commit -> value of every weight


def test_a_backbone_is_that_of_its_commit(tmp_path: Path) -> None:
    """The hub's cache as the library writes it, read without the network; the branch is at the second commit."""
    commit = "a" * 40
    model = timm.create_model(NAME, pretrained=False)
    repository = tmp_path / "hub/models--timm--test_vit.r160_in1k"
    for name, value in COMMITS.items():
        snapshot = repository / "snapshots" / name
        snapshot.mkdir(parents=True)
        save_file(
            {key: torch.full_like(tensor, value) for key, tensor in model.state_dict().items()}, snapshot / "model.safetensors"
        )
    (repository / "refs").mkdir()
    (repository / "refs/main").write_text("b" * 40)
    code = "import sys; from pathlib import Path; from lethe.diffusion.metrics.folders import save_pretrained_evaluator as save\n"
    code += f"save(Path(sys.argv[1]), 'backbone', '{NAME}', '', sys.argv[2])"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "backbone"), commit],
        env=os.environ | {"HF_HUB_CACHE": str(tmp_path / "hub"), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    weights = load_file(tmp_path / "backbone/model.safetensors")
    assert {float(tensor.float().mean()) for tensor in weights.values()} == {1.0}
