"""Architectures of Deep Unlearn: every registered one initialises, runs and saves M models as if each were alone."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.func import functional_call, grad, vmap
from torch.nn import functional as F

from lethe.classifiers import ARCHITECTURES
from lethe.classifiers.models.base import Architecture
from lethe.classifiers.models.stack import Stack, gather
from lethe.classifiers.training import SGD, cross_entropy

SHAPES = {
    "mlp": (1, 8, 8),
    "tinycnn": (1, 8, 8),
    "resnet18": (3, 32, 32),
    "resnet18_cifar": (3, 16, 16),
    "tinyvit": (3, 32, 32),
}
NAMES = ARCHITECTURES.names()
NORMALISED = ["resnet18", "resnet18_cifar", "tinyvit"]  # with batch normalisation
STACKED = ["mlp", "tinycnn"]  # with a formulation of their own


@functools.cache
def architecture(name: str) -> Architecture:
    return ARCHITECTURES.load(name)(5, SHAPES[name])


@functools.cache
def trained(name: str) -> Stack:
    """Two models, of which every parameter and running statistic differs from its initial value. Clone it to change it."""
    stack = architecture(name).init([0, 1])
    generator = torch.Generator().manual_seed(7)
    for tensor in stack.parameters.values():
        tensor += 0.05 * torch.randn(tensor.shape, generator=generator)
    for tensor in stack.buffers.values():
        if tensor.is_floating_point():
            tensor += 0.1 * torch.rand(tensor.shape, generator=generator)
    return stack


def images(name: str, models: int = 2, batch: int = 2) -> Tensor:
    return torch.randn(models, batch, *SHAPES[name], generator=torch.Generator().manual_seed(3))


def largest(first: Stack, second: Stack) -> float:
    parts = [(first.parameters, second.parameters), (first.buffers, second.buffers)]
    return max((a[key].double() - b[key].double()).abs().max().item() for a, b in parts for key in a)


def differentiable(stack: Stack) -> Stack:
    copy = stack.clone()
    for tensor in copy.parameters.values():
        tensor.requires_grad_(True)
    return copy


def test_every_architecture_is_tested() -> None:
    assert set(SHAPES) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_initialisation_depends_on_the_seed_alone(name: str) -> None:
    both, alone = architecture(name).init([3, 4]), architecture(name).init([4])
    assert largest(both.select([1]), alone) == 0
    assert all(tensor.dtype == torch.float32 for tensor in both.parameters.values())
    weight = architecture(name).classifier[0]
    assert not torch.equal(both.parameters[weight][0], both.parameters[weight][1])
    state = torch.get_rng_state()
    architecture(name).init([0])
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("name", NAMES)
def test_names_of_parameters(name: str) -> None:
    model, stack = architecture(name), trained(name)
    names = set(stack.parameters)
    assert set(model.kinds) == names and set(model.kinds.values()) <= {"conv", "linear", "norm", "other"}
    assert len(model.blocks) >= 2 and all(block and set(block) <= names for block in model.blocks)
    assert len(set().union(*model.blocks)) == sum(map(len, model.blocks))
    assert model.classifier and set(model.classifier) <= names
    assert [stack.parameters[key].shape[1] for key in model.classifier] == [5] * len(model.classifier)


@pytest.mark.parametrize("name", NAMES)
def test_models_of_a_stack_answer_as_each_does_by_itself(name: str) -> None:
    """The reference is a module of its own per model; timm's TinyViT caches attention biases, so a shared one could mix them up."""
    model, stack, batch = architecture(name), trained(name), images(name)
    logits = model.logits(stack, batch)
    assert logits.shape == (2, 2, 5)
    for m in range(2):
        module = model.build().eval()
        state = {key: tensor[m] for key, tensor in (*stack.parameters.items(), *stack.buffers.items())}
        with torch.no_grad():
            expected = functional_call(module, state, (batch[m],))
        assert (logits[m] - expected).abs().max() < 1e-5 * max(1.0, expected.abs().max().item())


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 12, 20), (3, 32, 32)])
@pytest.mark.parametrize("name", STACKED)
def test_the_stacked_formulation_equals_the_loop(name: str, shape: tuple[int, int, int]) -> None:
    model = ARCHITECTURES.load(name)(5, shape)
    batch = torch.randn(3, 6, *shape, generator=torch.Generator().manual_seed(0))
    batch[:, :, :, : shape[1] // 2] = 0.3  # a plain area: all four values of a pooling cell are equal there
    labels = torch.arange(18).view(3, 6) % 5
    results = []
    for logits in (model.logits, functools.partial(Architecture.logits, model)):
        stack = differentiable(model.init([0, 1, 2]))
        out = logits(stack, batch)
        results.append((out, torch.autograd.grad(cross_entropy(out, labels).sum(), list(stack.parameters.values()))))
    (first, gradients), (second, expected) = results
    assert (first - second).abs().max() < 1e-5
    assert max((a - b).abs().max().item() for a, b in zip(gradients, expected, strict=True)) < 1e-5


@pytest.mark.parametrize("name", STACKED)
def test_second_derivatives_and_torch_func_work(name: str) -> None:
    model, batch = architecture(name), images(name, batch=3)
    stack, reference = differentiable(trained(name)), differentiable(trained(name))

    def product(logits: Tensor, stack: Stack) -> tuple[Tensor, ...]:
        """A Hessian-vector product, of a loss that is not linear in the logits."""
        parameters = list(stack.parameters.values())
        gradients = torch.autograd.grad(logits.square().sum(), parameters, create_graph=True)
        return torch.autograd.grad(sum((gradient.sin().sum() for gradient in gradients), torch.zeros(())), parameters)

    found = product(model.logits(stack, batch), stack)
    expected = product(Architecture.logits(model, reference, batch), reference)
    for a, b in zip(found, expected, strict=True):
        assert (a - b).abs().max() < 1e-4 * max(1.0, b.abs().max().item())

    def loss(parameters: dict[str, Tensor], sample: Tensor) -> Tensor:
        return model.logits(Stack(parameters, {}), sample[:, None]).square().sum()

    parameters = trained(name).parameters
    per_sample = vmap(grad(loss), in_dims=(None, 1))(parameters, batch)
    for sample in range(3):
        gradients = torch.autograd.grad(
            model.logits(stack, batch[:, sample : sample + 1]).square().sum(), list(stack.parameters.values())
        )
        for key, gradient in zip(stack.parameters, gradients, strict=True):
            assert (per_sample[key][sample] - gradient).abs().max() < 1e-4 * max(1.0, gradient.abs().max().item())


@pytest.mark.parametrize("name", ["resnet18", "tinyvit"])
def test_models_together_are_as_one_after_another(name: str) -> None:
    network, pictures = architecture(name), images(name).double()
    alone, together = (trained(name)._each(lambda t: t.double() if t.is_floating_point() else t.clone()) for _ in range(2))
    torch.manual_seed(5)
    expected = network.logits(alone, pictures, train=True)
    torch.manual_seed(5)
    with network.training_passes(together=True):
        found = network.logits(together, pictures, train=True)
    assert torch.allclose(found, expected, rtol=0, atol=1e-6)  # normalised over two images, where rounding grows
    assert largest(together, trained(name)) > 0 and largest(together, alone) < 1e-6  # the running statistics moved, as far


@pytest.mark.parametrize("name", NAMES)
def test_the_loss_of_a_model_does_not_reach_another(name: str) -> None:
    model, stack = architecture(name), differentiable(trained(name))
    losses = cross_entropy(model.logits(stack, images(name), train=True), torch.tensor([[0, 1], [2, 3]]))
    gradients = torch.autograd.grad(losses[0], list(stack.parameters.values()))
    assert all(torch.count_nonzero(gradient[1]) == 0 for gradient in gradients)
    assert all(torch.isfinite(gradient).all() for gradient in gradients)
    assert sum(torch.count_nonzero(gradient[0]) > 0 for gradient in gradients) > len(gradients) / 2


@pytest.mark.parametrize("name", NAMES)
def test_a_step_of_a_stack_equals_a_step_of_each_model(name: str) -> None:
    model, batch, labels = architecture(name), images(name), torch.tensor([[0, 1], [2, 3]])
    results = []
    for rows in ([0, 1], [0], [1]):
        torch.manual_seed(11)  # the drop-paths of tinyvit
        optimiser = SGD(trained(name).select(rows), 0.01)
        optimiser.step(cross_entropy(model.logits(optimiser.stack, batch[rows], train=True), labels[rows]))
        results.append(optimiser.finish())
    assert largest(results[0], gather(zip(([0], [1]), results[1:], strict=True), 2)) < 1e-5


@pytest.mark.parametrize("name", NORMALISED)
def test_running_statistics_move_in_training_mode_only(name: str) -> None:
    model, stack, batch = architecture(name), trained(name).clone(), images(name)
    model.logits(stack, batch)
    assert largest(stack, trained(name)) == 0
    model.logits(stack, batch, train=True)
    moved = [key for key in stack.buffers if key.endswith(("running_mean", "running_var", "num_batches_tracked"))]
    assert moved
    for key in moved:
        assert all(not torch.equal(stack.buffers[key][m], trained(name).buffers[key][m]) for m in range(2)), key
    assert all(torch.equal(stack.parameters[key], trained(name).parameters[key]) for key in stack.parameters)


@pytest.mark.parametrize("name", NAMES)
def test_a_stack_survives_a_file(name: str, tmp_path: Path) -> None:
    trained(name).save(tmp_path / "a.safetensors", {"architecture": name})
    loaded = Stack.load(tmp_path / "a.safetensors")
    assert largest(loaded, trained(name)) == 0 and set(loaded.buffers) == set(trained(name).buffers)
    assert torch.equal(architecture(name).logits(loaded, images(name)), architecture(name).logits(trained(name), images(name)))


def test_drop_paths_are_random_shared_and_repeatable() -> None:
    model, one = architecture("tinyvit"), trained("tinyvit").select([0])
    batch = images("tinyvit", models=1, batch=8)
    twins, both = gather([([0], one), ([1], one)], 2), batch.expand(2, -1, -1, -1, -1)
    torch.manual_seed(0)
    first, second = model.logits(twins.clone(), both, train=True), model.logits(twins.clone(), both, train=True)
    assert torch.equal(first[0], first[1]) and not torch.allclose(first, second)
    torch.manual_seed(0)
    assert torch.equal(model.logits(one.clone(), batch, train=True)[0], first[0])


def test_images_that_an_architecture_cannot_take_are_an_error() -> None:
    with pytest.raises(ValueError, match="image_shape is \\(1, 8, 8\\); a ResNet-18 takes images of 3 channels"):
        ARCHITECTURES.load("resnet18")(10, (1, 8, 8))
    with pytest.raises(ValueError, match="height and width must be multiples of 4"):
        ARCHITECTURES.load("tinycnn")(10, (1, 10, 8))


def test_the_published_sizes() -> None:
    counts = {
        ("mlp", 10, (1, 8, 8)): 4810,
        ("tinycnn", 10, (1, 8, 8)): 1898,
        ("resnet18", 10, (3, 32, 32)): 11_181_642,
        ("resnet18_cifar", 10, (3, 32, 32)): 11_173_962,
    }
    for (name, classes, shape), count in counts.items():
        assert sum(parameter.numel() for parameter in ARCHITECTURES.load(name)(classes, shape).template.parameters()) == count


def test_cross_entropy_is_the_mean_per_model() -> None:
    logits, labels = torch.randn(2, 4, 3), torch.tensor([[0, 1, 2, 0], [1, 1, 0, 2]])
    assert torch.allclose(cross_entropy(logits, labels), torch.stack([F.cross_entropy(logits[m], labels[m]) for m in range(2)]))
