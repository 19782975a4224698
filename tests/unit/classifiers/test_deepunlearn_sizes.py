"""What architectures say of their size is true, and stacks are gathered and saved without a second copy."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from lethe.classifiers import ARCHITECTURES
from lethe.classifiers.models.stack import Stack, gather, save_joined
from lethe.classifiers.plan.sizes import AT_WORK, COPIES, PASSES, PROCESS, described, size_of


@pytest.mark.parametrize("name", list(ARCHITECTURES))
@pytest.mark.parametrize(("classes", "size"), [(10, 32), (100, 32), (5, 64)])
def test_architectures_say_how_large_they_are(name: str, classes: int, size: int) -> None:
    shape = (3, size, size)
    with torch.device("meta"):
        network = ARCHITECTURES.load(name)(classes, shape)
    tensors = [*network.template.parameters(), *network.template.buffers()]
    true = sum(tensor.numel() * tensor.element_size() for tensor in tensors) / 1e6
    assert true * 0.99 <= described(name).megabytes(classes, shape) <= true * 1.01
    assert described(name).at_once == network.at_once


@pytest.mark.parametrize("name", ["mlp", "tinycnn", "resnet18", "resnet18_cifar"])
def test_architectures_say_what_a_step_keeps(name: str) -> None:
    network = ARCHITECTURES.load(name)(10, (3, 32, 32))
    stack, kept = network.init([0]), dict[int, int]()
    for tensor in stack.parameters.values():
        tensor.requires_grad_(True)
    weights = {tensor.untyped_storage().data_ptr() for tensor in stack.parameters.values()}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        network.logits(stack, torch.zeros(1, 4, 3, 32, 32), train=True).sum()
    true = sum(kept.values()) / 4e6
    assert true * 0.9 <= described(name).megabytes_kept((3, 32, 32)) <= true * 1.5


def test_a_job_asks_for_images_models_and_a_step() -> None:
    size = size_of("cifar10", 60_000, "resnet18", cuda=False)
    need = PROCESS + COPIES * size.images + size.weights * (64 + AT_WORK) + PASSES * size.kept * 256
    assert 44 < size.weights < 46 and need <= size.memory(64, 256, cuda=False) < need + 500
    assert size.memory(64, 256, cuda=True) < size.memory(64, 4096, cuda=False)
    on_gpu = size_of("cifar10", 60_000, "resnet18", cuda=True)
    assert on_gpu.minutes(1, 1, 256) == 60 and on_gpu.minutes(704, 91 * 93, 256) == 1440  # an hour at least, a day at most
    assert 180 <= on_gpu.minutes(60, 91 * 93, 256) <= 330


def a_stack(models: int, seed: int) -> Stack:
    g = torch.Generator().manual_seed(seed)
    return Stack({"w": torch.randn(models, 3, 2, generator=g)}, {"n": torch.randint(9, (models,), generator=g)})


def test_models_are_gathered_to_their_places() -> None:
    parts = [([3, 0], a_stack(2, 0)), ([2], a_stack(1, 1)), ([1, 4], a_stack(2, 2))]
    whole = gather(iter(parts), 5)
    for places, part in parts:
        found = whole.select(places)
        assert torch.equal(found.parameters["w"], part.parameters["w"]) and torch.equal(found.buffers["n"], part.buffers["n"])
    with pytest.raises(ValueError, match="no models"):
        gather([], 3)


def test_stacks_are_saved_joined(tmp_path: Path) -> None:
    parts = [a_stack(2, 0), a_stack(3, 1)]
    save_joined(tmp_path / "parts", parts, {"role": "x"})
    gather([([0, 1], parts[0]), ([2, 3, 4], parts[1])], 5).save(tmp_path / "whole", {"role": "x"})
    assert (tmp_path / "parts").read_bytes() == (tmp_path / "whole").read_bytes()
    loaded = Stack.load(tmp_path / "parts")
    loaded.parameters["w"][0] = 0  # a map of the file, but a private one
    assert torch.equal(Stack.load(tmp_path / "parts").parameters["w"][0], parts[0].parameters["w"][0])
