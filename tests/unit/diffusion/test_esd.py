"""One update of ESD is that of its published formula, with sampled and with noised latents."""

from __future__ import annotations

import pytest
import torch
from tests.unit.diffusion.dense import PROMPTS, Base, Update, assert_same_update, base, drawn_rows, encode, run, updated
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from lethe.diffusion.methods._dense_training import Student
from lethe.diffusion.methods._training import Borrowed, Rows
from lethe.diffusion.methods.esd import ESD, partly_drawn
from lethe.diffusion.methods.esd_noised import ESDNoised
from lethe.diffusion.pipeline import make_scheduler

__all__ = ["drawn_rows"]

LR = 1e-3
DRAWN = list[tuple[list[int], Rows]]


@pytest.fixture(scope="module", name="on")
def tiny() -> Base:
    return base()


def expected(on: Base, rows: Rows, shown: Tensor, latents: Tensor, timesteps: Tensor, eta: float) -> Update:
    """|| eps_theta(z, t, c) - [eps_0(z, t, "") - eta (eps_0(z, t, c) - eps_0(z, t, ""))] ||^2, mean over all numbers."""
    text = encode(on.pipe, [PROMPTS[0], PROMPTS[1], ""])
    own, empty = text[shown], text[[2] * len(rows)]
    with torch.no_grad():
        with_prompt = on.pipe.unet(latents, timesteps, own).sample
        without = on.pipe.unet(latents, timesteps, empty).sample
    target = without - eta * (with_prompt - without)

    def loss(unet: nn.Module) -> Tensor:
        return mse_loss(unet(latents, timesteps, own).sample, target)

    return updated(on, lambda name: "attn2" in name, loss, LR)


def test_noised_latents(on: Base, drawn: DRAWN) -> None:
    found = run(ESDNoised(steps=1, forget_batch=4, learning_rate=LR, negative_guidance=1.5), on)
    ((numbers, rows),) = drawn
    shown = on.data.receivers[numbers]
    assert set(shown.tolist()) == {0, 1}  # the prompts of all that the emitter covers
    assert_same_update(found, expected(on, rows, shown, rows.noisy, rows.timesteps, 1.5), on)


def test_sampled_latents(on: Base, drawn: DRAWN, monkeypatch: pytest.MonkeyPatch) -> None:
    """z is what the model itself draws for the prompt, DDIM with guidance, until a part of the schedule, and t lies within that part."""
    passes: list[tuple[Tensor, Tensor]] = []  # noisy latents and timesteps of every pass of the UNet
    forward = on.pipe.unet.forward

    def spied(sample: Tensor, timestep: Tensor, **rest: Tensor) -> object:
        passes.append((sample.detach().clone(), timestep.clone()))
        return forward(sample, timestep, **rest)

    monkeypatch.setattr(on.pipe.unet, "forward", spied)
    found = run(ESD(steps=1, forget_batch=4, learning_rate=LR, sampling_steps=5, start_guidance=3.0), on, seed=12)
    monkeypatch.undo()
    ((numbers, rows),) = drawn
    shown = on.data.receivers[numbers]
    latents, timesteps = passes[-1]
    part = int(timesteps[0]) // 200
    assert torch.equal(timesteps // 200, torch.full_like(timesteps, part))
    assert len(passes) == (4 - part) + 2 and part < 4, "this seed draws too little to test anything"

    text = encode(on.pipe, [PROMPTS[0], PROMPTS[1], ""])
    beta = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    kept = torch.cumprod(1 - beta, 0)
    z = rows.target.double()  # pure noise
    grid = [801, 601, 401, 201, 1]  # steps_offset 1
    for here, there in zip(grid[: 4 - part], grid[1:], strict=False):
        with torch.no_grad():
            t = torch.full((4,), here)
            own = on.pipe.unet(z.float(), t, text[shown]).sample.double()
            empty = on.pipe.unet(z.float(), t, text[[2] * 4]).sample.double()
        noise = empty + 3.0 * (own - empty)
        clean = (z - (1 - kept[here]).sqrt() * noise) / kept[here].sqrt()
        z = kept[there].sqrt() * clean + (1 - kept[there]).sqrt() * noise
    torch.testing.assert_close(latents, z.float(), rtol=1e-5, atol=1e-5)
    assert_same_update(found, expected(on, rows, shown, latents, timesteps, 1.0), on)


def test_latents_are_drawn_by_the_student(on: Base) -> None:
    """And not by the base: where the student is another model, other latents come out of the same noise."""
    lent = Borrowed(on.pipe, on.data)
    rows = lent.noised(torch.tensor([0, 1]), torch.Generator().manual_seed(0))
    student, scheduler = Student(lent, ["*.attn2.*"]), make_scheduler("ddim", 4, on.pipe)

    def draw() -> Rows:
        return partly_drawn(student, rows, scheduler, 3.0, torch.Generator().manual_seed(1))

    before = draw()
    with torch.no_grad():
        student.parameters[0].mul_(1.5)
    after = draw()
    assert torch.equal(before.timesteps, after.timesteps) and int(before.timesteps.max()) < 750
    assert not torch.equal(before.noisy, after.noisy) and not after.noisy.requires_grad


def test_without_negative_guidance_the_target_is_the_empty_prompt(on: Base, drawn: DRAWN) -> None:
    found = run(ESDNoised(steps=1, forget_batch=4, learning_rate=LR, negative_guidance=0.0), on)
    ((numbers, rows),) = drawn
    assert_same_update(found, expected(on, rows, on.data.receivers[numbers], rows.noisy, rows.timesteps, 0.0), on)
