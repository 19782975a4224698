"""Every registered method of classifiers passes one suite, on a few digits and small networks.

A new method is in the suite by its name; its own file says with which hyper-parameters, and what it is held to (``contract``). The skeleton of
``lethe new classifier-method`` stands for all new ones.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from lethe.classifiers import ARCHITECTURES, PROVIDERS
from lethe.classifiers.methods import METHODS
from lethe.classifiers.methods.base import Blocks, Hyperparameters, Integers, LogUniform, Method, Uniform, run
from lethe.classifiers.methods.contract import ClassifierContract
from lethe.classifiers.models.base import Architecture
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem, train
from lethe.tools.new.skeletons.classifier_method import Skeleton

SKELETON = "skeleton"
MODELS = 3
RETAIN, FORGET, VAL = 192, 40, 40


class BatchNormNet(Architecture):
    """The smallest network with running statistics, with a stem and two blocks named as in a ResNet."""

    block_names = ("layer1", "layer2")
    classifier_name = "fc"

    def build(self) -> nn.Module:
        def block(channels: int) -> nn.Module:
            return nn.Sequential(
                OrderedDict(conv1=nn.Conv2d(channels, 4, 3, 2, 1, bias=False), bn1=nn.BatchNorm2d(4), relu=nn.ReLU())
            )

        return nn.Sequential(
            OrderedDict(
                conv1=nn.Conv2d(self.image_shape[0], 4, 3, padding=1, bias=False),
                bn1=nn.BatchNorm2d(4),
                layer1=block(4),
                layer2=block(4),
                flatten=nn.Flatten(),
                fc=nn.Linear(16, self.classes),
            )
        )


@functools.cache
def problem(architecture: str) -> Problem:
    """Three models, trained on retain and forget sets of their own."""
    torch.set_num_threads(1)
    provider = PROVIDERS.load("digits")()
    data = provider.load(None)
    images, labels = provider.to_input(data.images[:600]), torch.from_numpy(data.labels[:600])
    kind = BatchNormNet if architecture == "batchnorm" else ARCHITECTURES.load(architecture)
    network = kind(provider.classes, provider.image_shape)
    generator = torch.Generator().manual_seed(0)
    rows = torch.stack([torch.randperm(600, generator=generator) for _ in range(MODELS)])
    retain, forget, val = rows[:, : RETAIN + FORGET + VAL].split([RETAIN, FORGET, VAL], dim=1)
    original = train(
        network, network.init([0, 1, 2]), images, labels, rows[:, : RETAIN + FORGET], epochs=15, batch_size=32, learning_rate=0.05
    )
    return Problem(network, original, images, labels, retain, forget, val, seeds=[10, 11, 12])


def loaded(name: str) -> tuple[Method[Any], type[Hyperparameters]]:
    method = kind(name)
    return method(), method.Config


def kind(name: str) -> type[Method[Any]]:
    """The class of a method."""
    return Skeleton if name == SKELETON else METHODS.load(name)


def contract(name: str) -> ClassifierContract:
    """What the method is held to."""
    return kind(name).contract


def same(name: str, models: int = MODELS) -> list[Hyperparameters]:
    """The small hyper-parameters for every model."""
    return [loaded(name)[1](**contract(name).small)] * models


def different(name: str) -> list[Hyperparameters]:
    """Other values of every searched number in each model, but for those that must agree."""
    _, config = loaded(name)
    start = config(**contract(name).small)
    changed: list[dict[str, Any]] = [start.model_dump() for _ in range(MODELS)]
    for field, space in config.space().items():
        if field in config.shape:
            continue
        for m in range(MODELS):
            if isinstance(space, Uniform | LogUniform):
                changed[m][field] *= (0.7, 1.0, 0.9)[m]
            elif isinstance(space, Integers | Blocks):
                changed[m][field] += (1, 0, 2)[m]
    return [config(**values) for values in changed]


def copied(stack: Stack) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in (*stack.parameters.items(), *stack.buffers.items())}


def assert_close(first: Stack, second: Stack, tolerance: float) -> None:
    """Equal weights and running statistics, and none that is not a number."""
    left, right = copied(first), copied(second)
    assert left.keys() == right.keys()
    for name in left:
        error = (left[name].double() - right[name].double()).abs().max()
        assert error <= tolerance * float(right[name].abs().max().clamp(min=1e-3)), f"{name} differs by {error}"


def forget_loss(given: Problem, stack: Stack) -> Tensor:
    with torch.no_grad():
        return given.cross_entropy(stack, given.forget, train=False)


def accuracy(given: Problem, stack: Stack, index: Tensor) -> Tensor:
    return (given.predict(stack, index).argmax(-1) == given.labels[index]).float().mean(1)


each = pytest.mark.parametrize("name", [*METHODS.names(), SKELETON])


def test_the_small_problem_is_one() -> None:
    """The originals know their forget sets by heart: otherwise no direction would mean anything."""
    for architecture in ("tinycnn", "mlp", "batchnorm"):
        given = problem(architecture)
        assert accuracy(given, given.original, given.forget).min() > 0.95, architecture
        assert accuracy(given, given.original, given.val).min() > 0.7, architecture


@each
def test_settings(name: str) -> None:
    """The search space names fields, defaults are valid, an unknown name is not; the nearest one is named."""
    method, config = loaded(name)
    assert config.space() and set(config.space()) <= set(config.model_fields)
    assert set(config.shape) <= set(config.model_fields)
    config.model_validate(config().model_dump())
    for field, space in config.space().items():
        if isinstance(space, Uniform | LogUniform | Integers):
            config(**{field: space.low})
            with pytest.raises(ValidationError):
                config(**{field: -1})
    field = next(iter(config.model_fields))
    with pytest.raises(ValueError, match=f"unknown hyper-parameter '{field}s'; allowed: .*; did you mean '{field}'"):
        config(**{f"{field}s": 1})


@each
@pytest.mark.parametrize("architecture", ["tinycnn", "batchnorm"])
def test_pure_and_deterministic(name: str, architecture: str, tmp_path: Path) -> None:
    """Twice the same, finite, detached, storable; problem and data untouched."""
    given = problem(architecture)
    data = [tensor.clone() for tensor in (given.images, given.labels, given.retain, given.forget, given.val)]
    before, global_state = copied(given.original), torch.get_rng_state()
    method = loaded(name)[0]
    first = method.unlearn(given, same(name))  # not through ``run``, which copies the problem
    torch.manual_seed(99)  # whoever draws from the global generator differs now
    second = method.unlearn(given, same(name))
    torch.set_rng_state(global_state)

    for tensor, kept in zip((given.images, given.labels, given.retain, given.forget, given.val), data, strict=True):
        assert torch.equal(tensor, kept)
    for key, tensor in copied(given.original).items():
        assert torch.equal(tensor, before[key]), key
    assert not any(tensor.requires_grad for tensor in (*given.original.parameters.values(), *first.parameters.values()))

    result = copied(first)
    assert result.keys() == before.keys()
    for key, tensor in result.items():
        assert torch.equal(tensor, copied(second)[key]), key
        assert tensor.shape == before[key].shape and tensor.dtype == before[key].dtype, key
        assert torch.isfinite(tensor).all(), key
    first.save(tmp_path / "stack.safetensors", {})
    stored = copied(Stack.load(tmp_path / "stack.safetensors"))
    assert stored.keys() == result.keys()
    assert all(torch.equal(stored[key], result[key]) for key in result)


@each
def test_direction(name: str) -> None:
    given, row = problem("tinycnn"), contract(name)
    result = run(loaded(name)[0], given, same(name))
    before, after = forget_loss(given, given.original), forget_loss(given, result)
    kept = accuracy(given, result, given.retain)
    if row.direction == "loss":
        assert (after > 2 * before).all() and (after > before + 0.02).all(), f"forget loss from {before} to {after}"
    else:
        assert row.direction == "change"
        moved = (given.predict(result, given.forget) - given.predict(given.original, given.forget)).abs().amax((1, 2))
        assert (moved > 1e-3).all(), moved
    assert (kept >= row.retain).all(), f"retain accuracy {kept}"


@each
@pytest.mark.parametrize("architecture", ["tinycnn", "mlp", "batchnorm"])
def test_a_stack_is_its_models(name: str, architecture: str) -> None:
    """With other seeds, data, rates and numbers of epochs each, three models at once are three models alone."""
    given, method = problem(architecture), loaded(name)[0]
    configs = same(name) if given.original.buffers else different(name)  # ``run`` stacks no others with running statistics
    together = method.unlearn(given, configs)
    for m in range(MODELS)[: 1 if given.original.buffers else MODELS]:  # those run one after another: slow, and less can go wrong
        assert_close(together.select([m]), method.unlearn(given.select([m]), [configs[m]]), contract(name).tolerance)


@pytest.mark.parametrize("architecture", ["tinycnn", "batchnorm"])
def test_run_groups_what_cannot_be_stacked(architecture: str) -> None:
    """Models with other batch sizes or, where there are running statistics, other numbers of epochs come out as if alone, in order."""
    given, (method, config) = problem(architecture), loaded("ft")
    configs = [config(batch_size=64, num_epochs=1), config(batch_size=32, num_epochs=2), config(batch_size=64, num_epochs=3)]
    together = run(method, given, configs)
    for m in range(MODELS):
        assert_close(together.select([m]), method.unlearn(given.select([m]), [configs[m]]), 1e-5)
    with pytest.raises(ValueError, match="2 configurations for 3 models"):
        run(method, given, configs[:2])


@each
def test_sees_what_is_documented(name: str) -> None:
    """A method reads the validation set only if it says so, and of the forget set what its row says."""
    given, method, configs = problem("tinycnn").select([0]), loaded(name)[0], same(name, 1)
    reference = copied(run(method, given, configs))

    def matters(other: Problem) -> bool:
        result = copied(run(method, other, configs))
        return any(not torch.equal(result[key], reference[key]) for key in result)

    wrong = given.labels.clone()
    wrong[given.forget] = (wrong[given.forget] + 1) % given.classes
    unused = torch.tensor(
        [sorted(set(range(len(given.labels))) - set(torch.cat([given.retain, given.forget, given.val], 1)[0].tolist()))]
    )
    assert matters(replace(given, val=unused[:, :VAL])) == ("validation" in kind(name).about.needs)
    assert matters(replace(given, forget=unused[:, :FORGET])) == (contract(name).sees != "nothing")
    assert matters(replace(given, labels=wrong)) == (contract(name).sees == "labels")


@each
def test_every_hyperparameter_acts(name: str) -> None:
    """A searched number that changes nothing would be a dead dimension of the search."""
    given, (method, config) = problem("tinycnn").select([0]), loaded(name)
    start = config(**contract(name).small)
    reference = copied(run(method, given, [start]))
    other = {field: values for field, values in different(name)[0].model_dump().items() if field in config.space()}
    other |= {field: 32 for field in config.space() if field.endswith("batch_size")}
    for field in config.space():
        result = copied(run(method, given, [start.model_copy(update={field: other[field]})]))
        assert any(not torch.equal(result[key], reference[key]) for key in result), f"{field} has no effect"
