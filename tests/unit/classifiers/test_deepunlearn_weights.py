"""Which weights a gradient reaches, and which FF treats alike."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import torch
from tests.contract.test_deepunlearn_methods import loaded, problem
from torch import nn

from lethe.benchmarks.deepunlearn.jobs import weights as job
from lethe.classifiers.methods.base import run
from lethe.classifiers.models.base import Architecture
from lethe.classifiers.weights import clamped, shares, unreached


class Shrinking(Architecture):
    """Maps of 2 x 2, then of one pixel; a normalisation that starts at 0, as in residual branches, and a layer that is not used."""

    block_names = ("conv1", "conv2")
    classifier_name = "fc"

    def build(self) -> nn.Module:
        network = nn.Sequential(
            OrderedDict(
                conv1=nn.Conv2d(2, 8, 3, stride=2, padding=1),
                conv2=nn.Conv2d(8, 8, 3, padding=1, bias=False),
                bn2=nn.BatchNorm2d(8),
                relu=nn.ReLU(),
                flatten=nn.Flatten(),
                fc=nn.Linear(8, self.classes),
            )
        )
        nn.init.zeros_(network.bn2.weight)
        network.spare = nn.ParameterDict({"a": nn.Parameter(torch.ones(3))})
        network.forward = lambda x: network.fc(network[:5](x))  # type: ignore[method-assign]
        return network


def test_weights_that_only_see_padding_have_no_gradient() -> None:
    """Of 3 x 3 kernels that give one pixel, 5 of 9 weights lie outside a map of 2 x 2, and 8 of 9 outside one of one pixel."""
    network = Shrinking(3, (2, 2, 2))
    state = torch.get_rng_state()
    dead = unreached(network)
    assert torch.equal(state, torch.get_rng_state())
    inside = torch.zeros(3, 3, dtype=torch.bool)
    inside[1:, 1:] = True
    assert (dead["conv1.weight"] == ~inside).all()
    inside[:] = False
    inside[1, 1] = True
    assert (dead["conv2.weight"] == ~inside).all()
    assert dead["spare.a"].all()  # nothing depends on it
    assert not any(mask.any() for name, mask in dead.items() if name not in ("conv1.weight", "conv2.weight", "spare.a"))
    table = shares(network, {"zero_gradient": dead}).set_index(["kind", "tensor"])["zero_gradient"]
    assert table["conv", "conv1.weight"] == pytest.approx(5 / 9) and table["conv", "conv2.weight"] == pytest.approx(8 / 9)
    assert table["conv", "all"] == pytest.approx((144 * 5 / 9 + 576 * 8 / 9) / (144 + 8 + 576))


def test_every_weight_of_the_mini_networks_is_reached() -> None:
    for name in ("mlp", "tinycnn"):
        assert not any(mask.any() for mask in unreached(problem(name).architecture).values())


def test_noise_at_the_bound_does_not_look_at_the_fisher_matrix() -> None:
    """FF's noise of what is called clamped stays the same for any smaller F, and of the rest it grows."""
    given = problem("tinycnn").select([0])
    method, config = loaded("ff")
    fisher = method.fisher(given, [config()])  # type: ignore[attr-defined]
    moved = []
    for scale in (1.0, 0.5):
        method.fisher = lambda problem, configs, s=scale: {name: s * value for name, value in fisher.items()}  # type: ignore[attr-defined]
        moved.append(run(method, given, [config(alpha=1e-4)]).parameters)
    shrunk = clamped({name: value[0] for name, value in fisher.items()}, given.classes)
    biases = [name for name in fisher if name.endswith("bias")]  # the others share their noise within a neuron
    same = torch.cat([moved[0][name][0] == moved[1][name][0] for name in biases])
    mask = torch.cat([shrunk[name] for name in biases])
    assert same[mask].all() and not same[~mask].any() and mask.any() and not mask.all()


def test_the_table_of_a_study(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A row for all weights, for each kind, for each tensor; a column for each form of FF that the study has."""
    given = problem("tinycnn")
    experiment = SimpleNamespace(
        architecture=given.architecture, images=given.images, problem=lambda models, seeds: given.select(seeds)
    )
    monkeypatch.setattr(job.Experiment, "load", lambda *arguments: experiment)
    given.original.save(tmp_path / "original.safetensors", {})
    job.tabulate(tmp_path, tmp_path / "original.safetensors", tmp_path / "a.csv", "tinycnn", ["ft", "ff", "ff_published"], "cpu")
    table = pd.read_csv(tmp_path / "a.csv")
    assert list(table) == ["kind", "tensor", "weights", "zero_gradient", "clamped_ff", "clamped_ff_published"]
    assert table["kind"][:3].tolist() == ["all", "conv", "linear"] and set(table["tensor"][:3]) == {"all"}
    assert (
        table["tensor"][3:].tolist() == list(given.architecture.kinds)
        and table["weights"][0] == table["weights"][3:].sum() == 1898
    )
    total, rows = table.iloc[0], table.iloc[3:]
    for column in table.columns[3:]:
        assert total[column] == pytest.approx((rows[column] * rows["weights"]).sum() / 1898, abs=1e-6)
    assert 0 < total["clamped_ff"] < 1 and total["clamped_ff"] != total["clamped_ff_published"]
    job.tabulate(tmp_path, tmp_path / "original.safetensors", tmp_path / "b.csv", "tinycnn", ["ft"], "cpu")
    assert "clamped_ff" not in pd.read_csv(tmp_path / "b.csv")
