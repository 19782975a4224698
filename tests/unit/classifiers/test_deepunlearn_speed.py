"""What makes training fast changes no result: fused updates, images as bytes, bfloat16, products with the Fisher matrix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from functorch.compile import make_boxed_func
from tests.contract.test_deepunlearn_methods import BatchNormNet, problem
from torch import Tensor
from torch._dynamo.backends.common import aot_autograd
from torch.func import functional_call
from torch.utils._python_dispatch import TorchDispatchMode

from lethe.classifiers import PROVIDERS, experiment
from lethe.classifiers.data.augment import augmentation
from lethe.classifiers.data.pixels import Pixels
from lethe.classifiers.data.prepare import write_data
from lethe.classifiers.experiment import Experiment
from lethe.classifiers.methods import ff, iu
from lethe.classifiers.methods._per_sample import rows
from lethe.classifiers.methods.base import Method, run
from lethe.classifiers.methods.ff import FisherForgetting
from lethe.classifiers.methods.iu import InfluenceUnlearning
from lethe.classifiers.models.stack import Stack, gather
from lethe.classifiers.problem import Problem, train
from lethe.classifiers.search import search
from lethe.classifiers.training import SGD, Adam, batches, cross_entropies, data_order
from lethe.core import compiler
from lethe.io.tables import read_json
from lethe.settings.classifiers import BaseTraining, Precision, Search, Selection
from lethe.tools.speed import influence, training_step

RATES, DECAYS = torch.tensor([0.02, 0.05, 0.01]), torch.tensor([0.0, 1e-3, 0.1])


def trained(given: Problem, **changes: Any) -> Stack:
    """Two epochs of base training of the given models."""
    how = {"epochs": 2, "batch_size": 32, "learning_rate": 0.05} | changes
    return train(given.architecture, given.original, how.pop("images", given.images), given.labels, given.retain, **how)


def equal(first: Stack, second: Stack) -> bool:
    tensors = ({**stack.parameters, **stack.buffers} for stack in (first, second))
    return all(torch.equal(a, b) for a, b in zip(*(part.values() for part in tensors), strict=True))


def near(first: Stack, second: Stack, by: float) -> bool:
    tensors = ({**stack.parameters, **stack.buffers} for stack in (first, second))
    return all(
        torch.allclose(a.float(), b.float(), rtol=0, atol=by) for a, b in zip(*(part.values() for part in tensors), strict=True)
    )


# --- the optimisers ---


@pytest.mark.parametrize("architecture", ["mlp", "batchnorm"])
@pytest.mark.parametrize("kind", ["sgd", "adam"])
def test_updates_are_those_of_torch(kind: str, architecture: str) -> None:
    """Every model at its own rate and decay, stacked or one after another, against ``torch.optim`` on single models."""
    given = problem(architecture)
    stack = given.original.clone()
    optimiser = SGD(stack, RATES, 0.9, DECAYS) if kind == "sgd" else Adam(stack, RATES, DECAYS)
    for part in batches(given.forget[:, :32], 16, None):
        optimiser.step(given.cross_entropy(stack, part), 0.5)
    found = optimiser.finish()

    for m in range(len(given)):
        one = given.original.select([m])
        weights = {name: tensor[0].clone().requires_grad_(True) for name, tensor in one.parameters.items()}
        state = {name: tensor[0] for name, tensor in one.buffers.items()}
        how = {"lr": 0.5 * float(RATES[m]), "weight_decay": float(DECAYS[m])}
        theirs = (
            torch.optim.SGD(weights.values(), momentum=0.9, **how) if kind == "sgd" else torch.optim.Adam(weights.values(), **how)
        )
        for part in given.forget[m, :32].split(16):
            given.architecture.template.train()
            logits = functional_call(given.architecture.template, {**weights, **state}, (given.inputs(part),))
            theirs.zero_grad()
            torch.nn.functional.cross_entropy(logits, given.labels[part]).backward()
            theirs.step()
        for name, weight in weights.items():
            assert torch.allclose(found.parameters[name][m], weight, rtol=1e-5, atol=1e-6), name


@pytest.mark.parametrize("kind", [SGD, Adam])
def test_one_after_another_a_model_that_is_done_stays(kind: Callable[..., Any]) -> None:
    """As in a stack: bit-equal, though its loss is not finite; the other one moves."""
    stack = Stack({"w": torch.randn(2, 3)}, {"b": torch.zeros(2)})
    before, optimiser = stack.clone(), kind(stack, 0.1)
    for _ in range(2):
        optimiser.step((stack.parameters["w"] * torch.tensor([[1.0], [torch.nan]])).sum(1), torch.tensor([1.0, 0.0]))
    assert torch.equal(stack.parameters["w"][1], before.parameters["w"][1])
    assert not torch.isclose(stack.parameters["w"][0], before.parameters["w"][0]).any()


class Waits(TorchDispatchMode):
    """Counts where Python asks for a number of a tensor: on a GPU it would wait for all work before."""

    count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += func is torch.ops.aten._local_scalar_dense.default
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("architecture", ["mlp", "batchnorm"])
def test_no_step_waits_for_the_device(architecture: str) -> None:
    """As many waits for a number in one epoch as in three: only what follows training asks for any."""
    given, counts = problem(architecture), []
    for epochs in (1, 3):
        with Waits() as waits:
            trained(given, epochs=epochs)
        counts.append(waits.count)
    assert counts[0] == counts[1] > 0


def test_a_step_starts_no_more_kernels_than_plain_torch() -> None:
    network = problem("batchnorm").architecture
    images = Pixels.on("cpu", torch.randint(256, (16, 1, 8, 8), dtype=torch.uint8), 8, [0.3], [0.4])
    labels = torch.arange(16) % 10
    mine, theirs = (
        training_step.kernels(steps, "cpu")
        for steps in (
            training_step.ours(network, images, labels, 4),
            training_step.plain(network, images, labels, 4, foreach=True),
        )
    )
    assert 0 < mine <= theirs


# --- images as bytes ---


@pytest.mark.parametrize("name", ["digits", "fashion_mnist", "cifar10"])
def test_bytes_give_the_same_input_in_any_batch(name: str) -> None:
    """To the last bit, also where images are resized and grey ones repeated."""
    provider = PROVIDERS.load(name)()
    size, channels = {"digits": (8, 1), "fashion_mnist": (28, 1), "cifar10": (32, 3)}[name]
    images = torch.randint(256, (20, size, size, channels), dtype=torch.uint8).numpy()
    whole, pixels = provider.to_input(images), provider.pixels(images)
    index = torch.randint(20, (3, 5))
    assert pixels.values.dtype == torch.uint8 and pixels.values.shape == (20, channels, size, size)
    assert pixels[index].shape == (3, 5, *provider.image_shape) and len(pixels) == 20
    assert torch.equal(pixels[index], whole[index]) and whole.dtype == torch.float32


def test_a_large_data_set_stays_bytes_and_trains_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)
    write_data(tmp_path / "data.safetensors", "digits", Selection(limit=100))
    small = Experiment.load(tmp_path / "data.safetensors", "tinycnn")
    monkeypatch.setattr(experiment, "HELD", 0)
    large = Experiment.load(tmp_path / "data.safetensors", "tinycnn")
    assert isinstance(small.images, Tensor) and isinstance(large.images, Pixels)
    models = [one.train(one.training_rows().expand(2, -1), [0, 1], BaseTraining(epochs=2)) for one in (small, large)]
    assert equal(*models)
    first, second = (one.problem(models[0], [0, 1]) for one in (small, large))
    assert torch.equal(first.predict(models[0], first.val), second.predict(models[0], second.val))


def test_augmentation_of_one_model_is_that_of_many() -> None:
    """Also where the generator's numbers are drawn once for all models."""
    given = problem("batchnorm")
    augment = augmentation(PROVIDERS.load("fashion_mnist")())
    together = trained(given, augment=augment)
    alone = trained(given.select([1]), augment=augment)
    assert near(together.select([1]), alone, 1e-5) and not near(alone, trained(given.select([1])), 1e-3)
    assert data_order("cpu").device.type == "cpu"


# --- precision ---


@pytest.mark.parametrize("models", [1, 3])
def test_a_compiled_model_is_the_same(models: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Traced, split into passes and run without the code generator of a device, which takes a minute."""
    given, calls = problem("batchnorm").select(range(models)), []
    backend = aot_autograd(fw_compiler=lambda graph, _: calls.append(graph) or make_boxed_func(graph))
    monkeypatch.setattr(compiler, "BACKEND", backend)
    expected = trained(given)
    found = trained(replace(given, architecture=BatchNormNet(given.classes, given.architecture.image_shape)), compiled=True)
    assert calls
    assert near(found, expected, 1e-5)


def test_models_trained_together_are_those_trained_alone() -> None:
    given = problem("batchnorm")
    together = trained(given)
    alone = gather((([m], trained(given.select([m]))) for m in range(3)), 3)
    assert not equal(together, given.original)
    assert near(together, alone, 1e-4)


def test_the_configuration_says_how_many_are_trained_together() -> None:
    digits = SimpleNamespace(architecture=SimpleNamespace(at_once=1))
    assert Experiment.at_once(digits, BaseTraining()) == 1  # type: ignore[arg-type]
    assert Experiment.at_once(digits, BaseTraining(together=8)) == 8  # type: ignore[arg-type]


def test_bfloat16_is_near_and_keeps_float32_weights() -> None:
    given = problem("batchnorm")
    exact, coarse = (trained(given, precision=precision) for precision in ("float32", "bfloat16"))
    for name, tensor in coarse.parameters.items():
        assert tensor.dtype == torch.float32 and tensor.is_contiguous(), name
        moved = (exact.parameters[name] - given.original.parameters[name]).norm()
        assert 0 < (tensor - exact.parameters[name]).norm() < 0.3 * moved, name
    before = given.original.parameters["conv1.weight"]
    assert before.is_contiguous() and not before.requires_grad


@pytest.mark.parametrize("precision", ["auto", "float32"])
def test_a_cpu_computes_in_float32_unless_asked(precision: Precision) -> None:
    given = problem("batchnorm").select([0])
    assert equal(trained(given, precision=precision), trained(given))


# --- what IU and FF work out once ---


@pytest.mark.parametrize("architecture", ["mlp", "tinycnn", "batchnorm"])
def test_the_fisher_product_is_that_of_single_gradients(architecture: str) -> None:
    given = problem(architecture)
    direction = {name: torch.randn(tensor.shape, generator=data_order()) for name, tensor in given.original.parameters.items()}
    product = iu.fisher_product(given, given.retain, direction)
    for m in range(len(given)):
        singles = torch.cat(list(rows(given, m, given.retain[m])))
        flat, found = (torch.cat([part[name][m].flatten() for name in direction]) for part in (direction, product))
        expected = singles.T @ (singles @ flat) / len(singles)
        assert (found - expected).norm() < 1e-5 * expected.norm()
    assert not any(tensor.requires_grad for tensor in (*product.values(), *given.original.parameters.values()))


def test_forward_derivatives_of_tinycnn_are_its_backward_ones() -> None:
    """<J u, w> = <u, J^T w> in float64."""
    given = problem("tinycnn").select([0])
    weights = {name: tensor.double() for name, tensor in given.original.parameters.items()}
    images, labels = given.inputs(given.retain[:, :9]).double(), given.labels[given.retain[:, :9]]

    def losses(parameters: dict[str, Tensor]) -> Tensor:
        return cross_entropies(given.architecture.logits(Stack(parameters), images), labels)

    tangent = {name: torch.randn(tensor.shape, dtype=torch.float64) for name, tensor in weights.items()}
    _, along = torch.func.jvp(losses, (weights,), (tangent,))
    value, back = torch.func.vjp(losses, weights)
    weight = torch.randn(value.shape, dtype=torch.float64)
    (gradient,) = back(weight)
    assert torch.isclose((along * weight).sum(), sum((gradient[name] * tangent[name]).sum() for name in weights), rtol=1e-9)


@pytest.mark.parametrize("kind", [FisherForgetting, InfluenceUnlearning])
def test_a_search_works_out_once_what_no_hyperparameter_changes(kind: type[Method[Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    """F, and IU's step, of all models: once, whatever number of trials; and the result is that of a single run."""
    given, method, calls = problem("mlp"), kind(), []
    place, name = (ff, "diagonal") if kind is FisherForgetting else (iu, "_conjugate_gradients")
    work = getattr(place, name)
    monkeypatch.setattr(place, name, lambda *args: (calls.append(len(args[0])), work(*args))[1])
    configs = [kind.Config(alpha=alpha) for alpha in (1e-5, 0.3, 1e-2)]
    fresh = run(method, given, configs)
    assert equal(run(method, method.prepare(given), configs), fresh)
    assert equal(run(method, method.prepare(given).select([2]), configs[2:]), fresh.select([2]))
    calls.clear()
    settings = Search(trials=6, batch=3, population=3, finalists=2)
    search(method, given, given.original, given.original, most_epochs=2, settings=settings)
    assert calls == [3]


# --- the benchmarks ---


def test_the_benchmark_of_influence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(iu, "SAMPLES", 4)
    monkeypatch.setattr(iu, "BATCH", 2)
    monkeypatch.setattr(influence, "FORGET", 2)
    influence.measure(tmp_path / "influence.json", False, "cpu")
    found = read_json(tmp_path / "influence.json")
    assert found["value"] > 0 and found["holds"] == (found["value"] <= found["target"]) and "scaled up" in found["how"]


def test_the_benchmark_of_a_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_step, "NAMES", ("small",))
    monkeypatch.setattr(training_step.ARCHITECTURES, "load", lambda name: lambda classes, shape: BatchNormNet(classes, (3, 8, 8)))
    monkeypatch.setattr(training_step, "SIZE", 8)
    training_step.measure(tmp_path / "step.json", 4, 1, "cpu")
    found = read_json(tmp_path / "step.json")
    assert found["holds"] and 0 < found["value"]["small"] <= 1
    assert {way: set(row) for way, row in found["measured"]["small"].items()} == dict.fromkeys(
        ("ours", "foreach", "fused"), {"kernels", "steps_per_second"}
    )
