"""One update of CA is that of its published formula; which images it takes as anchors."""

from __future__ import annotations

import pytest
import torch
from tests.unit.diffusion.dense import (
    COUNTERPARTS,
    EMITTER,
    PROMPTS,
    Base,
    Update,
    assert_same_update,
    base,
    drawn_rows,
    encode,
    run,
    updated,
)
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from lethe.diffusion.methods._training import Rows
from lethe.diffusion.methods.ca import CA

__all__ = ["drawn_rows"]

LR = 1e-3
DRAWN = list[tuple[list[int], Rows]]


@pytest.fixture(scope="module", name="on")
def tiny() -> Base:
    return base()


def expected(on: Base, rows: Rows, own: list[str], anchor: list[str]) -> Update:
    """|| eps_theta(x, t, c) - sg eps_theta(x, t, c*) ||^2 on keys and values; at the first step the student is the base."""
    own_text, anchor_text = encode(on.pipe, own), encode(on.pipe, anchor)

    def loss(unet: nn.Module) -> Tensor:
        with torch.no_grad():
            target = unet(rows.noisy, rows.timesteps, anchor_text).sample
        return mse_loss(unet(rows.noisy, rows.timesteps, own_text).sample, target)

    return updated(on, lambda name: "attn2.to_k" in name or "attn2.to_v" in name, loss, LR)


@pytest.mark.parametrize("target", ["current", "base"])
def test_images_of_the_counterpart(on: Base, drawn: DRAWN, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Images of what overwrites two receivers are shown twice: once with the prompt of each."""
    texts: list[Tensor] = []  # of every pass of the UNet; the last one is the student's
    forward = on.pipe.unet.forward

    def spied(sample: Tensor, timestep: Tensor, encoder_hidden_states: Tensor) -> object:
        texts.append(encoder_hidden_states)
        return forward(sample, timestep, encoder_hidden_states)

    monkeypatch.setattr(on.pipe.unet, "forward", spied)
    found = run(CA(steps=1, forget_batch=6, learning_rate=LR, target=target), on, COUNTERPARTS)
    monkeypatch.undo()
    ((numbers, rows),) = drawn
    known = encode(on.pipe, [PROMPTS[0], PROMPTS[1]])
    shown = [0 if torch.equal(text, known[0]) else 1 for text in texts[-1]]
    assert torch.equal(texts[-1], known[shown])
    assert sorted(zip(numbers, shown, strict=True)) == [(2, 0), (2, 1), (4, 0), (4, 1), (7, 0), (7, 1)]
    assert_same_update(found, expected(on, rows, [PROMPTS[place] for place in shown], [PROMPTS[2]] * 6), on)


def test_images_that_are_forgotten(on: Base, drawn: DRAWN) -> None:
    """Each with its own prompt, led to what overwrites it."""
    found = run(CA(steps=1, forget_batch=5, learning_rate=LR, anchors="forget"), on)
    ((numbers, rows),) = drawn
    assert sorted(numbers) == [0, 1, 3, 5, 6]
    shown = on.data.receivers[numbers].tolist()
    own, anchor = [PROMPTS[index] for index in shown], [EMITTER.overwrite[index] for index in shown]
    assert_same_update(found, expected(on, rows, own, anchor), on)


def test_the_target_moves_with_the_student_or_not(on: Base) -> None:
    """The first step of both is the same, the second is not."""
    one, two = (
        [
            run(CA(steps=steps, forget_batch=5, learning_rate=LR, anchors="forget", target=target), on)
            for target in ("current", "base")
        ]
        for steps in (1, 2)
    )
    assert one[0].delta.digest == one[1].delta.digest and two[0].delta.digest != two[1].delta.digest


def test_an_overwrite_that_no_image_has_is_an_error(on: Base) -> None:
    message = r"emitter 3 \('zero or dog'\): no training image has the prompt 'a photo', which .* 'an image of a dog'; allowed: `anchors"
    with pytest.raises(ValueError, match=message):
        run(CA(steps=1), on)
