"""A single model that was exported is what torchvision, timm or PyTorch make of its file, without Lethe."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from lethe.classifiers import ARCHITECTURES
from lethe.classifiers.data.prepare import write_data
from lethe.classifiers.data.stored import read_data
from lethe.classifiers.experiment import Experiment
from lethe.classifiers.export import state_dict
from lethe.classifiers.jobs.export import export
from lethe.classifiers.models.base import Architecture
from lethe.classifiers.models.stack import Stack
from lethe.io.tables import read_json
from lethe.io.tensors import write_tensors
from lethe.settings.classifiers import Selection

SHAPES = {"mlp": (1, 8, 8), "tinycnn": (1, 8, 8)}


def trained(architecture: Architecture) -> Stack:
    """Two models whose running statistics are not those of a fresh one."""
    stack = architecture.init([0, 1])
    for name, tensor in stack.buffers.items():
        if name.endswith("running_mean"):
            tensor += torch.linspace(0, 1, tensor[0].numel()).view_as(tensor[0])
    return stack


def built(recipe: str) -> nn.Module:
    names: dict[str, nn.Module] = {}
    exec(recipe, names)
    return names["model"].eval()


@pytest.mark.parametrize("name", ARCHITECTURES.names())
def test_an_exported_model_answers_as_it_did(name: str, tmp_path: Path) -> None:
    architecture = ARCHITECTURES.load(name)(5, SHAPES.get(name, (3, 32, 32)))
    stack, images = trained(architecture), torch.randn(3, *architecture.image_shape, generator=torch.Generator().manual_seed(1))
    write_tensors(tmp_path / "model.safetensors", state_dict(architecture, stack, 1), {"format": "pt"})
    recipe = architecture.recipe()
    assert "lethe" not in recipe
    module = built(recipe)
    module.load_state_dict(load_file(tmp_path / "model.safetensors"), strict=True)
    with torch.inference_mode():
        expected = architecture.logits(stack, images.expand(2, -1, -1, -1, -1))
        assert torch.allclose(module(images), expected[1], atol=1e-5) and not torch.allclose(
            module(images), expected[0], atol=1e-3
        )


def test_an_architecture_that_says_nothing_is_built_by_lethe() -> None:
    architecture = ARCHITECTURES.load("tinycnn")(5, (1, 8, 12))
    recipe = Architecture.recipe(architecture)
    assert "lethe" in recipe and built(recipe).state_dict().keys() == architecture.template.state_dict().keys()


def test_a_model_of_another_architecture_is_refused() -> None:
    architecture, wider = (ARCHITECTURES.load("mlp")(5, (1, side, side)) for side in (8, 12))
    with pytest.raises(ValueError, match=r"tensor 'fc1.weight' is \(64, 64\); Mlp has \(64, 144\)"):
        state_dict(wider, architecture.init([0]), 0)
    with pytest.raises(ValueError, match="tensor 'conv1.weight' is missing"):
        state_dict(ARCHITECTURES.load("tinycnn")(5, (1, 8, 8)), architecture.init([0]), 0)
    with pytest.raises(IndexError, match="model 2 of a stack of 2; allowed: 0 to 1"):
        state_dict(architecture, architecture.init([0, 1]), 2)


def test_what_is_beside_the_weights_is_all_that_is_needed(tmp_path: Path) -> None:
    """From the raw digits, by what the description says alone, to the logits of the study."""
    data, stack, weights, about = (tmp_path / name for name in ("data", "ft.safetensors", "ft_7.safetensors", "ft_7.json"))
    write_data(data, "digits", Selection())
    experiment = Experiment.load(data, "mlp")
    models = experiment.architecture.init([6, 7])
    models.save(stack, {})
    export(data, stack, weights, about, "digits", "mlp", "ft", seed=7, seeds=[6, 7], license="mit", world="mini")
    told = read_json(about)
    assert (told["method"], told["seed"], told["source"]["model"], told["license"]) == ("ft", 7, 1, "mit")
    assert told["load"].splitlines()[1] == 'model.load_state_dict(load_file("ft_7.safetensors"))'
    _, _, tensors = read_data(data)
    pixels = tensors["images"].permute(0, 3, 1, 2)[:4] / 255
    mean, std = (torch.tensor(told[name]).view(-1, 1, 1) for name in ("mean", "std"))
    module = built(told["build"])
    module.load_state_dict(load_file(weights))
    with torch.inference_mode():
        found = module((pixels - mean) / std)
    assert torch.allclose(found, experiment.problem(models, [6, 7]).predict(models, torch.arange(4))[1], atol=1e-5)
