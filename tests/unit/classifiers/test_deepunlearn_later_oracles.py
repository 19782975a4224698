"""The six methods beyond the paper's 18 against their formulas: single samples, loops over one module with torch's own optimisers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from tests.contract.test_deepunlearn_methods import MODELS, contract, loaded, problem
from tests.unit.classifiers.test_deepunlearn_algorithms import alone, descend, rows, sgd, unlearned
from tests.unit.classifiers.test_deepunlearn_oracles import frozen, named, salun
from torch import Tensor, nn
from torch.nn import functional as F

from lethe.classifiers.confidence import confidence
from lethe.classifiers.methods import rum
from lethe.classifiers.problem import Problem
from lethe.classifiers.training import data_order

Loop = Callable[[Problem, nn.Module, Any], nn.Module | None]


def all_of(given: Problem, index: Tensor) -> tuple[Tensor, Tensor]:
    """Images and labels of the samples, in order."""
    return rows(given, index, index.shape[1], None)[0]  # type: ignore[arg-type]


def passes(given: Problem, index: Tensor, target: Tensor, size: int, order: torch.Generator) -> list[tuple[Tensor, Tensor]]:
    """Batches of one shuffled pass: images, and what is wanted of them."""
    images, _ = all_of(given, index)
    return [(images[part], target[part]) for part in torch.randperm(len(images), generator=order).split(size)]


def soft_cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    return -(target * F.log_softmax(logits, 1)).sum(1).mean()


def without(probabilities: Tensor, labels: Tensor) -> Tensor:
    """Rows with probability 0 for the label, the others scaled to a sum of 1."""
    kept = probabilities.clone()
    kept[torch.arange(len(labels)), labels] = 0
    return kept / kept.sum(1, keepdim=True)


def l1_sparse(given: Problem, network: nn.Module, c: Any) -> None:
    network.train()
    optimiser, order = sgd(network, c.learning_rate, c.weight_decay), data_order()
    for epoch in range(c.num_epochs):
        weight = c.alpha * (1 - epoch / c.num_epochs)
        for x, y in rows(given, given.retain, c.batch_size, order):
            penalty = torch.linalg.vector_norm(nn.utils.parameters_to_vector(network.parameters()), 1)
            descend(optimiser, F.cross_entropy(network(x), y) + weight * penalty)


def delete(given: Problem, network: nn.Module, c: Any) -> None:
    images, labels = all_of(given, given.forget)
    target = without(frozen(network)(images).softmax(1), labels)
    network.train()
    optimiser, order = sgd(network, c.learning_rate, 0.0), data_order()
    for _ in range(c.num_epochs):
        for x, wanted in passes(given, given.forget, target, c.batch_size, order):
            descend(optimiser, F.kl_div(F.log_softmax(network(x), 1), wanted, reduction="batchmean"))


def right(network: nn.Module, given: Problem, index: Tensor) -> float:
    images, labels = all_of(given, index)
    return float((frozen(network)(images).argmax(1) == labels).double().mean())


def lotus(given: Problem, network: nn.Module, c: Any, unseen: float | None = None) -> None:
    unseen = right(network, given, given.val) if unseen is None else unseen
    some = given.draws("lotus/retain").permutations(given.retain.shape[1])[0, : int(0.3 * given.retain.shape[1])]
    index = torch.cat([given.forget, given.retain[:, some]], 1)
    known, is_forget = frozen(network)(all_of(given, index)[0]), torch.arange(index.shape[1]) < given.forget.shape[1]
    optimiser = torch.optim.AdamW(network.parameters(), lr=c.learning_rate, weight_decay=c.weight_decay)
    order, draws = data_order(), given.draws("lotus/gumbel")
    for _ in range(c.num_epochs):
        gap = right(network, given, given.forget) - unseen
        if gap <= -0.01:
            break
        noisy = known - torch.log(-torch.log(draws.uniform(known.shape)[0]))
        soft, hard = F.softmax(noisy / math.exp(c.alpha * gap), 1), torch.eye(given.classes)[noisy.argmax(1)]
        network.train()
        for x, wanted in passes(given, index, torch.where(is_forget[:, None], soft, hard), c.batch_size, order):
            descend(optimiser, soft_cross_entropy(network(x), wanted))


def tilted(given: Problem, network: nn.Module, c: Any) -> Tensor:
    """The distributions of TREW, sample by sample; the similarities from a PCA of the last layer's rows, with all components."""
    images, labels = all_of(given, given.forget)
    weight = named(network)["fc.weight"].detach().double()
    centred = weight - weight.mean(0)
    _, _, components = torch.linalg.svd(centred, full_matrices=False)
    projected = centred @ components.T
    found = []
    for probabilities, label in zip(frozen(network)(images).softmax(1).double(), labels.tolist(), strict=True):
        others = [k for k in range(given.classes) if k != label]
        cosines = torch.stack([F.cosine_similarity(projected[label], projected[k], dim=0) for k in others])
        similarity = (cosines / c.temperature).softmax(0)
        row = torch.zeros(given.classes, dtype=torch.float64)
        row[others] = probabilities[others] * (c.beta * similarity).exp()
        found.append(row / row.sum())
    return torch.stack(found).float()


def trew(given: Problem, network: nn.Module, c: Any) -> None:
    target = torch.cat([tilted(given, network, c), torch.eye(given.classes)[given.labels[given.retain[0]]]])
    network.train()
    optimiser, order = sgd(network, c.learning_rate, c.weight_decay), data_order()
    for _ in range(c.num_epochs):
        for x, wanted in passes(given, torch.cat([given.forget, given.retain], 1), target, c.batch_size, order):
            descend(optimiser, soft_cross_entropy(network(x), wanted))


def refined(given: Problem, network: nn.Module, c: Any) -> None:
    images, labels = all_of(given, given.forget)
    phi, _ = confidence(frozen(network)(images).detach(), labels)
    much = given.forget[:, torch.from_numpy(np.argsort(-phi, kind="stable"))[-(len(phi) // 3) :]]
    network.train()
    optimiser, order = sgd(network, c.retain_learning_rate, c.retain_weight_decay), data_order()
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, c.retain_num_epochs)
    for _ in range(c.retain_num_epochs):
        for x, y in rows(given, torch.cat([given.retain, much], 1), c.batch_size, order):
            descend(optimiser, F.cross_entropy(network(x), y))
        schedule.step()
    salun(replace(given, forget=much), network, c)


ONE = {"num_epochs": 1, "batch_size": 512}  # one step
LOOPS: list[tuple[str, Loop, dict[str, Any]]] = [
    ("l1_sparse", l1_sparse, ONE),
    ("l1_sparse", l1_sparse, {"num_epochs": 3, "alpha": 3e-3}),
    ("delete", delete, ONE),
    ("delete", delete, {"num_epochs": 3}),
    ("lotus", lotus, ONE),
    ("lotus", lotus, {"num_epochs": 3, "weight_decay": 0.1, "alpha": 3.0}),
    ("lotus", lotus, {"num_epochs": 6, "learning_rate": 0.03}),  # stops
    ("trew", trew, ONE),
    ("trew", trew, {"num_epochs": 2, "beta": 4.0, "temperature": 0.3, "weight_decay": 0.01}),
    ("rum", refined, ONE | {"retain_num_epochs": 1}),
    ("rum", refined, {"num_epochs": 2, "retain_num_epochs": 3, "threshold": 0.4, "retain_weight_decay": 0.01}),
]


@pytest.mark.parametrize("architecture", ["tinycnn", "batchnorm"])
@pytest.mark.parametrize(("name", "loop", "changes"), LOOPS)
def test_the_loop_is_the_one_of_the_specification(architecture: str, name: str, loop: Loop, changes: dict[str, Any]) -> None:
    """Weights and running statistics equal those of a module of torch; after one step to 1e-6 of the largest of a tensor."""
    given = problem(architecture).select([0])
    network, (method, config) = alone(given), loaded(name)
    parameters = config(**{**contract(name).small, **changes})
    loop(given, network, parameters)
    result = method.unlearn(given, [parameters])
    tolerance = 1e-6 if changes.items() >= ONE.items() else 5e-5
    for key, tensor in network.state_dict().items():
        error = ((result.parameters | result.buffers)[key][0] - tensor).abs().max()
        assert error <= tolerance * max(1, float(tensor.abs().max())), f"{key} differs by {error}"


def test_dampening_is_the_formula_over_single_samples() -> None:
    """SSD: squared gradients of one sample at a time; selected, and shrunk by the ratio of the means."""
    given = problem("tinycnn").select([1])
    network = alone(given).eval()

    def fisher(index: Tensor) -> dict[str, Tensor]:
        images, labels = all_of(given, index)
        total = {name: torch.zeros_like(parameter, dtype=torch.float64) for name, parameter in named(network).items()}
        for image, label in zip(images, labels, strict=True):
            found = torch.autograd.grad(F.cross_entropy(network(image[None]), label[None]), list(named(network).values()))
            for entry, gradient in zip(total.values(), found, strict=True):
                entry += gradient.double() ** 2 / len(labels)
        return total

    of_forget, of_all = fisher(given.forget), fisher(torch.cat([given.forget, given.retain], 1))
    for alpha, dampening in ((1.5, 0.4), (3.0, 1.0), (0.5, 1.5)):
        result, dampened = unlearned(given, "ssd", alpha=alpha, dampening=dampening), 0
        for name, weight in named(network).items():
            ratio = torch.where(of_forget[name] > 0, of_all[name] / of_forget[name], 1.0)
            selected = ratio < 1 / alpha
            dampened += int(selected.sum())
            assert ((ratio * alpha - 1).abs() > 1e-5).all()  # no weight is at the threshold
            expected = torch.where(selected, weight * (dampening * ratio).clamp(max=1), weight)
            assert (result.parameters[name][0] - expected).abs().max() <= 2e-6, name  # sums of float32
        assert 0 < dampened < sum(parameter.numel() for parameter in network.parameters())


def test_large_sets_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    """SSD takes so many samples of a set, drawn per model; with all of them nothing is drawn."""
    given = problem("tinycnn")
    whole = unlearned(given, "ssd")
    monkeypatch.setattr("lethe.classifiers.methods.ssd.SAMPLES", 30)
    some, again = unlearned(given, "ssd"), unlearned(given.select([2]), "ssd")
    assert not torch.equal(whole.parameters["fc.weight"], some.parameters["fc.weight"])
    assert torch.allclose(again.parameters["fc.weight"][0], some.parameters["fc.weight"][2], rtol=1e-5)


def test_a_forgotten_class_is_wanted_at_no_accuracy() -> None:
    """LoTUS goes on until nothing of a class is right where the retain set has none of it."""
    given = problem("tinycnn").select([0])
    of_zero = given.labels == 0
    forget = torch.cat([given.forget, given.retain], 1)
    retain = given.retain[:, ~of_zero[given.retain[0]]]
    given = replace(given, retain=retain, forget=forget[:, of_zero[forget[0]]])
    network, (method, config) = alone(given), loaded("lotus")
    parameters = config(**{**contract("lotus").small, "num_epochs": 2})
    lotus(given, network, parameters, unseen=0.0)
    result = method.unlearn(given, [parameters])
    assert torch.allclose(result.parameters["fc.weight"][0], named(network)["fc.weight"], atol=5e-5)


def test_a_model_that_has_stopped_keeps_its_running_statistics() -> None:
    """LoTUS stops models of one configuration at their own epochs; a stopped one is as if it were alone."""
    given = problem("batchnorm")
    method, config = loaded("lotus")
    parameters = [config(**{**contract("lotus").small, "num_epochs": 5, "learning_rate": 0.02})] * MODELS
    together = method.unlearn(given, parameters)
    lengths = []
    for m in range(MODELS):
        single = given.select([m])
        one = method.unlearn(single, parameters[:1])
        for key, tensor in (one.parameters | one.buffers).items():
            assert torch.allclose((together.parameters | together.buffers)[key][m], tensor[0], atol=1e-5), key
        lengths.append(int(one.buffers["bn1.num_batches_tracked"][0] - single.original.buffers["bn1.num_batches_tracked"][0]))
    assert len(set(lengths)) > 1  # else nothing of this was tested


def test_groups_go_from_sure_to_unsure() -> None:
    """RUM's groups are thirds of the forget set, and every sample of a group is surer than any of the next."""
    given = problem("mlp")
    groups = rum._groups(given)
    assert [group.shape[1] for group in groups] == [14, 13, 13]
    assert torch.equal(torch.cat(list(groups), 1).sort(1).values, given.forget.sort(1).values)

    def sureness(index: Tensor) -> Tensor:
        return given.predict(given.original, index).log_softmax(-1).gather(-1, given.labels[index][..., None])[..., 0]

    for sure, unsure in zip(groups, groups[1:], strict=False):
        assert (sureness(sure).min(1).values >= sureness(unsure).max(1).values).all()
