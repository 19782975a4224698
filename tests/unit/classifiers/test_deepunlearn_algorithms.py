"""What single Deep Unlearn methods do to weights, against plain torch loops over one model where they have one."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle
from typing import Any

import pytest
import torch
from tests.contract.test_deepunlearn_methods import contract, loaded, problem
from torch import Tensor, nn
from torch.nn import functional as F

from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.classifiers.training import batches, data_order

Loop = Callable[[Problem, nn.Module, Any], None]


def unlearned(given: Problem, name: str, **changes: Any) -> Stack:
    method, config = loaded(name)
    return method.unlearn(given, [config(**{**contract(name).small, **changes})] * len(given))


def alone(given: Problem) -> nn.Module:
    """The first model as a module of torch."""
    network = copy.deepcopy(given.architecture.template)
    stack = given.original
    network.load_state_dict({name: tensor[0].clone() for name, tensor in (*stack.parameters.items(), *stack.buffers.items())})
    return network


def rows(given: Problem, index: Tensor, size: int, order: torch.Generator) -> list[tuple[Tensor, Tensor]]:
    """Batches of images and labels of one pass."""
    return [(given.images[part[0]], given.labels[part[0]]) for part in batches(index, size, order)]


def sgd(network: nn.Module, rate: float, decay: float, momentum: float = 0.9) -> torch.optim.SGD:
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    return torch.optim.SGD(parameters, lr=rate, momentum=momentum, weight_decay=decay)


def descend(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def ngplus(given: Problem, network: nn.Module, c: Any) -> None:
    network.eval()
    optimiser, order = sgd(network, c.learning_rate, c.weight_decay), data_order()
    for _ in range(c.num_epochs):
        forget = rows(given, given.forget, c.batch_size, order)
        for (x, y), (u, v) in zip(rows(given, given.retain, c.batch_size, order), cycle(forget), strict=False):
            descend(optimiser, c.alpha * F.cross_entropy(network(x), y) - (1 - c.alpha) * F.cross_entropy(network(u), v))


def cfk(given: Problem, network: nn.Module, c: Any) -> None:
    network.eval()
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(not name.startswith("conv1") and not name.startswith("bn1"))
    origin = [parameter.detach().clone() for parameter in network.parameters()]
    optimiser, order = sgd(network, c.learning_rate, 0.0, momentum=0.0), data_order()
    for epoch in range(c.num_epochs):
        passed = sum(epoch > int(share * c.num_epochs) for share in (0.5, 0.8, 0.9))
        optimiser.param_groups[0]["lr"] = c.learning_rate * c.sgda_decay_rate**passed
        for x, y in rows(given, given.retain, c.batch_size, order):
            distance = sum((now - then).square().sum() for now, then in zip(network.parameters(), origin, strict=True))
            descend(optimiser, F.cross_entropy(network(x), y) + c.sgda_weight_decay / 2 * distance)


def fcs(given: Problem, network: nn.Module, c: Any) -> None:
    network.train()
    order, size = data_order(), c.batch_size
    flatten = sgd(network, c.learning_rate, c.weight_decay)
    for x, _ in rows(given, given.forget, size, order):
        uniform = torch.full((len(x), given.classes), 1 / given.classes)
        descend(flatten, F.kl_div(F.log_softmax(network(x), 1), uniform, reduction="batchmean"))
    contrast = sgd(network, c.forget_learning_rate, c.forget_weight_decay)
    repair = sgd(network, c.retain_learning_rate * size / 64, c.retain_weight_decay)
    steps = len(rows(given, given.forget, size, data_order())) * c.num_epochs
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(contrast, steps, c.eta_min)
    for _ in range(c.num_epochs):
        forget = rows(given, given.forget, size, order)
        for (u, _), (x, _) in zip(forget, rows(given, given.retain, size, order), strict=False):
            gone, anchors = network(u), network(x).detach()
            descend(contrast, -F.log_softmax(gone @ anchors.T / c.temperature, 1).mean())
            schedule.step()
        for x, y in rows(given, given.retain, size, order):
            descend(repair, F.cross_entropy(network(x), y))


@pytest.mark.parametrize("architecture", ["tinycnn", "batchnorm"])
@pytest.mark.parametrize(
    ("name", "loop", "changes"),
    [
        ("ngplus", ngplus, {"batch_size": 16, "learning_rate": 0.01, "alpha": 0.9}),
        ("cfk", cfk, {"num_epochs": 4}),
        ("fcs", fcs, {"batch_size": 32}),
    ],
)
def test_the_loop_is_the_one_of_the_specification(architecture: str, name: str, loop: Loop, changes: dict[str, Any]) -> None:
    """``stack.parameters`` and running statistics equal those of a loop over a torch module with torch's optimiser and scheduler.

    The data order takes one permutation per pass, in the order in which passes are opened; for pairs of passes, forget first.
    """
    given = problem(architecture).select([0])
    network = alone(given)
    loop(given, network, loaded(name)[1](**{**contract(name).small, **changes}))
    result = unlearned(given, name, **changes)
    for key, tensor in network.state_dict().items():
        found = (result.parameters | result.buffers)[key][0]
        assert torch.allclose(found, tensor, rtol=1e-3, atol=2e-5), f"{key} differs by {(found - tensor).abs().max()}"


def moved(given: Problem, stack: Stack) -> set[str]:
    return {name for name, tensor in stack.parameters.items() if not torch.equal(tensor, given.original.parameters[name])}


def test_random_labels_are_random_labels() -> None:
    """SRL draws labels for the forget set anew in every epoch, for every model, among all classes."""
    given = problem("tinycnn")
    drawn: list[Tensor] = []
    draws = given.draws

    class Spy(Problem):
        def draws(self, purpose: str) -> Any:
            source = draws(purpose)
            integers = source.integers

            def recorded(high: int, shape: Any) -> Tensor:
                drawn.append(integers(high, shape))
                return drawn[-1]

            source.integers = recorded  # type: ignore[method-assign]
            return source

    unlearned(Spy(**vars(given)), "srl", num_epochs=3)
    assert len(drawn) == 3 and drawn[0].shape == given.forget.shape
    assert not torch.equal(drawn[0], drawn[1])  # successive: new ones in every epoch
    assert not torch.equal(drawn[0][0], drawn[0][1])  # and for every model
    assert torch.cat(drawn).unique().tolist() == list(range(given.classes))


@pytest.mark.parametrize("name", ["cfk", "euk"])
@pytest.mark.parametrize(
    ("blocks", "still"),
    [(1, {"conv1.weight", "bn1.weight", "bn1.bias", "layer1.conv1.weight", "layer1.bn1.weight", "layer1.bn1.bias"}),
     (2, {"conv1.weight", "bn1.weight", "bn1.bias"}),
     (9, {"conv1.weight", "bn1.weight", "bn1.bias"})],
)  # fmt: skip
def test_only_the_last_blocks_are_trained(name: str, blocks: int, still: set[str]) -> None:
    given = problem("batchnorm")
    stack = unlearned(given, name, num_blocks=blocks)
    assert set(stack.parameters) - moved(given, stack) == still


def test_reinitialised_blocks_know_nothing() -> None:
    """EU-k without a step: the last blocks are the same whatever the original was, in the published ranges; the rest is the original."""
    given = problem("batchnorm")
    fresh = unlearned(given, "euk", num_blocks=1, learning_rate=0.0)
    other = unlearned(replace(given, original=given.original.select([2, 0, 1])), "euk", num_blocks=1, learning_rate=0.0)
    for name in ("layer2.conv1.weight", "layer2.bn1.weight", "layer2.bn1.bias", "fc.weight", "fc.bias"):
        assert torch.equal(fresh.parameters[name], other.parameters[name]), name
    conv, linear = fresh.parameters["layer2.conv1.weight"], fresh.parameters["fc.weight"]
    assert 0.9 < conv.abs().max() / (6 / (4 * 9)) ** 0.5 <= 1
    assert 0.9 < linear.abs().max() / (6 / (16 + 10)) ** 0.5 <= 1
    assert (fresh.parameters["layer2.bn1.weight"] == 1).all() and not fresh.parameters["fc.bias"].any()
    assert (fresh.buffers["layer2.bn1.running_var"] == 1).all() and not fresh.buffers["layer2.bn1.running_mean"].any()
    assert torch.equal(fresh.buffers["layer1.bn1.running_var"], given.original.buffers["layer1.bn1.running_var"])
    published = unlearned(given, "euk_published", num_blocks=1, learning_rate=0.0)
    assert all(torch.equal(published.buffers[name], given.original.buffers[name]) for name in published.buffers)
    assert torch.equal(published.parameters["fc.weight"], fresh.parameters["fc.weight"])


def test_exact_unlearning_augments() -> None:
    """Every model's batch gets the same random numbers, so a stack is still its models."""
    given = problem("tinycnn")

    def noisy(images: Tensor, generator: torch.Generator) -> Tensor:
        return images + 0.3 * torch.randn(images.shape, generator=generator)

    augmented = replace(given, augment=noisy)
    together = unlearned(augmented, "euk")
    assert not torch.equal(together.parameters["fc.weight"], unlearned(given, "euk").parameters["fc.weight"])
    for m in range(len(given)):
        single = unlearned(augmented.select([m]), "euk").parameters["fc.weight"][0]
        assert torch.allclose(together.parameters["fc.weight"][m], single, atol=1e-5)
    assert torch.equal(unlearned(augmented, "cfk").parameters["fc.weight"], unlearned(given, "cfk").parameters["fc.weight"])


def test_noise_goes_where_it_should() -> None:
    """CFW disturbs every convolution, the published one those that are direct children; N(0, std^2), once or twice."""
    given, still = problem("batchnorm"), {"learning_rate": 0.0, "start_confuser_std": 0.5, "final_confuser_std": 0.0}
    convolutions = {"conv1.weight", "layer1.conv1.weight", "layer2.conv1.weight"}
    once = unlearned(given, "cfw", **still)
    assert moved(given, once) == convolutions
    assert moved(given, unlearned(given, "cfw_published", **still)) == {"conv1.weight"}
    noise = torch.cat([(once.parameters[name] - given.original.parameters[name]).flatten() for name in convolutions])
    assert noise.mean().abs() < 0.05 and abs(noise.std() - 0.5) < 0.05
    again = {**still, "start_confuser_std": 0.0, "final_confuser_std": 0.5}
    assert not moved(given, unlearned(given, "cfw", **again, num_epochs=1))
    assert moved(given, unlearned(given, "cfw", **again, num_epochs=2)) == convolutions


def test_class_weights_balance() -> None:
    """A class twice as rare weighs twice as much in CFW; in the published loss it scales the whole batch."""
    losses, weights = torch.tensor([[1.0, 3.0]]), torch.tensor([[0.5, 2.0]])
    assert loaded("cfw")[0].balance(losses, weights).item() == 3.25  # type: ignore[attr-defined]
    assert loaded("cfw_published")[0].balance(losses, weights).item() == 2.5  # type: ignore[attr-defined]


def test_the_smallest_weights_are_pruned() -> None:
    """PRMQ without a step: the share with the smallest absolute value over all layers is new, biases zero, the rest rounded."""
    given, share = problem("tinycnn").select([1]), 0.6
    stack = unlearned(given, "prmq", learning_rate=0.0, prune_amount=share)
    before = {name: tensor[0] for name, tensor in given.original.parameters.items()}
    kept = {name: before[name].half().float() == tensor[0] for name, tensor in stack.parameters.items()}
    total = sum(tensor.numel() for tensor in before.values())
    changed = sum(int((~mask).sum()) for mask in kept.values())
    assert abs(changed - share * total) <= 3  # a new weight may happen to be the old one
    largest_new = max(float(before[name][~mask].abs().max()) for name, mask in kept.items() if not mask.all())
    smallest_old = min(float(before[name][mask].abs().min()) for name, mask in kept.items() if mask.any())
    assert largest_new <= smallest_old * 1.001
    for name, fan_in in (("conv1.weight", 9), ("conv2.weight", 72), ("fc.weight", 64)):
        new = stack.parameters[name][0][~kept[name]]
        assert new.abs().max() <= fan_in**-0.5 * 1.001 and (len(new) < 100 or new.abs().max() > 0.9 * fan_in**-0.5)
    assert not any(stack.parameters[name][0][~kept[name]].any() for name in before if name.endswith("bias"))
    trained = unlearned(given, "prmq")
    assert all(torch.equal(tensor, tensor.half().float()) for tensor in trained.parameters.values())


def test_partial_epochs() -> None:
    """PRMQ of 1.4 epochs of 3 batches takes 4 steps, as 4 / 3 epochs do, and 3 / 3 and 5 / 3 do not."""
    given = problem("tinycnn").select([0])
    third = 1 / 3 + 1e-6
    few, four, same, more = (
        unlearned(given, "prmq", num_epochs=e).parameters["fc.weight"] for e in (1, 1.4, 1 + third, 1 + 2 * third)
    )
    assert torch.equal(four, same) and not torch.equal(four, few) and not torch.equal(four, more)


def test_kernels_are_transposed() -> None:
    """CT without a step: every kernel turned over its diagonal, twice the original, nothing else touched."""
    given = problem("tinycnn")
    turned = unlearned(given, "ct", learning_rate=0.0)
    assert moved(given, turned) == {"conv1.weight", "conv2.weight"}
    for name in ("conv1.weight", "conv2.weight"):
        assert torch.equal(turned.parameters[name], given.original.parameters[name].transpose(3, 4))


def test_running_statistics_end_with_the_last_step() -> None:
    """PRMQ of 1.4 epochs: no batch after the last step moves them. As published it takes one step, and one batch, more."""
    given = problem("batchnorm").select([0])
    batches_seen = {
        name: int(unlearned(given, name, num_epochs=1.4).buffers["bn1.num_batches_tracked"][0])
        for name in ("prmq", "prmq_published")
    }
    before = int(given.original.buffers["bn1.num_batches_tracked"][0])
    assert {name: count - before for name, count in batches_seen.items()} == {"prmq": 4, "prmq_published": 5}
