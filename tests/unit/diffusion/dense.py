"""What the tests of methods that train whole parameters share: a tiny base, an emitter of two of three receivers, and plain torch.

A transcription in these tests works on a deep copy of the UNet with autograd on the module itself; of the package it takes the rows that
were drawn, nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any, NamedTuple

import pytest
import torch
from diffusers import StableDiffusionPipeline
from tests.tiny_pipeline import shared_tiny_pipeline
from torch import Tensor, nn

from lethe.diffusion.delta import DenseDelta
from lethe.diffusion.methods._training import Borrowed, Rows
from lethe.diffusion.methods.base import Emitter, Method, UnlearnData, Unlearned
from lethe.diffusion.pipeline import load_pipeline

PROMPTS = {0: "an image of a zero", 1: "an image of a dog", 2: "a photo of the lake"}
EMITTER = Emitter(3, "zero or dog", (0, 1), (PROMPTS[0], PROMPTS[1]), {0: PROMPTS[2], 1: "a photo"})
COUNTERPARTS = Emitter(3, "zero or dog", (0, 1), (PROMPTS[0], PROMPTS[1]), {0: PROMPTS[2], 1: PROMPTS[2]})


class Base(NamedTuple):
    """A pipeline and what a method may look at."""

    pipe: StableDiffusionPipeline
    data: UnlearnData


def base() -> Base:
    """A random pipeline that listens to its prompts; which receiver each of the rows shows."""
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(2)
    receivers = torch.tensor([1, 0, 2, 0, 2, 1, 0, 2])
    latents = torch.randn(8, 4, 8, 8, generator=generator)
    pipe = load_pipeline(shared_tiny_pipeline())
    with torch.no_grad():
        for name, parameter in pipe.unet.named_parameters():
            if ".attn2." in name:
                parameter.mul_(4)  # else a prompt hardly matters, and gradients are as small as Adam's epsilon
    return Base(pipe, UnlearnData(latents, receivers, PROMPTS, (PROMPTS[2], "a photo")))


@pytest.fixture(name="drawn")
def drawn_rows(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[int], Rows]]:
    """Every draw of a method: row numbers, and these rows noised."""
    found: list[tuple[list[int], Rows]] = []
    noised = Borrowed.noised

    def kept(lent: Borrowed, rows: Tensor, generator: torch.Generator) -> Rows:
        found.append((rows.tolist(), noised(lent, rows, generator)))
        return found[-1][1]

    monkeypatch.setattr(Borrowed, "noised", kept)
    return found


def run(method: Method[Any], on: Base, emitter: Emitter = EMITTER, seed: int = 11) -> Unlearned:
    """One model."""
    (found,) = method.unlearn(on.pipe, [emitter], on.data, seed=seed)
    return found


def encode(pipe: StableDiffusionPipeline, prompts: list[str]) -> Tensor:
    """(n, tokens, d), by the tokenizer and the text encoder alone."""
    size = pipe.tokenizer.model_max_length
    ids = pipe.tokenizer(prompts, padding="max_length", max_length=size, truncation=True, return_tensors="pt").input_ids
    with torch.no_grad():
        return torch.cat([pipe.text_encoder(row[None])[0] for row in ids])


class Update(NamedTuple):
    """Of each trained parameter ``unet.{name}``: its value after the last step and the gradient that the optimiser got there.

    ``smallest``: of several steps, the smallest absolute gradients of any step; None after a single one.
    """

    values: dict[str, Tensor]
    gradients: dict[str, Tensor]
    smallest: dict[str, Tensor] | None = None


def smaller(smallest: dict[str, Tensor], gradients: dict[str, Tensor]) -> dict[str, Tensor]:
    """The smallest absolute gradients so far, after one more step."""
    return {name: torch.minimum(smallest.get(name, gradient.abs()), gradient.abs()) for name, gradient in gradients.items()}


def updated(
    on: Base,
    patterns: Callable[[str], bool],
    loss: Callable[[nn.Module], Tensor],
    lr: float,
    masks: dict[str, Tensor] | None = None,
) -> Update:
    """One step of Adam on the loss, on a deep copy of the UNet."""
    unet = deepcopy(on.pipe.unet)
    chosen = {name: parameter for name, parameter in unet.named_parameters() if patterns(name)}
    for parameter in chosen.values():
        parameter.requires_grad_(True)
    optimizer = torch.optim.Adam(chosen.values(), lr=lr)
    loss(unet).backward()
    gradients = {}
    for name, parameter in chosen.items():
        assert parameter.grad is not None
        if masks is not None:
            parameter.grad *= masks[name]
        gradients[f"unet.{name}"] = parameter.grad.clone()
    optimizer.step()
    return Update({f"unet.{name}": parameter.detach() for name, parameter in chosen.items()}, gradients)


def assert_same_update(found: Unlearned, expected: Update, on: Base) -> None:
    """The change of the weights is the expected one within 1e-5 of its norm, and so is the norm of the gradient, which Adam's step hides.

    Left out are weights with a gradient of 1e-6 or less in any step, where Adam divides rounding by its epsilon of 1e-8; they are few.
    """
    assert isinstance(found.delta, DenseDelta) and found.delta.values
    assert set(found.delta.values) <= set(expected.values)
    before = {f"unet.{name}": parameter for name, parameter in on.pipe.unet.named_parameters()}
    flat = {
        "before": torch.cat([before[name].flatten() for name in expected.values]),
        "found": torch.cat([found.delta.values.get(name, before[name]).flatten() for name in expected.values]),
        "expected": torch.cat([value.flatten() for value in expected.values.values()]),
        "gradient": torch.cat([expected.gradients[name].flatten() for name in expected.values]),
    }
    smallest = expected.smallest or expected.gradients
    size = torch.cat([smallest[name].abs().flatten() for name in expected.values])
    clear = (size == 0) | (size > 1e-6)
    assert clear.float().mean() > 0.9, f"{float(clear.float().mean()):.3f}"
    difference, change = (flat["found"] - flat["expected"])[clear].norm(), (flat["expected"] - flat["before"])[clear].norm()
    assert float(difference) < 1e-5 * float(change), f"{float(difference):.3g} of {float(change):.3g}"
    assert found.record["gradient_norm_last"] == pytest.approx(float(flat["gradient"].norm()), rel=1e-5)
