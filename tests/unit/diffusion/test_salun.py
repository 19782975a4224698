"""One update of SalUn, intended and as released, is that of its published formula; what its mask marks."""

from __future__ import annotations

import pytest
import torch
from tests.unit.diffusion.dense import EMITTER, PROMPTS, Base, Update, assert_same_update, base, drawn_rows, encode, run, updated
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from lethe.diffusion.methods._mask import most_salient
from lethe.diffusion.methods._training import Rows
from lethe.diffusion.methods.salun import SalUn
from lethe.diffusion.methods.salun_published import SalUnPublished

__all__ = ["drawn_rows"]

LR, ALPHA = 1e-3, 0.7
DRAWN = list[tuple[list[int], Rows]]


@pytest.fixture(scope="module", name="on")
def tiny() -> Base:
    return base()


def expected(
    on: Base, forget: Rows, own: list[str], label: list[str], retain: Rows, kept: list[str], masks: dict[str, Tensor] | None
) -> Update:
    """|| eps_theta(x_f, c_f) - sg eps_theta(x_f, c*) ||^2 + alpha || eps_theta(x_r, c_r) - noise ||^2 on cross-attention."""
    texts = [encode(on.pipe, prompts) for prompts in (own, label, kept)]

    def loss(unet: nn.Module) -> Tensor:
        with torch.no_grad():
            target = unet(forget.noisy, forget.timesteps, texts[1]).sample
        noisy, timesteps = torch.cat([forget.noisy, retain.noisy]), torch.cat([forget.timesteps, retain.timesteps])
        # In one pass: two passes round differently, and Adam's first step of a gradient near its epsilon shows it
        of_forget, of_retain = unet(noisy, timesteps, torch.cat([texts[0], texts[2]])).sample.split([len(forget), len(retain)])
        return mse_loss(of_forget, target) + ALPHA * mse_loss(of_retain, retain.target)

    return updated(on, lambda name: "attn2" in name, loss, LR, masks)


def marked(on: Base, batches: list[tuple[Rows, list[str]]], share: float) -> dict[str, Tensor]:
    """1 where the sum over batches of the signed gradient of the denoising loss is among the largest in absolute value."""
    names = [name for name, _ in on.pipe.unet.named_parameters() if "attn2" in name]
    weights = [on.pipe.unet.get_parameter(name) for name in names]
    total = [torch.zeros_like(weight) for weight in weights]
    for weight in weights:
        weight.requires_grad_(True)
    for rows, prompts in batches:
        loss = mse_loss(on.pipe.unet(rows.noisy, rows.timesteps, encode(on.pipe, prompts)).sample, rows.target)
        total = [a + b for a, b in zip(total, torch.autograd.grad(loss, weights), strict=True)]
    for weight in weights:
        weight.requires_grad_(False)
    size = torch.cat([x.abs().flatten() for x in total])
    threshold = size.sort(descending=True).values[round(share * len(size)) - 1]
    return {name: (x.abs() >= threshold).float() for name, x in zip(names, total, strict=True)}


def test_intended(on: Base, drawn: DRAWN) -> None:
    """Mask from one pass of all forget images in batches of two, then a step on two relabelled and three kept ones."""
    method = SalUn(steps=1, forget_batch=2, retain_batch=3, learning_rate=LR, retain_weight=ALPHA, mask_share=0.3)
    found = run(method, on)
    prompts = [[PROMPTS[index] for index in on.data.receivers[numbers].tolist()] for numbers, _ in drawn]
    *saliency, (_, forget), (_, retain) = drawn
    assert sorted(number for numbers, _ in saliency for number in numbers) == [0, 1, 3, 5, 6]
    masks = marked(on, [(rows, own) for (_, rows), own in zip(saliency, prompts, strict=False)], 0.3)
    label = [EMITTER.overwrite[index] for index in on.data.receivers[drawn[-2][0]].tolist()]
    assert set(on.data.receivers[drawn[-1][0]].tolist()) == {2}
    assert_same_update(found, expected(on, forget, prompts[-2], label, retain, prompts[-1], masks), on)
    total = sum(mask.numel() for mask in masks.values())
    before = {f"unet.{name}": value for name, value in on.pipe.unet.named_parameters()}
    changed = sum(int((value != before[name]).sum()) for name, value in found.delta.tensors().items())
    assert changed == sum(int(mask.sum()) for mask in masks.values()) == round(0.3 * total)


def test_as_released(on: Base, drawn: DRAWN) -> None:
    """The same first rows at every step, labels of the retain rows beside them, and no mask."""
    found = run(SalUnPublished(steps=1, forget_batch=3, retain_batch=3, learning_rate=LR, retain_weight=ALPHA), on)
    (first, forget), (second, retain) = drawn
    assert (first, second) == ([0, 1, 3], [2, 4, 7])
    own, kept = ([PROMPTS[index] for index in on.data.receivers[numbers].tolist()] for numbers in (first, second))
    assert_same_update(found, expected(on, forget, own, kept, retain, kept, None), on)
    drawn.clear()
    run(SalUnPublished(steps=3, forget_batch=2, retain_batch=2), on)
    assert [numbers for numbers, _ in drawn] == [[0, 1], [2, 4]] * 3
    assert not torch.equal(drawn[0][1].target, drawn[2][1].target)  # noise and timesteps are new


def test_released_rows_come_in_pairs() -> None:
    with pytest.raises(ValueError, match="forget_batch 4 and retain_batch 8 must be equal"):
        SalUnPublished(forget_batch=4, retain_batch=8)


def test_equal_scores_still_give_the_exact_share() -> None:
    masks = most_salient({"a": torch.zeros(3, 2), "b": torch.tensor([1.0, 0.0])}, 0.5)
    assert sum(int(mask.sum()) for mask in masks.values()) == 4
    assert masks["b"].tolist() == [True, False] and masks["a"].flatten().tolist() == [True] * 3 + [False] * 3
