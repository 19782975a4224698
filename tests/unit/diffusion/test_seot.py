"""SEOT: one gradient step is that of the published loss, and a model is the words that name its concept."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from tests.unit.diffusion.dense import EMITTER, Base, base, run
from torch import Tensor, nn

from lethe.diffusion.interventions import Moment, SuppressEotDelta
from lethe.diffusion.interventions.attention_steps import AttentionSteps
from lethe.diffusion.methods.seot import SEOT
from lethe.diffusion.methods.seot_soft import SEOTSoft
from lethe.diffusion.tokens import encode

WORDS = "an image of a seven dog"


@pytest.fixture(scope="module")
def on() -> Base:
    return base()


def maps(unet: nn.Module, latents: Tensor, timestep: Tensor, text: Tensor, pixels: int) -> tuple[Tensor, Tensor]:
    """Attention to tokens and among pixels, averaged over heads and layers at so many pixels, from the layers' own weights."""
    found: dict[str, list[Tensor]] = {"attn2": [], "attn1": []}

    def record(layer: Any, inputs: tuple[Tensor, ...], named: dict[str, Tensor | None]) -> None:
        read = named.get("encoder_hidden_states")
        queries, keys = layer.to_q(inputs[0]), layer.to_k(inputs[0] if read is None else read)
        queries, keys = (x.unflatten(2, (layer.heads, -1)).transpose(1, 2) for x in (queries, keys))
        if queries.shape[2] == pixels:
            found["attn1" if read is None else "attn2"].append((queries @ keys.mT / queries.shape[-1] ** 0.5).softmax(dim=3))

    layers = [module for name, module in unet.named_modules() if name.endswith(("attn1", "attn2"))]
    hooks = [layer.register_forward_pre_hook(record, with_kwargs=True) for layer in layers]
    unet(latents, timestep, encoder_hidden_states=text)
    for hook in hooks:
        hook.remove()
    assert len(found["attn1"]) == len(found["attn2"]) > 1
    cross, among = (torch.stack(found[kind]).mean(dim=(0, 2))[0].double() for kind in ("attn2", "attn1"))
    return cross, among


def loss_of(before: tuple[Tensor, Tensor], after: tuple[Tensor, Tensor], words: list[int], targets: list[int]) -> Tensor:
    """Token by token and pixel by pixel: retain 1.5, erase -0.5, of self-attention 0.7 and -0.3."""
    total = torch.zeros((), dtype=torch.float64)
    for word in words:
        erased = word in targets
        total = total + (-0.5 if erased else 1.5) * (1 - torch.cosine_similarity(before[0][:, word], after[0][:, word], dim=0))
        seen = before[0][:, word]
        for pixel in range(len(seen)):
            if seen[pixel] >= (0.85 if erased else 0.95) * seen.max():
                alike = torch.cosine_similarity(before[1][:, pixel], after[1][:, pixel], dim=0)
                total = total + (-0.3 if erased else 0.7) * (1 - alike)
    return total


@pytest.mark.parametrize(("count", "length"), [(1, 20.0), (3, 0.5)])  # several long steps amplify rounding
def test_gradient_steps_are_those_of_the_formula(on: Base, count: int, length: float) -> None:
    """Two rows in one pass; each as by itself, step k = 3 of K = 10."""
    unet, generator = on.pipe.unet, torch.Generator().manual_seed(4)
    prompt = encode(on.pipe, [WORDS])[WORDS]
    weak = SuppressEotDelta((prompt.ids[5:6],)).map_embeddings(prompt.states, prompt)
    own, text = torch.stack([prompt.states] * 2), torch.stack([weak, 0.9 * weak])
    latents, timestep = torch.randn(2, 4, 8, 8, generator=generator), torch.tensor([700, 600])
    content = torch.zeros(2, 12, dtype=torch.bool)
    content[:, 1:7] = True
    places = torch.zeros(2, 12, dtype=torch.bool)
    places[:, 5] = True
    steps = AttentionSteps(count, 8, length, 1.5, -0.5, 0.7, -0.3)
    with torch.inference_mode():  # as within a drawing
        found = steps.moved(unet, Moment(3, 10, timestep), latents, own, text, content, places)
    rate = length * (1 - 0.9 * 3 / 9) ** 0.5
    for row in range(2):
        moved = text[row : row + 1].clone()
        shown = latents[row : row + 1], timestep[row : row + 1]
        before = tuple(x.detach() for x in maps(unet, *shown, own[row : row + 1], 64))
        for _ in range(count):
            moved = moved.detach().requires_grad_(True)
            loss = loss_of(before, maps(unet, *shown, moved, 64), list(range(1, 7)), [5])  # type: ignore[arg-type]
            (gradient,) = torch.autograd.grad(loss, [moved])
            moved = moved - rate * gradient
        change = (moved - text[row : row + 1]).detach()
        assert float(change.norm()) > 1e-3
        assert float((found[row] - moved[0].detach()).norm()) < 1e-5 * float(change.norm())


def test_a_model_is_the_words_and_the_constants(on: Base) -> None:
    """Of an emitter that covers two prompts, the span that names it in each; the variant takes no gradient step."""
    found = run(SEOT(alpha=0.5, tokens_after=1, begin=0.1, end=0.3, side=8, rate=3.0, erase=-2.0), on).delta
    assert isinstance(found, SuppressEotDelta)
    prompts = encode(on.pipe, list(EMITTER.texts))
    assert [ids.tolist() for ids in found.targets] == [p.ids[1:6].tolist() for p in prompts.values()]
    assert (found.alpha, found.tokens_after, found.begin, found.end) == (0.5, 1, 0.1, 0.3)
    assert found.steps == AttentionSteps(10, 8, 3.0, 1.0, -2.0, 1.0, -0.5)
    soft = run(SEOTSoft(alpha=0.5), on).delta
    assert isinstance(soft, SuppressEotDelta) and soft.steps.count == 0 and soft.begin == 0.2
    with pytest.raises(ValueError, match=r"end is 0\.2, begin 0\.2; allowed: an end behind the beginning"):
        SEOT(end=0.2)
