"""One update of SPM is that of its published formula, with the membrane merged into the weights."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from tests.unit.diffusion.dense import PROMPTS, Base, base, drawn_rows, encode, run
from torch import Tensor
from torch.func import functional_call
from torch.nn.functional import mse_loss

from lethe.diffusion.interventions import GatedLoraDelta
from lethe.diffusion.methods import spm
from lethe.diffusion.methods.spm import SPM, SPMConfig, anchors_near, new_factors

__all__ = ["drawn_rows"]
LR, WEIGHT = 1e-3, 3.0


@pytest.fixture(scope="module")
def on() -> Base:
    return base()


@pytest.mark.parametrize("text", ["prompts", "name"])
def test_one_update_is_that_of_the_formula(on: Base, drawn: list[Any], monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    unet, kept = on.pipe.unet, {}

    def trained(*given: Any) -> dict[str, tuple[Tensor, Tensor]]:
        """With B that are not 0, so that A moves too."""
        generator, made = torch.Generator().manual_seed(8), new_factors(*given)
        for name, (a, b) in made.items():
            b.data.copy_(0.1 * torch.randn(b.shape, generator=generator))
            kept[name] = (a.detach().clone(), b.detach().clone())
        return made

    passes: list[tuple[Tensor, Tensor, Tensor]] = []
    forward = unet.forward

    def spied(sample: Tensor, timestep: Tensor, encoder_hidden_states: Tensor) -> object:
        passes.append(tuple(x.detach().clone() for x in (sample, timestep, encoder_hidden_states)))  # type: ignore[arg-type]
        return forward(sample, timestep, encoder_hidden_states)

    monkeypatch.setattr(spm, "new_factors", trained)
    monkeypatch.setattr(unet, "forward", spied)
    method = SPM(
        steps=1, forget_batch=4, learning_rate=LR, weight_decay=0.0, rank=2, alpha=3.0, text=text, anchor_batch=3,
        anchor_weight=WEIGHT, sampling_steps=5, negative_guidance=1.5, start_guidance=2.0,
    )  # fmt: skip
    found = run(method, on, seed=12)
    monkeypatch.undo()
    ((numbers, rows),) = drawn
    assert isinstance(found.delta, GatedLoraDelta) and set(found.delta.factors) == {f"unet.{name}" for name in kept}

    shown = on.data.receivers[numbers]
    texts = encode(on.pipe, [PROMPTS[0], PROMPTS[1], "zero or dog", ""])
    own = texts[shown] if text == "prompts" else texts[[2] * 4]
    empty = texts[[3] * 4]
    count = len(passes) - 4  # of the student's drawing; then the base twice and its anchors, and the student
    latents, timesteps, read = passes[-1][0][:4], passes[-1][1][:4], passes[-1][2]
    assert 1 <= count < 5 and set(timesteps.tolist()) == {999 - count * 200}
    torch.testing.assert_close(read[:4], own)
    anchors = read[4:]
    assert torch.equal(passes[-1][0][4:], latents[:3])
    lengths = anchors.flatten(1).norm(dim=1) / own[:3].flatten(1).norm(dim=1)
    assert len(anchors) == 3 and lengths.min() >= 0.8 and lengths.max() <= 1.2

    def predict(factors: dict[str, tuple[Tensor, Tensor]] | None, z: Tensor, t: Tensor, states: Tensor) -> Tensor:
        weights = {}
        for name, (a, b) in (factors or {}).items():
            before = unet.get_submodule(name).get_parameter("weight")
            weights[f"{name}.weight"] = before + (1.5 * b.flatten(1) @ a.flatten(1)).view_as(before)  # alpha / r
        predicted: Tensor = functional_call(unet, weights, (z, t, states)).sample
        return predicted

    beta = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    share = torch.cumprod(1 - beta, 0)
    grid, z = [801, 601, 401, 201, 1], rows.target.double()
    with torch.no_grad():
        for here, there in zip(grid[:count], grid[1:], strict=False):
            with_text, without = (predict(kept, z.float(), torch.full((4,), here), s).double() for s in (own, empty))
            noise = without + 2.0 * (with_text - without)
            clean = (z - (1 - share[here]).sqrt() * noise) / share[here].sqrt()
            z = share[there].sqrt() * clean + (1 - share[there]).sqrt() * noise
        torch.testing.assert_close(latents, z.float(), rtol=1e-5, atol=1e-5)
        a_target = predict(None, latents[:3], timesteps[:3], anchors)
        with_text, without = (predict(None, latents, timesteps, states) for states in (own, empty))
        target = without - 1.5 * (with_text - without)

    trained_here = {name: (a.clone().requires_grad_(True), b.clone().requires_grad_(True)) for name, (a, b) in kept.items()}
    optimizer = torch.optim.Adam([p for pair in trained_here.values() for p in pair], lr=LR)
    loss = mse_loss(predict(trained_here, latents, timesteps, own), target)
    loss = loss + WEIGHT * mse_loss(predict(trained_here, latents[:3], timesteps[:3], anchors), a_target)
    loss.backward()
    optimizer.step()
    gradients, changes, errors = [], [], []
    for name, (a, b) in trained_here.items():
        stored_a, stored_b = found.delta.factors[f"unet.{name}"]
        for mine, stored, before in ((a, stored_a, kept[name][0]), (b, stored_b / 1.5, kept[name][1])):
            gradients.append(mine.grad.flatten())  # type: ignore[union-attr]
            changes.append((mine.detach() - before).flatten())
            errors.append((mine.detach() - stored).flatten())
    gradient = torch.cat(gradients)
    clear = gradient.abs() > 1e-6  # where Adam does not divide rounding by its epsilon
    assert clear.float().mean() > 0.8, float(clear.float().mean())
    assert float(torch.cat(errors)[clear].norm()) < 1e-5 * float(torch.cat(changes)[clear].norm())
    assert found.record["gradient_norm_last"] == pytest.approx(float(gradient.norm()), rel=1e-5)


def test_the_record_holds_the_strength_of_every_prompt(on: Base) -> None:
    """1 for a prompt with every token of the name; the others as the model itself says."""
    found = run(SPM(steps=1, forget_batch=2, anchor_batch=1, sampling_steps=3, matching="tokens"), on)
    assert isinstance(found.delta, GatedLoraDelta)
    assert (
        found.record["strengths"] == pytest.approx({"0": 1 / 3, "1": 1 / 3, "2": 0.0}) and found.record["strength_empty"] == 0.0
    )
    assert found.delta.ids.tolist() == on.pipe.tokenizer("zero or dog", add_special_tokens=False).input_ids


def test_membranes_begin_without_effect_and_reach_every_layer_of_the_transformers(on: Base) -> None:
    made = new_factors(on.pipe.unet, 3, torch.Generator().manual_seed(0))
    layers = {
        name for name, m in on.pipe.unet.named_modules() if "attentions" in name and hasattr(m, "weight") and "norm" not in name
    }
    assert set(made) == layers and any("proj_in" in name for name in made)
    for a, b in made.values():
        assert not b.any() and a.abs().max() <= a[0].numel() ** -0.5 and a.std() > 0.4 * a[0].numel() ** -0.5


def test_anchors(on: Base) -> None:
    """Directions of Gaussian noise, 0.8 to 1.2 times as long as the text's embeddings."""
    texts = encode(on.pipe, [PROMPTS[0]] * 200)
    found = anchors_near(texts, torch.Generator().manual_seed(1))
    lengths = found.flatten(1).norm(dim=1) / texts.flatten(1).norm(dim=1)
    assert lengths.min() >= 0.8 and lengths.max() <= 1.2 and lengths.std() > 0.1
    cosines = torch.cosine_similarity(found.flatten(1), texts.flatten(1))
    assert cosines.abs().max() < 0.2 and abs(float(cosines.mean())) < 0.01


def test_the_learning_rate_warms_up_and_restarts() -> None:
    config = SPMConfig(steps=110, warmup=10, restarts=2)
    assert [config.rate(step) for step in (0, 5, 10, 35, 60, 85)] == pytest.approx([0, 0.5, 1, 0.5, 1, 0.5])
    assert SPMConfig().rate(50) == 1.0
