"""Forget-Me-Not against a transcription of its loss, and what it calls the words of a concept."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from tests.unit.diffusion.dense import EMITTER, Base, assert_same_update, base, drawn_rows, encode, run, updated
from torch import Tensor, nn

from lethe.diffusion.attention import recorded_attention
from lethe.diffusion.methods._tokens import concept_tokens
from lethe.diffusion.methods.base import Emitter, UnlearnData
from lethe.diffusion.methods.fmn import FMN

__all__ = ["drawn_rows"]  # a fixture
NAMING = torch.tensor([1, 2, 5])  # `an`, `image` and the name: what the third prompt, a photo of the lake, does not hold


@pytest.fixture(scope="module")
def on() -> Base:
    return base()


def probabilities(unet: nn.Module, rows: Any, text: Tensor) -> list[Tensor]:
    """(rows, heads, pixels, tokens) of every cross-attention, from what its layers are asked and their own weights."""
    found: list[Tensor] = []

    def record(layer: Any, inputs: tuple[Tensor, ...], named: dict[str, Tensor]) -> None:
        queries, keys = layer.to_q(inputs[0]), layer.to_k(named["encoder_hidden_states"])
        queries, keys = (x.unflatten(2, (layer.heads, -1)).transpose(1, 2) for x in (queries, keys))
        found.append((queries @ keys.mT / queries.shape[-1] ** 0.5).softmax(dim=3))

    layers = [module for name, module in unet.named_modules() if name.endswith("attn2")]
    hooks = [layer.register_forward_pre_hook(record, with_kwargs=True) for layer in layers]
    unet(rows.noisy, rows.timesteps, encoder_hidden_states=text)
    for hook in hooks:
        hook.remove()
    return found


@pytest.mark.parametrize("micro_batch", [None, 2])
def test_one_update_is_that_of_the_formula(on: Base, drawn: list[Any], micro_batch: int | None) -> None:
    """The mean over rows of the norm of all probabilities at the words; what no probability depends on stays."""
    found = run(
        FMN(steps=1, forget_batch=3, learning_rate=1e-3, weight_decay=0.0, max_grad_norm=1e9, micro_batch=micro_batch), on
    )
    numbers, rows = drawn[-1]
    text = encode(on.pipe, [on.data.prompts[int(on.data.receivers[number])] for number in numbers])

    def loss(unet: nn.Module) -> Tensor:
        squares = [layer[..., NAMING].square().sum(dim=(1, 2, 3)) for layer in probabilities(unet, rows, text)]
        return torch.stack(squares).sum(dim=0).sqrt().mean()

    def seen(name: str) -> bool:  # nothing attends after the last layer, so its values and its output stay
        return "attn2" in name and not ("up_blocks.1.attentions.1" in name and ("to_v" in name or "to_out" in name))

    assert_same_update(found, updated(on, seen, loss, 1e-3), on)


def test_a_decay_shrinks_nothing_that_attention_does_not_depend_on(on: Base) -> None:
    found = run(FMN(steps=1, forget_batch=2, weight_decay=0.5, learning_rate=1e-2, trainable=["*"]), on)
    assert not any(name.startswith("unet.conv_out") for name in found.delta.tensors())
    with pytest.raises(ValueError, match="trainable: cross-attention depends on none of the 2 parameters"):
        run(FMN(trainable=["conv_out.*"]), on)


def test_the_recorder_sees_what_fused_attention_computes_and_goes(on: Base) -> None:
    """Probabilities sum to 1 and are those of the weights; afterwards the processors are the same objects, also after an error."""
    unet = on.pipe.unet
    before, modules = dict(unet.attn_processors), list(unet.named_modules())
    rows = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    text = encode(on.pipe, ["an image of a dog", ""])
    with torch.no_grad():
        fused = unet(rows, 10, encoder_hidden_states=text).sample
        with pytest.raises(KeyError), recorded_attention(unet) as found:
            explicit = unet(rows, 10, encoder_hidden_states=text).sample
            raise KeyError
        torch.testing.assert_close(explicit, fused, rtol=1e-4, atol=1e-5)
        view = type("Rows", (), {"noisy": rows, "timesteps": 10})
        for seen, expected in zip(found, probabilities(unet, view, text), strict=True):
            torch.testing.assert_close(seen, expected)
    after = unet.attn_processors
    assert list(after) == list(before) and all(after[name] is before[name] for name in before)
    assert list(unet.named_modules()) == modules


def named(on: Base, prompts: list[str], *covers: int) -> list[list[str]]:
    """The words that name an emitter in each prompt that it covers."""
    data = UnlearnData(torch.zeros(0, 4, 8, 8), torch.zeros(0, dtype=torch.int64), dict(enumerate(prompts)))
    emitter = Emitter(0, "asked", covers, tuple(prompts[index] for index in covers), dict.fromkeys(covers, ""))
    found = concept_tokens(on.pipe, emitter, data)
    words = [["<bos>", *prompts[index].split(), *["<eos>"] * 12][:12] for index in covers]
    return [
        [word for word, own in zip(text, found[index].tolist(), strict=True) if own]
        for text, index in zip(words, covers, strict=True)
    ]


def test_the_words_that_name_what_is_forgotten(on: Base) -> None:
    cells = [
        f"a {thing} image the {colour} photo" for colour in ("red", "blue green", "green", "blue") for thing in ("dog", "cat")
    ]
    assert named(on, cells, 0, 1) == [["red"], ["red"]]
    assert named(on, cells, 0, 2, 4, 6) == [["dog"]] * 4  # not the colours, which other prompts hold too
    assert named(on, cells, 2, 3) == [["blue", "green"]] * 2  # both words occur elsewhere, together nowhere
    assert named(on, ["an image of a dog", "an image of a cat", "an image of a lake"], 0, 1) == [["dog"], ["cat"]]
    with pytest.raises(ValueError, match=r"emitter 0 \('asked'\): no token of 'a dog image' tells it from the prompts of others"):
        named(on, ["a dog image", "a dog image cat"], 0)


def test_an_emitter_without_words_of_its_own_is_refused(on: Base) -> None:
    prompts = {0: "a photo", 1: "a photo of the dog", 2: "a photo of the lake"}
    emitter = Emitter.of_one(0, "a photo", prompts[0])
    with pytest.raises(ValueError, match="no token of 'a photo' tells it"):
        run(FMN(), on._replace(data=UnlearnData(on.data.latents, on.data.receivers, prompts)), emitter)
    assert EMITTER.covers == (0, 1)
