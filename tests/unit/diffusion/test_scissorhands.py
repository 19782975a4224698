"""Scissorhands and its released code against transcriptions: what is reset, and the first steps after it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
import torch
from tests.unit.diffusion.dense import EMITTER, Base, Update, assert_same_update, base, drawn_rows, encode, run, smaller
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from lethe.diffusion.methods._training import emitter_generator
from lethe.diffusion.methods.scissorhands import Scissorhands, most_important
from lethe.diffusion.methods.scissorhands_published import ScissorhandsPublished

__all__ = ["drawn_rows"]  # a fixture
SETTINGS = {
    "forget_batch": 3,
    "retain_batch": 3,
    "learning_rate": 1e-3,
    "max_grad_norm": 1e9,
    "reset_share": 0.05,
    "forget_weight": 0.3,
}


@pytest.fixture(scope="module")
def on() -> Base:
    return base()


def prompts(on: Base, numbers: list[int]) -> list[str]:
    return [on.data.prompts[int(on.data.receivers[number])] for number in numbers]


def denoising(unet: nn.Module, on: Base, drawn: Any) -> Tensor:
    numbers, rows = drawn
    return mse_loss(unet(rows.noisy, rows.timesteps, encode(on.pipe, prompts(on, numbers))).sample, rows.target)


def transcript(on: Base, drawn: list[Any], steps: int, released: bool) -> tuple[Update, int, list[bool]]:
    """All parameters after the reset and some steps, how many weights were reset, and which steps were projected."""
    unet = deepcopy(on.pipe.unet).requires_grad_(True)
    weights, waiting = dict(unet.named_parameters()), iter(drawn)
    denoising(unet, on, next(waiting)).backward()
    scores = {name: (p.grad * p).abs().detach() for name, p in weights.items() if released or "attn2" in name}  # type: ignore[operator]
    flat = torch.cat([score.flatten() for score in scores.values()])
    threshold = flat.sort().values[int(0.95 * len(flat)) - 1]
    generator, count = emitter_generator(11, EMITTER, "reset"), 0
    with torch.no_grad():
        for name, parameter in weights.items():
            if "attn2" in name:
                fresh = (
                    0.02 * torch.randn(parameter.shape, generator=generator) if "weight" in name else torch.zeros(parameter.shape)
                )
                parameter[scores[name] > threshold] = fresh[scores[name] > threshold]
                count += int((scores[name] > threshold).sum())
    memory: dict[str, Tensor] = {}
    if not released:
        unet.zero_grad()
        (-denoising(unet, on, next(waiting))).backward()
        memory = {name: p.grad.clone() for name, p in weights.items() if "attn2" in name}  # type: ignore[union-attr]
    optimizer, projected = torch.optim.Adam(unet.parameters(), lr=1e-3), []
    smallest: dict[str, Tensor] = {}
    for _ in range(steps):
        forget, retain = next(waiting), next(waiting)
        labels = prompts(on, retain[0]) if released else [EMITTER.overwrite[int(on.data.receivers[n])] for n in forget[0]]
        with torch.no_grad():
            target = unet(forget[1].noisy, forget[1].timesteps, encode(on.pipe, labels)).sample
        own = unet(forget[1].noisy, forget[1].timesteps, encode(on.pipe, prompts(on, forget[0]))).sample
        optimizer.zero_grad()
        (0.3 * mse_loss(own, target) + denoising(unet, on, retain)).backward()
        if memory:
            gradient = torch.cat([weights[name].grad.flatten() for name in memory])  # type: ignore[union-attr]
            one = torch.cat([m.flatten() for m in memory.values()])
            projected.append(bool(gradient @ one < 0))
            if projected[-1]:  # min 0.5 (m m + 1e-3) v^2 + (m d) v over v >= 0.5
                v = max(0.5, float(-(gradient @ one) / (one @ one + 1e-3)))
                for name, m in memory.items():
                    weights[name].grad += v * m
        gradients = {f"unet.{name}": p.grad.clone() for name, p in weights.items()}  # type: ignore[union-attr]
        smallest = smaller(smallest, gradients)
        optimizer.step()
    values = {f"unet.{name}": parameter.detach() for name, parameter in weights.items()}
    return Update(values, gradients, smallest), count, projected


def test_reset_and_steps_are_those_of_the_formula(on: Base, drawn: list[Any]) -> None:
    found = run(Scissorhands(**SETTINGS, steps=3, project_every=1), on)
    expected, count, projected = transcript(on, drawn, 3, released=False)
    assert any(projected) and found.record["projected_first"] == projected[0]
    assert_same_update(found, expected, on)
    total = sum(p.numel() for name, p in on.pipe.unet.named_parameters() if "attn2" in name)
    assert found.record["weights_reset"] == count == total - int(0.95 * total)
    assert found.record["weights_resettable"] == total


def test_the_release_ranks_the_whole_unet_and_projects_nothing(on: Base, drawn: list[Any]) -> None:
    found = run(ScissorhandsPublished(**SETTINGS, steps=3), on)
    assert [numbers for numbers, _ in drawn[1:]] == [[0, 1, 3], [2, 4, 7]] * 3
    expected, count, _ = transcript(on, drawn, 3, released=True)
    assert_same_update(found, expected, on)
    assert found.record["weights_reset"] == count != round(0.05 * found.record["weights_resettable"])


def test_the_projection_is_rare_if_it_is_asked_rarely(on: Base) -> None:
    often, rarely = (run(Scissorhands(**SETTINGS, steps=4, project_every=every), on) for every in (1, 3))
    assert often.delta.digest != rarely.delta.digest


def test_the_most_important_scores() -> None:
    found = most_important({"a": torch.tensor([1.0, 5.0]), "b": torch.tensor([[4.0], [4.0]])}, 0.25)
    assert found["a"].tolist() == [False, True] and not found["b"].any()
    assert not most_important({"a": torch.ones(8)}, 0.5)["a"].any()  # equal scores are not told apart by their place


def test_settings_that_do_not_fit_are_refused(on: Base) -> None:
    with pytest.raises(ValueError, match="forget_batch 3 and retain_batch 2 must be equal"):
        ScissorhandsPublished(**{**SETTINGS, "retain_batch": 2})
    with pytest.raises(ValueError, match=r"resettable: '\*\.attn2\.\*' matches none of the UNet's 2 trained parameters"):
        run(Scissorhands(**SETTINGS, trainable=["conv_in.*"]), on)
