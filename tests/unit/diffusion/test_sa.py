"""Selective amnesia against a transcription of its loss and of the Fisher information, which is prepared once for all emitters."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from scipy.stats import spearmanr
from tests.tiny_pipeline import shared_tiny_pipeline
from tests.unit.diffusion.dense import COUNTERPARTS, EMITTER, Base, Update, assert_same_update, base, drawn_rows, encode, run
from torch.nn.functional import mse_loss

from lethe.diffusion.delta import DenseDelta
from lethe.diffusion.methods._training import cycle, emitter_generator
from lethe.diffusion.methods.prepared import prepare, read_prepared
from lethe.diffusion.methods.sa import SA
from lethe.diffusion.pipeline import load_pipeline
from lethe.io.tables import CorruptFileError, read_json, write_json

__all__ = ["drawn_rows"]  # a fixture
SETTINGS = {"forget_batch": 3, "retain_batch": 3, "learning_rate": 1e-3, "max_grad_norm": 1e9, "importance_rows": 6}


@pytest.fixture(scope="module")
def on() -> Base:
    """With what SA prepares."""
    found = base()
    return found._replace(data=replace(found.data, prepared=SA(**SETTINGS).prepare(found.pipe, found.data, seed=11)))


def prompt_of(on: Base, number: int) -> str:
    return on.data.prompts[int(on.data.receivers[number])]


def test_fisher_information_is_the_mean_of_squared_gradients_of_single_images(on: Base, drawn: list[Any]) -> None:
    found = SA(**SETTINGS).prepare(on.pipe, on.data, seed=11)
    unet = deepcopy(on.pipe.unet).requires_grad_(True)
    total = {name: torch.zeros_like(p, requires_grad=False) for name, p in unet.named_parameters()}
    for (number,), rows in drawn:
        unet.zero_grad()
        mse_loss(unet(rows.noisy, rows.timesteps, encode(on.pipe, [prompt_of(on, number)])).sample, rows.target).backward()
        for name, parameter in unet.named_parameters():
            assert parameter.grad is not None
            total[name] += parameter.grad.square() / 6
    assert len(drawn) == 6 and list(found) == list(total) and all(value.min() >= 0 for value in found.values())
    difference, size = (
        torch.cat([x.flatten() for x in parts]).norm() for parts in ([found[n] - total[n] for n in total], total.values())
    )
    assert float(difference) < 1e-5 * float(size)


def test_updates_are_those_of_the_formula(on: Base, drawn: list[Any]) -> None:
    """Two, so that the penalty acts: images of the counterpart under the words of what is forgotten, and images of everything else."""
    found = run(SA(**SETTINGS, steps=2, importance_weight=3e4, retain_weight=0.7, trainable=["*.attn*"]), on, COUNTERPARTS)
    unet = deepcopy(on.pipe.unet)
    weights = {name: parameter.requires_grad_(True) for name, parameter in unet.named_parameters() if ".attn" in name}
    start = {name: parameter.detach().clone() for name, parameter in weights.items()}
    optimizer, gradients = torch.optim.Adam(weights.values(), lr=1e-3), {}
    pairs = [(number, on.data.prompts[receiver]) for receiver in (0, 1) for number in (2, 4, 7)]  # what can be drawn
    order = cycle(6, 3, 2, emitter_generator(11, COUNTERPARTS, "rows")).tolist()
    for chosen, (kept, others), (shown, rows) in zip(order, drawn[::2], drawn[1::2], strict=True):
        assert shown == [pairs[place][0] for place in chosen] and set(kept) <= {2, 4, 7}  # no image of what is forgotten
        texts = [pairs[place][1] for place in chosen]
        own = unet(rows.noisy, rows.timesteps, encode(on.pipe, texts)).sample
        rest = unet(others.noisy, others.timesteps, encode(on.pipe, [prompt_of(on, number) for number in kept])).sample
        penalty = sum((on.data.prepared[n] * (p - start[n]).square()).sum() for n, p in weights.items())
        optimizer.zero_grad()
        (mse_loss(own, rows.target) + 0.7 * mse_loss(rest, others.target) + 3e4 * penalty).backward()
        gradients = {f"unet.{name}": p.grad.clone() for name, p in weights.items()}  # type: ignore[union-attr]
        optimizer.step()
    assert_same_update(found, Update({f"unet.{name}": p.detach() for name, p in weights.items()}, gradients), on)


def moved(on: Base, weight: float, steps: int = 20) -> tuple[torch.Tensor, torch.Tensor]:
    """How far each weight went, and its importance."""
    settings = {**SETTINGS, "steps": steps, "surrogates": "others", "importance_weight": weight}
    found = run(SA(**settings), on)
    assert isinstance(found.delta, DenseDelta)
    before = dict(on.pipe.unet.named_parameters())
    went = [(found.delta.values.get(f"unet.{name}", before[name]) - before[name]).abs().flatten() for name in on.data.prepared]
    return torch.cat(went), torch.cat([value.flatten() for value in on.data.prepared.values()])


def test_what_matters_is_held(on: Base) -> None:
    """The more a weight matters the less it moves, and with a weight of the penalty beyond all bounds nothing but a step's worth is left."""
    free, importance = moved(on, 0.0)
    held, _ = moved(on, 1e6)
    firm, _ = moved(on, 1e12)
    assert spearmanr(importance, held).statistic < -0.2
    assert held.norm() < 0.5 * free.norm()
    assert firm.norm() < 0.1 * free.norm()


def test_what_is_prepared_is_checked(on: Base, tmp_path: Path) -> None:
    """One file a task, of a method and a base, whole and untouched; the seconds stand beside it and in every model's record."""
    folder, file, record = shared_tiny_pipeline(), tmp_path / "toy_sa.safetensors", tmp_path / "toy_sa.json"
    asked = {"task": "toy", "method": "sa", "base": folder}
    prepare(file, record, **asked, data=on.data, hyperparameters=SETTINGS, seed=11, device="cpu")  # type: ignore[arg-type]
    found = read_prepared(file, record, **asked)  # type: ignore[arg-type]
    expected = SA(**SETTINGS).prepare(load_pipeline(folder), on.data, seed=11)
    assert list(found.tensors) == sorted(expected) and all(torch.equal(found.tensors[name], expected[name]) for name in expected)
    assert found.record["seconds_shared"] == read_json(record)["seconds"] > 0
    first = file.read_bytes()
    prepare(file, record, **asked, data=on.data, hyperparameters=SETTINGS, seed=11, device="cpu")  # type: ignore[arg-type]
    assert file.read_bytes() == first
    with pytest.raises(CorruptFileError, match="task is 'toy', expected 'other'"):
        read_prepared(file, record, task="other", method="sa", base=folder)
    write_json(record, {**read_json(record), "sha256": "0"})
    with pytest.raises(CorruptFileError, match="its hash is not the one in"):
        read_prepared(file, record, **asked)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="method 'fmn' prepares nothing, but says so"):
        prepare(file, record, task="toy", method="fmn", base=folder, data=on.data, hyperparameters={}, seed=1, device="cpu")


def test_nothing_prepared_and_nothing_to_stand_for_it_are_refused(on: Base) -> None:
    with pytest.raises(ValueError, match=r"prepared for 'conv_in.weight': nothing; allowed: what `prepare` of SA gives"):
        run(SA(**SETTINGS), on._replace(data=replace(on.data, prepared={})), COUNTERPARTS)
    with pytest.raises(ValueError, match="no training image has the prompt 'a photo', which overwrites 'an image of a dog'"):
        run(SA(**SETTINGS), on, EMITTER)
