"""Every method as published against its formula over a module of torch: how far apart the two are, of the way that they went.

The formulas are those of `xcadet/deepunlearn` 6830ff6 (`munl/unlearning`), written anew. Start weights, batches and random numbers are the same on
both sides. FF, whose result is one draw, is compared in ``test_deepunlearn_oracles``.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from tests.contract.test_deepunlearn_methods import contract, loaded, problem
from tests.unit.classifiers.test_deepunlearn_algorithms import alone, cfk, descend, fcs, ngplus, rows, sgd
from tests.unit.classifiers.test_deepunlearn_oracles import (
    Loop,
    bt_published,
    few_classes,
    frozen,
    kde_published,
    msg_published,
    named,
    rni,
    salun_published,
    scrub_published,
    single_gradients,
)
from torch import Tensor, nn
from torch.nn import functional as F

from lethe.classifiers.problem import Problem
from lethe.classifiers.training import data_order


def ft(given: Problem, network: nn.Module, c: Any) -> None:
    optimiser, order = sgd(network, c.learning_rate, c.weight_decay), data_order()
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, c.num_epochs)
    for _ in range(c.num_epochs):
        for x, y in rows(given, given.retain, c.batch_size, order):
            descend(optimiser, F.cross_entropy(network(x), y))
        schedule.step()


def ct(given: Problem, network: nn.Module, c: Any) -> None:
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.weight.data = module.weight.data.transpose(2, 3)
    ft(given, network, c)


def ga(given: Problem, network: nn.Module, c: Any) -> None:
    optimiser, order = sgd(network, c.learning_rate, c.weight_decay), data_order()
    for _ in range(c.num_epochs):
        for x, y in rows(given, given.forget, c.batch_size, order):
            descend(optimiser, -F.cross_entropy(network(x), y))


def srl(given: Problem, network: nn.Module, c: Any) -> None:
    optimiser, order, draws = sgd(network, c.learning_rate, c.weight_decay), data_order(), given.draws("srl/labels")
    index = torch.cat([given.forget, given.retain], 1)
    for _ in range(c.num_epochs):
        labels = given.labels.clone()
        labels[given.forget[0]] = draws.integers(given.classes, given.forget.shape[1:])[0]
        for x, y in rows(replace(given, labels=labels), index, c.batch_size, order):
            descend(optimiser, F.cross_entropy(network(x), y))


def euk_published(given: Problem, network: nn.Module, c: Any) -> None:
    """Like CF-k, from new blocks; the data set has no augmentation."""
    for name, parameter in network.named_parameters():
        if name.startswith(("conv1", "bn1")):
            continue
        if parameter.ndim == 1:
            parameter.data = torch.full_like(parameter, float("bn" in name and name.endswith("weight")))
        else:
            fan_out, fan_in = (parameter.shape[axis] * parameter[0, 0].numel() for axis in (0, 1))
            bound = math.sqrt(6 / (fan_out if parameter.ndim == 4 else fan_in + fan_out))
            parameter.data = (2 * given.draws(f"euk/{name}").uniform(parameter.shape)[0] - 1) * bound
    cfk(given, network, c)


def cfw_published(given: Problem, network: nn.Module, c: Any) -> None:
    def disturb(std: float, purpose: str) -> None:
        for child_name, child in network.named_children():
            if "conv" in child_name:
                child.weight.data += std * given.draws(purpose).normal(child.weight.shape)[0]

    counts = given.labels[given.retain[0]].bincount(minlength=given.classes)
    weights = given.retain.shape[1] / ((counts > 0).sum() * counts)
    disturb(c.start_confuser_std, "cfw/start")
    optimiser, order = sgd(network, c.learning_rate, c.weight_decay), data_order()
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, c.num_epochs)
    for epoch in range(c.num_epochs):
        for x, y in rows(given, given.retain, c.batch_size, order):
            descend(optimiser, (weights[y] * F.cross_entropy(network(x), y)).mean())
        schedule.step()
        if epoch == c.num_epochs - 2:
            disturb(c.final_confuser_std, "cfw/final")


def prmq_published(given: Problem, network: nn.Module, c: Any) -> None:
    original, draws = frozen(network), given.draws("prmq/reset")
    layers = [f"{name}." for name, module in network.named_modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    weighed = [parameter for name, parameter in network.named_parameters() if name.startswith(tuple(layers))]
    flat = torch.cat([parameter.data.flatten() for parameter in weighed])
    pruned = torch.zeros_like(flat, dtype=torch.bool)
    pruned[flat.abs().sort(stable=True).indices[: round(c.prune_amount * len(flat))]] = True
    for parameter, mask in zip(weighed, pruned.split([parameter.numel() for parameter in weighed]), strict=True):
        new = torch.zeros_like(parameter)
        if parameter.ndim > 1:
            new = (2 * draws.uniform(parameter.shape)[0] - 1) / math.sqrt(parameter[0].numel())
        parameter.data = torch.where(mask.view_as(parameter), new, parameter)

    def entropy(logits: Tensor) -> Tensor:
        return torch.distributions.Categorical(logits=logits).entropy()

    weights = given.labels[given.retain[0]].bincount(minlength=given.classes) ** -0.1
    optimiser, order, done, most = sgd(network, c.learning_rate, c.weight_decay), data_order(), 0, 0
    while done <= most:
        batches = rows(given, given.retain, c.batch_size, order)
        most = int(len(batches) * c.num_epochs)
        for x, y in batches[: most + 1 - done]:
            student = network(x)
            loss = F.cross_entropy(student, y, weight=weights) + F.mse_loss(entropy(student), entropy(original(x)))
            descend(optimiser, loss)
            done += 1
    network.half().float()


def iu_published(given: Problem, network: nn.Module, c: Any) -> None:
    of_retain, of_forget = (single_gradients(network, given, index[0]) for index in (given.retain, given.forget))
    both = len(of_retain) + len(of_forget)
    k = of_forget.sum(0) / both - of_retain.sum(0) * len(of_forget) / (both * len(of_retain))
    o = of_retain[0].clone()
    for g in of_retain[1:]:
        t = o @ g
        k -= (k @ g) / (1000 + t) * o
        o = o - t / (1000 + t) * o
    parts = k.split([parameter.numel() for parameter in named(network).values()])
    for parameter, part in zip(named(network).values(), parts, strict=True):
        parameter.data += c.alpha * part.view_as(parameter)


SCRUB = 1e-4  # its ascent makes rounding errors grow
METHODS: list[tuple[Loop, dict[str, Any], float]] = [
    (ft, {}, 1e-5),
    (ga, {"num_epochs": 2}, 1e-5),
    (srl, {}, 1e-5),
    (ngplus, {"batch_size": 16, "alpha": 0.9}, 1e-5),
    (cfk, {"num_blocks": 9, "num_epochs": 2}, 1e-5),
    (euk_published, {"num_blocks": 9, "num_epochs": 2}, 1e-5),
    (fcs, {"batch_size": 32}, 1e-5),
    (msg_published, {"batch_size": 16}, 1e-5),
    (cfw_published, {}, 1e-5),
    (prmq_published, {"num_epochs": 1.4}, 1e-5),
    (ct, {"num_epochs": 3}, 1e-5),
    (kde_published, {"num_epochs": 2, "retain_num_epochs": 2}, 1e-5),
    (rni, {"num_epochs": 3, "fine_num_epochs": 1}, 1e-5),
    (bt_published, {}, 1e-5),
    (salun_published, {"num_epochs": 2, "batch_size": 16}, 1e-5),
    (scrub_published, {"num_epochs": 2, "msteps": 1}, SCRUB),
    (iu_published, {}, 1e-5),
]


def apart(ours: dict[str, Tensor], theirs: dict[str, Tensor], start: dict[str, Tensor]) -> float:
    """|ours - theirs| / |theirs - start| over all numbers."""
    first, second, third = (
        torch.cat([tensors[name].double().flatten() for name in start if start[name].is_floating_point()])
        for tensors in (ours, theirs, start)
    )
    return float((first - second).norm() / (second - third).norm())


@pytest.mark.parametrize(("loop", "changes", "tolerance"), METHODS, ids=[entry[0].__name__ for entry in METHODS])
def test_the_published_method_goes_where_the_reference_goes(loop: Loop, changes: dict[str, Any], tolerance: float) -> None:
    """Weights, and running statistics where they move, on the smallest network with batch normalisation."""
    name = loop.__name__
    given = problem("batchnorm").select([0])
    if name == "scrub_published":
        given = few_classes(given)
    method, config = loaded(name)
    parameters, network = config(**{**contract(name).small, **changes}), alone(given).train()
    network = loop(given, network, parameters) or network
    result, theirs = method.unlearn(given, [parameters]), network.state_dict()
    for ours, start in ((result.parameters, given.original.parameters), (result.buffers, given.original.buffers)):
        moved = {key: theirs[key] for key in start}
        if any(not torch.equal(tensor, start[key][0]) for key, tensor in moved.items()):
            found = apart(
                {key: tensor[0] for key, tensor in ours.items()}, moved, {key: tensor[0] for key, tensor in start.items()}
            )
            assert found < tolerance, f"{found:.1e} of the way apart"
        else:
            assert all(torch.equal(ours[key][0], tensor) for key, tensor in moved.items())
