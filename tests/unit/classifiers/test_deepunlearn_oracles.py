"""Deep Unlearn methods against plain torch: loops over one module with torch's optimisers, dense linear algebra, single samples.

The other half of the methods, and what the loops share, is in ``test_deepunlearn_algorithms``.
"""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from tests.contract.test_deepunlearn_methods import contract, loaded, problem
from tests.unit.classifiers.test_deepunlearn_algorithms import alone, descend, moved, rows, sgd, unlearned
from torch import Tensor, nn
from torch.nn import functional as F

from lethe.benchmarks.deepunlearn import lira
from lethe.classifiers.data.digits import Digits
from lethe.classifiers.experiment import Experiment
from lethe.classifiers.methods import iu
from lethe.classifiers.methods.base import Hyperparameters, Method
from lethe.classifiers.models.mlp import Mlp
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.classifiers.training import Adam, data_order
from lethe.settings.classifiers import BaseTraining, Lira

Loop = Callable[[Problem, nn.Module, Any], nn.Module | None]


def frozen(network: nn.Module) -> nn.Module:
    """A copy to ask, in evaluation mode."""
    return copy.deepcopy(network).eval().requires_grad_(False)


def distance(teacher: Tensor, student: Tensor, temperature: float) -> Tensor:
    """KL(teacher || student), mean over the batch."""
    return F.kl_div(F.log_softmax(student / temperature, 1), F.softmax(teacher / temperature, 1), reduction="batchmean")


def named(network: nn.Module) -> dict[str, nn.Parameter]:
    """Parameters in the order of a stack."""
    return dict(sorted(network.named_parameters()))


# Loops. Random numbers come from ``Problem.draws``, the sum of everything else is worked out here.


def retain_or_forget_gradients(given: Problem, network: nn.Module, forget_batch: int = 64) -> list[Tensor]:
    """MSG's gradient of every convolution, in the order of the network."""
    network.train()
    weights = [module.weight for module in network.modules() if isinstance(module, nn.Conv2d)]
    order = given.draws("msg/subset").permutations(given.retain.shape[1])[0]
    parts = [(1, part) for part in given.retain[0, order[: given.forget.shape[1]]].split(64)]
    parts += [(-1, part) for part in given.forget[0].split(forget_batch)]
    total = [torch.zeros_like(weight) for weight in weights]
    for sign, part in parts:
        found = torch.autograd.grad(F.cross_entropy(network(given.images[part]), given.labels[part]), weights)
        for entry, gradient in zip(total, found, strict=True):
            entry += sign * gradient
    return total


def msg(given: Problem, network: nn.Module, c: Any, published: bool = False) -> None:
    weights = [module.weight for module in network.modules() if isinstance(module, nn.Conv2d)]
    draws, scale = given.draws("msg/reset"), []
    gradients = retain_or_forget_gradients(given, network, c.batch_size if published else 64)
    for weight, gradient in zip(weights, gradients, strict=True):
        small = gradient.abs().flatten().sort(stable=True).indices[: round(c.init_rate * weight.numel())]
        fresh = draws.normal(weight.shape)[0] * math.sqrt(2 / (weight.shape[0] * weight.shape[2] * weight.shape[3]))
        scale.append(torch.full((weight.numel(),), 0.1))
        scale[-1][small] = 1.0
        weight.data.view(-1)[small] = fresh.flatten()[small]
    if published:
        convolutions = [
            name for name, module in network.named_modules() if isinstance(module, nn.Conv2d) and module.bias is not None
        ]
        redraw(network, [f"{name}.bias" for name in convolutions], given.draws("msg/biases"))
    optimiser, order, top = sgd(network, c.learning_rate, c.weight_decay), data_order(), (c.num_epochs + 1) // 2
    for s in range(1, c.num_epochs + 1):
        share = s / top if s <= top else (c.num_epochs + 1 - s) / (c.num_epochs + 1 - top)
        optimiser.param_groups[0]["lr"] = c.learning_rate * share
        for x, y in rows(given, given.retain, c.batch_size, order):
            optimiser.zero_grad()
            F.cross_entropy(network(x), y).backward()
            for weight, factor in zip(weights, scale, strict=True):
                assert weight.grad is not None
                weight.grad *= factor.view_as(weight)
            optimiser.step()


def msg_published(given: Problem, network: nn.Module, c: Any) -> None:
    msg(given, network, c, published=True)


def redraw(network: nn.Module, names: list[str], draws: Any) -> None:
    """As ``reset_parameters`` of convolutions and linear layers: U(-b, b) with b = fan_in^-1/2, also of biases."""
    parameters = named(network)
    for name in names:
        fan_in = parameters[name.replace("bias", "weight")][0].numel()
        parameters[name].data = (2 * draws.uniform(parameters[name].shape)[0] - 1) / math.sqrt(fan_in)


def kde(given: Problem, network: nn.Module, c: Any, warm_up: Tensor | None = None) -> None:
    teacher = frozen(network)
    network.train()
    first = [name for name in named(network) if name.startswith("conv1.")]
    redraw(network, [*first, "fc.weight", "fc.bias"], given.draws("kde/reset"))
    optimiser, order = sgd(network, c.learning_rate, c.weight_decay), data_order()
    for _ in range(c.num_epochs):
        if warm_up is None:
            parts = [x for x, _ in rows(given, given.retain, c.batch_size, order)]
        else:
            parts = list(given.images[warm_up[0]].split(c.batch_size))
        for x in parts:
            descend(optimiser, distance(teacher(x), network(x), c.temperature))
    optimiser, order = sgd(network, c.retain_learning_rate, c.retain_weight_decay), data_order()
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, c.retain_num_epochs)
    for _ in range(c.retain_num_epochs):
        for x, y in rows(given, given.retain, c.batch_size, order):
            student, known = network(x), teacher(x)
            soft = F.cross_entropy(student / c.temperature, F.softmax(known / c.temperature, 1))
            descend(optimiser, soft + F.cross_entropy(student, y) + distance(known, student, c.temperature))
        schedule.step()


def kde_published(given: Problem, network: nn.Module, c: Any) -> None:
    kde(given, network, c, warm_up=given.val)


def rni(given: Problem, network: nn.Module, c: Any) -> None:
    network.train()
    redraw(network, ["fc.weight", "fc.bias"], given.draws("rni/reset"))
    parameters = named(network)
    candidates = [name for name in parameters if "bn" not in name]
    most = min(9, math.ceil(len(candidates) / 3))
    had_a_turn: set[str] = set()
    turns, order = given.draws("rni/turns"), data_order()
    for epoch in range(c.num_epochs):
        fine = epoch >= c.num_epochs - c.fine_num_epochs
        ranked = turns.permutations(len(candidates))[0].argsort()
        chosen = [candidates[int(i)] for i in ranked[:most]]
        if not fine and epoch >= c.reset_num_epochs:
            for name in chosen[: int(c.noise_ratio * most)]:
                if name not in had_a_turn:
                    noise = given.draws(f"rni/noise/{epoch}/{candidates.index(name)}").normal(parameters[name].shape)[0]
                    parameters[name].data += c.origin_noise * noise
        had_a_turn.update(chosen)
        for name, parameter in parameters.items():
            parameter.requires_grad_(fine or "bn" in name or name in chosen)
        decay = c.fine_weight_decay if fine else c.weight_decay
        optimiser = sgd(network, c.fine_learning_rate if fine else c.learning_rate, decay)
        for x, y in rows(given, given.retain, c.batch_size, order):
            descend(optimiser, F.cross_entropy(network(x), y))


def bt(given: Problem, network: nn.Module, c: Any, published: bool = False) -> None:
    teacher, images = frozen(network), given.images
    seed = int(given.draws("bt/teacher").integers(2**31, (1,))[0, 0])
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        if published:
            from lethe.classifiers.models.resnet import resnet18

            incompetent = frozen(resnet18(num_classes=given.classes))
        else:
            incompetent = frozen(given.architecture.build())
    foreign = images.repeat(1, 3, 1, 1) if published else images
    target = torch.cat([teacher(images[given.retain[0]]), incompetent(foreign[given.forget[0]])])
    index = torch.cat([given.retain[0], given.forget[0]])
    optimiser = torch.optim.Adam(network.parameters(), lr=c.learning_rate, weight_decay=c.weight_decay)
    network.train()
    order, t = data_order(), c.kl_temperature
    for _ in range(c.num_epochs):
        for part in torch.randperm(len(index), generator=order).split(c.batch_size):
            log_student = F.log_softmax(network(images[index[part]]) / t, 1)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # torch advises against "mean", which is what was published
                loss = F.kl_div(log_student, F.softmax(target[part] / t, 1), reduction="mean" if published else "batchmean")
            descend(optimiser, loss)


def bt_published(given: Problem, network: nn.Module, c: Any) -> None:
    bt(given, network, c, published=True)


def saliency(given: Problem, network: nn.Module, c: Any, published: bool) -> Tensor:
    """Of all weights, in the order of a stack, as one row."""
    asked = copy.deepcopy(network).eval()
    if not published:
        F.cross_entropy(asked(given.images[given.forget[0]]), given.labels[given.forget[0]], reduction="sum").backward()
        return torch.cat([parameter.grad.abs().flatten() for parameter in named(asked).values() if parameter.grad is not None])
    total = torch.zeros(())
    for x, y in rows(given, given.forget, c.batch_size, data_order()):
        (-F.cross_entropy(asked(x), y)).backward()  # adds to what is there: nobody clears it
        total = total + torch.cat([parameter.grad.flatten() for parameter in named(asked).values() if parameter.grad is not None])
    return total.abs()


def salun(given: Problem, network: nn.Module, c: Any, published: bool = False) -> None:
    salient = saliency(given, network, c, published)
    flat = torch.zeros(len(salient), dtype=torch.bool)
    flat[salient.sort(descending=True, stable=True).indices[: int(c.threshold * len(salient))]] = True
    parameters = named(network)
    parts = flat.split([parameter.numel() for parameter in parameters.values()])
    mask = {name: part.view_as(parameters[name]) for name, part in zip(parameters, parts, strict=True)}
    network.train()
    draws, order, truth = given.draws("salun/labels"), data_order(), given.labels[given.forget[0]]
    index = torch.cat([given.forget[0], given.retain[0]])
    optimiser = sgd(network, c.learning_rate, c.weight_decay)
    for _ in range(c.num_epochs):
        if published:
            wrong = draws.integers(given.classes, truth.shape)[0]
        else:
            wrong = (truth + 1 + draws.integers(given.classes - 1, truth.shape)[0]) % given.classes
        labels = torch.cat([wrong, given.labels[given.retain[0]]])
        for part in torch.randperm(len(index), generator=order).split(c.batch_size):
            before = {name: parameter.detach().clone() for name, parameter in parameters.items()}
            optimiser.zero_grad()
            F.cross_entropy(network(given.images[index[part]]), labels[part]).backward()
            if published:
                for name, parameter in parameters.items():
                    assert parameter.grad is not None
                    parameter.grad *= mask[name]
            optimiser.step()
            if not published:
                for name, parameter in parameters.items():
                    parameter.data[~mask[name]] = before[name][~mask[name]]


def salun_published(given: Problem, network: nn.Module, c: Any) -> None:
    salun(given, network, c, published=True)


def wrong(network: nn.Module, given: Problem, index: Tensor) -> float:
    answers = frozen(network)(given.images[index]).argmax(1)
    return float((answers != given.labels[index]).double().mean())


def scrub(given: Problem, network: nn.Module, c: Any, published: bool = False) -> nn.Module:
    teacher, t = frozen(network), c.kd_temperature
    optimiser, order = sgd(network, c.learning_rate, c.weight_decay), data_order()
    snapshots = [copy.deepcopy(network)]
    network.train()
    for epoch in range(1, c.num_epochs + 1):
        passed = sum(epoch > int(share * c.num_epochs) for share in (0.5, 0.8, 0.9))
        optimiser.param_groups[0]["lr"] = c.learning_rate * 0.1**passed
        if epoch <= c.msteps:
            for x in given.images[given.forget[0]].split(c.forget_batch_size):
                descend(optimiser, -(t**2) * distance(teacher(x), network(x), t))
        for x, y in rows(given, given.retain, c.batch_size, order):
            student = network(x)
            descend(optimiser, c.gamma * F.cross_entropy(student, y) + c.alpha * t**2 * distance(teacher(x), student, t))
        snapshots.append(copy.deepcopy(network))
    gone = set(given.labels[given.forget[0]].tolist())
    held_out = torch.tensor([row for row in given.val[0].tolist() if int(given.labels[row]) in gone])
    assert len(held_out) < given.val.shape[1]  # else the restriction to classes of D_F would not be tested
    final = wrong(network, given, held_out)
    gaps = [abs(wrong(snapshot, given, given.forget[0]) - final) for snapshot in snapshots]
    if published:
        return snapshots[gaps.index(min(gaps)) or -1]
    return snapshots[1 + gaps[1:].index(min(gaps[1:]))]


def scrub_published(given: Problem, network: nn.Module, c: Any) -> nn.Module:
    return scrub(given, network, c, published=True)


def few_classes(given: Problem) -> Problem:
    """The same with a forget set of the classes 0 to 4."""
    low = given.forget[:, given.labels[given.forget[0]] < 5]
    return replace(given, forget=low)


LOOPS: list[tuple[str, Loop, dict[str, Any]]] = [
    ("msg", msg, {"num_epochs": 3}),
    ("msg", msg, {"num_epochs": 4, "init_rate": 0.7, "learning_rate": 0.02}),
    ("msg_published", msg_published, {"num_epochs": 3, "batch_size": 16}),
    ("kde", kde, {"num_epochs": 2, "retain_num_epochs": 3, "weight_decay": 0.01}),
    ("kde_published", kde_published, {"num_epochs": 2, "retain_num_epochs": 2, "batch_size": 16}),
    ("rni", rni, {"num_epochs": 5, "fine_num_epochs": 2, "weight_decay": 0.01, "fine_learning_rate": 0.02}),
    ("rni", rni, {"num_epochs": 5, "fine_num_epochs": 1, "learning_rate": 0.02, "reset_num_epochs": 2, "noise_ratio": 0.6}),
    ("bt", bt, {"kl_temperature": 1.7, "weight_decay": 0.01}),
    ("bt_published", bt_published, {"kl_temperature": 1.7, "weight_decay": 0.01}),
    ("salun", salun, {"num_epochs": 2, "threshold": 0.3, "weight_decay": 0.01}),
    ("salun_published", salun_published, {"num_epochs": 2, "threshold": 0.3, "weight_decay": 0.01, "batch_size": 16}),
    ("scrub", scrub, {"num_epochs": 1, "kd_temperature": 3.0, "gamma": 0.6}),
    ("scrub", scrub, {"num_epochs": 3, "msteps": 2, "learning_rate": 0.03, "forget_batch_size": 16}),
    ("scrub_published", scrub_published, {"num_epochs": 3, "msteps": 1, "learning_rate": 0.03}),
]


@pytest.mark.parametrize("architecture", ["tinycnn", "batchnorm"])
@pytest.mark.parametrize(("name", "loop", "changes"), LOOPS)
def test_the_loop_is_the_one_of_the_specification(architecture: str, name: str, loop: Loop, changes: dict[str, Any]) -> None:
    """``stack.parameters`` and running statistics equal those of a module of torch after torch's optimiser and scheduler."""
    given = problem(architecture).select([0])
    if "scrub" in name:
        given = few_classes(given)
    network, (method, config) = alone(given), loaded(name)
    parameters = config(**{**contract(name).small, **changes})
    network = loop(given, network, parameters) or network
    result = method.unlearn(given, [parameters])
    for key, tensor in network.state_dict().items():
        found = (result.parameters | result.buffers)[key][0]
        assert torch.allclose(found, tensor, rtol=1e-3, atol=5e-5), f"{key} differs by {(found - tensor).abs().max()}"


# Who is reset, trained, masked or noised.


def test_weights_with_small_gradients_are_reset() -> None:
    """MSG without a step: of every convolution, the share whose gradient is smallest is new, from N(0, 2 / fan_out)."""
    given = problem("tinycnn").select([1])
    result = unlearned(given, "msg", learning_rate=0.0, init_rate=0.6)
    gradients = retain_or_forget_gradients(given, alone(given))
    assert moved(given, result) == {"conv1.weight", "conv2.weight"}
    for name, gradient in zip(("conv1.weight", "conv2.weight"), gradients, strict=True):
        new = result.parameters[name][0] != given.original.parameters[name][0]
        assert int(new.sum()) == round(0.6 * new.numel())
        assert gradient[new].abs().max() < gradient[~new].abs().min()
    drawn = result.parameters["conv2.weight"][0][new]
    assert abs(float(drawn.std()) * (16 * 9 / 2) ** 0.5 - 1) < 0.1 and drawn.mean().abs() < 0.02


def test_distillation_starts_from_new_layers() -> None:
    """KDE without a step: first convolution and classifier are new, in the range of torch's; the first only where there is one."""
    still = {"learning_rate": 0.0, "retain_learning_rate": 0.0}
    for architecture, new in (
        ("tinycnn", {"conv1.weight", "conv1.bias", "fc.weight", "fc.bias"}),
        ("mlp", {"fc.weight", "fc.bias"}),
    ):
        given = problem(architecture)
        result = unlearned(given, "kde", **still)
        assert moved(given, result) == new
        assert 0.95 < result.parameters["fc.weight"].abs().max() * 8 <= 1  # 64 inputs in both
        assert result.parameters["fc.bias"].abs().max() * 8 <= 1


def different(first: Stack, second: Stack) -> set[str]:
    return {name for name, tensor in first.parameters.items() if not torch.equal(tensor, second.parameters[name])}


def test_tensors_take_turns() -> None:
    """RNI trains all of batch normalisation and a third of the others in an epoch; noise goes to those that had no turn yet."""
    given = problem("batchnorm").select([0])
    once = {"num_epochs": 2, "fine_num_epochs": 1, "fine_learning_rate": 0.0, "origin_noise": 0.0}
    still = unlearned(given, "rni", **once, learning_rate=0.0)
    assert moved(given, still) == {"fc.weight", "fc.bias"}  # redrawn
    trained = different(unlearned(given, "rni", **once), still)
    normalisation = {name for name in still.parameters if "bn" in name}
    assert trained > normalisation and len(trained - normalisation) == 2  # of 5
    everything = different(unlearned(given, "rni", **{**once, "fine_learning_rate": 0.05}, learning_rate=0.0), still)
    assert everything == set(still.parameters)

    silent = {**once, "num_epochs": 4, "learning_rate": 0.0, "noise_ratio": 1.0}
    noised = {
        start: different(unlearned(given, "rni", **{**silent, "origin_noise": 0.5}, reset_num_epochs=start), still)
        for start in (1, 2, 3)
    }
    assert noised[1] and noised[2] <= noised[1] and not noised[3]  # the last epoch is a fine one
    assert not noised[1] & (trained | normalisation)  # those of the first epoch had their turn
    half = different(unlearned(given, "rni", **{**silent, "num_epochs": 3, "origin_noise": 0.5, "noise_ratio": 0.5}), still)
    assert len(half) <= 1


@pytest.mark.parametrize("architecture", ["tinycnn", "batchnorm"])
def test_only_salient_weights_are_trained(architecture: str) -> None:
    """SalUn moves the share of all weights whose gradient on D_F is largest, whatever momentum and decay do."""
    given = problem(architecture).select([2])
    result = unlearned(given, "salun", threshold=0.25, weight_decay=0.1)
    changed = torch.cat([(result.parameters[name] != given.original.parameters[name]).flatten() for name in result.parameters])
    salient = saliency(given, alone(given), None, published=False)
    expected = int(0.25 * len(salient))
    assert 0.98 * expected <= int(changed.sum()) <= expected  # a step may be too small to change a number
    assert salient[changed].min() >= salient[~changed].quantile(0.99)
    assert not moved(given, unlearned(given, "salun", threshold=0.0, weight_decay=0.1))


def test_published_masks_do_not_stop_weight_decay() -> None:
    """Without a salient weight the published SalUn is SGD on |theta|^2 / 2 alone; the default does not move (see above)."""
    given = problem("tinycnn").select([0])
    rate, decay = 0.03, 0.1
    result = unlearned(given, "salun_published", threshold=0.0, weight_decay=decay, learning_rate=rate, num_epochs=1)
    shrunk, velocity = 1.0, 0.0
    for _ in range(math.ceil((given.retain.shape[1] + given.forget.shape[1]) / 64)):
        velocity = 0.9 * velocity + decay * shrunk
        shrunk -= rate * velocity
    assert shrunk < 0.98
    for name, tensor in result.parameters.items():
        assert torch.allclose(tensor, shrunk * given.original.parameters[name], rtol=1e-5, atol=1e-7), name


def test_wrong_labels_are_wrong() -> None:
    """SalUn draws every label but the true one; the published one draws that, too."""
    given = problem("tinycnn")
    truth, source, free = given.labels[given.forget], given.draws("a test"), given.draws("a test")
    drawn = torch.stack([loaded("salun")[0]._wrong(given, source) for _ in range(40)])  # type: ignore[attr-defined]
    assert not (drawn == truth).any() and not torch.equal(drawn[0], drawn[1])
    assert ((drawn - truth) % given.classes).unique().tolist() == list(range(1, given.classes))
    published = torch.stack([loaded("salun_published")[0]._wrong(given, free) for _ in range(40)])  # type: ignore[attr-defined]
    assert 0.06 < (published == truth).double().mean() < 0.14
    assert published.unique().tolist() == list(range(given.classes))


def test_the_rewind_takes_the_closest_epoch() -> None:
    """SCRUB never returns the original, the first of equals wins; the published one falls from the original to the final model."""
    inf = torch.inf
    table = torch.tensor(
        [  # models side by side; distances after 0, 1, ... epochs
            [0.0, 0.3, 0.1, 0.5],
            [0.2, 0.2, 0.1, 0.5],
            [0.1, 0.1, inf, 0.4],
            [0.3, 0.1, inf, 0.4],
        ]
    )
    epochs = torch.tensor([3, 3, 1, 3])
    assert loaded("scrub")[0]._rewind(table, epochs) == [2, 2, 1, 2]  # type: ignore[attr-defined]
    assert loaded("scrub_published")[0]._rewind(table, epochs) == [3, 2, 1, 2]  # type: ignore[attr-defined]


# Influence and Fisher information.


def single_gradients(network: nn.Module, given: Problem, index: Tensor) -> Tensor:
    """d CE / d theta per sample, (n, P), in float64 and the order of a stack."""
    network = copy.deepcopy(network).double().eval()
    parameters = list(named(network).values())
    found = []
    for row in index.tolist():
        loss = F.cross_entropy(network(given.images[row][None].double()), given.labels[row][None])
        found.append(torch.cat([gradient.flatten() for gradient in torch.autograd.grad(loss, parameters)]))
    return torch.stack(found)


def flattened(stack: Stack) -> Tensor:
    return torch.cat([tensor[0].double().flatten() for tensor in stack.parameters.values()])


@pytest.mark.parametrize("architecture", ["tinycnn", "batchnorm"])
def test_influence_is_that_of_a_dense_solver(architecture: str, caplog: pytest.LogCaptureFixture) -> None:
    """IU: theta + alpha H^-1 v with H = I + mean g g^T, to the documented residual; the published recursion, literally."""
    given, alpha, n = problem(architecture).select([1]), 0.7, 1000
    network = alone(given)
    hardest = single_gradients(network, given, given.retain[0]).norm(dim=1).argsort(descending=True)
    given = replace(given, retain=given.retain[:, hardest])  # the published recursion hangs on the first sample
    of_retain, of_forget = (single_gradients(network, given, index[0]) for index in (given.retain, given.forget))
    both = len(of_retain) + len(of_forget)
    v = of_forget.sum(0) / both - of_retain.sum(0) * len(of_forget) / (both * len(of_retain))
    matrix = torch.eye(len(v), dtype=torch.float64) + of_retain.T @ of_retain / len(of_retain)
    step = alpha * torch.linalg.solve(matrix, v)
    found = flattened(unlearned(given, "iu", alpha=alpha)) - flattened(given.original)
    assert (found - step).norm() < 1e-4 * step.norm(), (found - step).norm() / step.norm()
    assert not caplog.records

    k, o = v.clone(), of_retain[0].clone()
    for g in of_retain[1:]:
        t = o @ g
        k -= (k @ g) / (n + t) * o
        o = o - t / (n + t) * o
    found = flattened(unlearned(given, "iu_published", alpha=alpha)) - flattened(given.original)
    assert (found - alpha * k).norm() < 1e-4 * alpha * k.norm()
    assert (k - v).norm() > 1e-3 * v.norm() and (alpha * k - step).norm() > 1e-2 * step.norm()  # three different things


def test_influence_says_when_it_did_not_converge(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """By seed, and only of the models that it holds for: one with an equal share in both sets has nothing to solve."""
    given = problem("tinycnn").select([0, 1])
    forget = given.forget.clone()
    retain = given.retain.clone()
    retain[1], forget[1] = given.retain[1, 0], given.retain[1, 0]  # v = 0
    monkeypatch.setattr(iu, "MOST", 2)
    unlearned(replace(given, retain=retain, forget=forget), "iu")
    (record,) = caplog.records
    assert "after 2 iterations" in record.getMessage() and f"{given.seeds[0]}: " in record.getMessage()
    assert f"{given.seeds[1]}: " not in record.getMessage()


def fisher(given: Problem, groups: Iterator[Tensor]) -> tuple[dict[str, Tensor], int]:
    """Sum over groups of rows of sum_y mean p_y (d mean CE(., y) / d theta)^2, and how many groups there were."""
    network, count = alone(given).double().eval(), 0
    parameters = named(network)
    total = {name: torch.zeros_like(parameter) for name, parameter in parameters.items()}
    for group in groups:
        count += 1
        for label in range(given.classes):
            logits = network(given.images[group].double())
            share = F.softmax(logits, 1)[:, label].mean().item()
            loss = F.cross_entropy(logits, torch.full((len(group),), label))
            for name, gradient in zip(parameters, torch.autograd.grad(loss, list(parameters.values())), strict=True):
                total[name] += share * gradient**2
    return total, count


@pytest.mark.parametrize("architecture", ["tinycnn", "batchnorm"])
@pytest.mark.parametrize(("name", "group"), [("ff", 1), ("ff_published", 10)])
def test_fisher_noise(architecture: str, name: str, group: int) -> None:
    """F from single samples (the published one: from batches), then theta ~ N(theta0, s^2) with s^2 by kind of tensor."""
    given = problem(architecture).select([0])
    given, alpha = replace(given, retain=given.retain[:, :25]), 0.3
    total, count = fisher(given, iter(given.retain[0].split(group)))
    small = {"alpha": alpha} | ({"batch_size": group} if name == "ff_published" else {})
    result, draws, capped = unlearned(given, name, **small), given.draws("ff/noise"), []
    for key, parameter in given.original.parameters.items():
        of_classes = parameter.shape[1] == given.classes
        inverse = 1 / (total[key] / count + 1e-8)
        largest = 100 if of_classes else 1000
        capped.append((inverse > largest).double().mean().item())
        variance = alpha * torch.minimum(inverse, torch.tensor(largest))
        if variance.ndim > 1:
            variance = variance.mean(1, keepdim=True).expand(variance.shape)
        if of_classes or variance.ndim == 1:
            variance = variance * 10
        expected = parameter[0] + variance.sqrt() * draws.normal(parameter.shape[1:])[0]
        error = (result.parameters[key][0] - expected).abs().max()
        assert error < 1e-4 * expected.abs().max(), f"{key} differs by {error}"
    assert min(capped) < 0.9 and max(capped) > 0.1  # both sides of the bound are met


def test_fisher_takes_a_random_part_of_a_large_retain_set(monkeypatch: pytest.MonkeyPatch) -> None:
    given = problem("tinycnn").select([0])
    monkeypatch.setattr("lethe.classifiers.methods.ff.SAMPLES", 20)
    chosen = given.draws("ff/samples").permutations(given.retain.shape[1])[0, :20]
    small = replace(given, retain=given.retain[:, chosen])
    for key, tensor in unlearned(given, "ff").parameters.items():
        assert torch.allclose(tensor, unlearned(small, "ff").parameters[key], rtol=1e-4, atol=1e-6), key


# What the optimisers promise.


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_a_model_that_is_done_is_safe_from_its_gradients(bad: float) -> None:
    """Adam leaves a model whose factor is 0 bit-equal, and a parameter that the loss does not see has a gradient of zero."""
    stack = Stack({"seen": torch.randn(2, 3), "unseen": torch.randn(2, 4), "fixed": torch.randn(2, 2)})
    before = stack.clone()
    optimiser = Adam(stack, 0.1, torch.tensor([0.0, 0.1]), trainable=["seen", "unseen"])
    for _ in range(2):
        losses = (stack.parameters["seen"] * torch.tensor([[1.0], [bad]])).sum(1)
        optimiser.step(losses, torch.tensor([1.0, 0.0]))
    result = optimiser.finish()
    assert not any(tensor.requires_grad for tensor in result.parameters.values())
    for name, tensor in result.parameters.items():
        assert torch.equal(tensor[1], before.parameters[name][1]), name
    assert torch.allclose(result.parameters["seen"][0], before.parameters["seen"][0] - 0.2, atol=1e-5)
    assert torch.equal(result.parameters["unseen"][0], before.parameters["unseen"][0])
    assert torch.equal(result.parameters["fixed"], before.parameters["fixed"])


# What U-LiRA gives a method, and what it makes of the result.


class FiveAtOnce(Mlp):
    """Twelve models are chunks of 5, 5 and 2, across the borders of splits."""

    at_once = 5


class Mark(Method[Hyperparameters]):
    """Adds ``size`` times the seed of a model to its logit of class 0, and remembers what it was given."""

    Config = Hyperparameters
    title, paper = "a test", "none"

    def __init__(self, size: float) -> None:
        self.size, self.given = size, list[Problem]()

    def unlearn(self, problem: Problem, configs: Any) -> Stack:
        self.given.append(problem)
        if not self.size:
            return problem.original
        stack = problem.original.clone()
        stack.parameters["fc.bias"][:, 0] += self.size * torch.tensor(problem.seeds)
        return stack


def test_lira_asks_the_models_it_made() -> None:
    """Model m starts from original m // K, retains and forgets the training half of that split, and answers at (m // K, m % K)."""
    splits, forgets = 4, 3
    given, network = problem("mlp"), FiveAtOnce(10, (1, 8, 8))
    experiment = Experiment(
        "digits", Digits(), "mlp", network, given.images[:200], given.labels[:200], given.labels[:200], {}, None
    )
    settings, original = Lira(splits=splits, forget_sets=forgets), network.init(range(splits))
    expected = lira.splits_of(experiment, settings)

    def said(method: Mark) -> Any:
        """What five models at a time say."""
        parts, models = [], list(range(splits * forgets))
        for some in (models[i : i + network.at_once] for i in range(0, len(models), network.at_once)):
            of_each = original.select([m // forgets for m in some])
            parts.append(
                lira.outputs_of(experiment, settings, lira.unlearn(experiment, settings, of_each, method, config, some))[0]
            )
        return np.concatenate(parts)

    still, config = Mark(0.0), Hyperparameters()
    untouched, _ = lira.outputs_of(experiment, settings, original)
    assert untouched.shape == (splits, 200) and np.allclose(said(still), untouched.repeat(forgets, axis=0), atol=1e-5)

    m = 0
    for part in still.given:
        assert len(part) <= network.at_once
        for row, (retain, forget, val) in enumerate(
            zip(part.retain.tolist(), part.forget.tolist(), part.val.tolist(), strict=True)
        ):
            split, k = divmod(m, forgets)
            assert part.seeds[row] == m
            assert sorted(retain + forget) == sorted(expected.train[split].tolist())  # no row twice, none left out
            assert forget == expected.forget[split, k].tolist()
            assert not set(val) & {*expected.train[split].tolist(), *expected.unseen[split].tolist()}
            assert all(torch.equal(t[row], original.parameters[name][split]) for name, t in part.original.parameters.items())
            m += 1
    assert m == splits * forgets

    marked = said(Mark(0.1))
    for m in range(splits * forgets):
        split, k = divmod(m, forgets)
        module = copy.deepcopy(network.template)
        module.load_state_dict({name: tensor[split] for name, tensor in original.parameters.items()})
        logits = module(experiment.images).detach().double()
        logits[:, 0] += 0.1 * m
        p = logits.softmax(1)[torch.arange(200), experiment.labels]
        assert torch.allclose(torch.from_numpy(marked[m]).double(), (p / (1 - p)).log(), atol=1e-4), m


def test_lira_models_start_from_the_same_weights_or_from_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """As published from one initialisation, whatever the block; else every original and every retrained model from a seed of its own."""
    given, seeds = problem("mlp"), list[list[int]]()
    experiment = Experiment(
        "digits", Digits(), "mlp", FiveAtOnce(10, (1, 8, 8)), given.images[:200], given.labels[:200], given.labels[:200], {}, None
    )
    monkeypatch.setattr(Experiment, "train", lambda self, rows, starts, *rest: seeds.append(starts))
    for init in ("shared", "own"):
        settings = Lira(splits=4, forget_sets=2, init=init)
        for part in (range(2), range(2, 4)):
            lira.train_originals(experiment, settings, BaseTraining(), part)
        lira.train_retrained(experiment, settings, BaseTraining(), range(8))
    assert seeds[:3] == [[0, 0], [0, 0], [0] * 8]
    assert seeds[3:] == [[0, 1], [2, 3], list(range(4, 12))]
