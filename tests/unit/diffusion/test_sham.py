"""The control of distance moves each parameter as far as a method did, and nowhere in particular."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from lethe.diffusion.delta import Delta, LoraDelta, NoneDelta, TextMapDelta
from lethe.diffusion.methods.base import Emitter, UnlearnData
from lethe.diffusion.methods.sham import Sham

EMITTERS = [Emitter.of_one(index, name, f"an image of a {name}") for index, name in enumerate(("dog", "cat"))]
DATA = UnlearnData(torch.zeros(0, 4, 8, 8), torch.zeros(0, dtype=torch.int64), {e.index: e.texts[0] for e in EMITTERS})


def moved(pipe, delta: Delta) -> dict[str, torch.Tensor]:
    return {name: (new - old).detach() for name, old, new in delta.new_weights(pipe)}


@pytest.mark.parametrize("kind", ["text_map", "lora"])
def test_every_layer_moves_as_far_in_a_random_direction(tiny_pipe, kind: str) -> None:
    generator = torch.Generator().manual_seed(0)
    left, right = torch.randn(2, 3, 32, generator=generator)
    module = "unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_q"
    factors = {module: (torch.randn(2, 32, generator=generator), torch.randn(32, 2, generator=generator))}
    given = TextMapDelta(left, right, 0.9) if kind == "text_map" else LoraDelta(factors)
    data = replace(DATA, deltas={0: given, 1: given})
    first, second = (found.delta for found in Sham().unlearn(tiny_pipe, EMITTERS, data, seed=3))
    asked, ours, others = (moved(tiny_pipe, delta) for delta in (given, first, second))
    assert list(ours) == sorted(asked) or set(ours) == set(asked)
    for name, change in asked.items():
        assert float(ours[name].norm()) == pytest.approx(float(change.norm()), rel=1e-5)
        for other in (change, others[name]):
            assert abs(float((ours[name] * other).sum() / change.norm() ** 2)) < 0.2
    (again,) = Sham().unlearn(tiny_pipe, EMITTERS[1:], data, seed=3)
    assert again.delta.digest == second.digest


def test_of_a_method_that_changes_nothing_it_changes_nothing(tiny_pipe) -> None:
    (found,) = Sham(of="none").unlearn(tiny_pipe, EMITTERS[:1], replace(DATA, deltas={0: NoneDelta()}), seed=0)
    assert not found.delta.tensors() and found.record["moved"] == 0


def test_an_emitter_without_a_delta_is_named(tiny_pipe) -> None:
    with pytest.raises(ValueError, match=r"emitter 1 \('cat'\) has no delta of 'uce'; there are some for \[0\]"):
        next(Sham().unlearn(tiny_pipe, EMITTERS, replace(DATA, deltas={0: NoneDelta()}), seed=0))
