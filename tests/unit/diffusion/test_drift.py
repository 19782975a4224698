"""The drift of the empty prompt is one number for every kind of delta."""

from __future__ import annotations

import math

import pytest
import torch

from lethe.diffusion.delta import DenseDelta, LoraDelta, NoneDelta, TextMapDelta
from lethe.diffusion.drift import drift_columns, empty_prompt_drift
from lethe.diffusion.interventions import GatedLoraDelta, SuppressEotDelta
from lethe.diffusion.kinds import cross_attention_weights
from lethe.diffusion.pipeline import encode_prompts
from lethe.diffusion.tokens import encode

ROWS = torch.zeros(0, 32)


def test_it_is_the_relative_change_of_what_cross_attention_reads(tiny_pipe) -> None:
    before = {name: value.clone() for name, value in tiny_pipe.unet.named_parameters()}
    assert empty_prompt_drift(tiny_pipe, TextMapDelta(ROWS, ROWS, 1.0)) == empty_prompt_drift(None, NoneDelta()) == 0
    assert empty_prompt_drift(tiny_pipe, TextMapDelta(ROWS, ROWS, 1.25)) == pytest.approx(0.25, rel=1e-5)
    assert all(torch.equal(value, before[name]) for name, value in tiny_pipe.unet.named_parameters())


def test_edits_of_embeddings_and_of_weights_are_told_alike(tiny_pipe) -> None:
    left, right = torch.randn(2, 2, 32, generator=torch.Generator().manual_seed(0))
    given = TextMapDelta(left, right, 1.0)
    dense = DenseDelta({name: new for name, _, new in given.new_weights(tiny_pipe)})
    drift = empty_prompt_drift(tiny_pipe, given)
    assert empty_prompt_drift(tiny_pipe, dense) == pytest.approx(drift, rel=1e-6) and drift > 0.01


def test_what_the_text_encoder_says_counts_and_what_does_not_read_it_does_not(tiny_pipe) -> None:
    name = "text_model.final_layer_norm.weight"
    key = name if name in dict(tiny_pipe.text_encoder.named_parameters()) else name.removeprefix("text_model.")
    norm = dict(tiny_pipe.text_encoder.named_parameters())[key].detach()
    assert empty_prompt_drift(tiny_pipe, DenseDelta({f"text_encoder.{key}": norm * 2})) > 0.1
    bias = tiny_pipe.unet.conv_out.bias.detach()
    assert empty_prompt_drift(tiny_pipe, DenseDelta({"unet.conv_out.bias": bias + 1})) == 0


def test_orthogonal_maps_leave_the_empty_prompt(tiny_pipe) -> None:
    """A map that reads only directions that the empty prompt has not."""
    states = encode_prompts(tiny_pipe, [""])[0].double()
    _, _, basis = torch.linalg.svd(states)
    free = basis[len(states) :].float()
    assert empty_prompt_drift(tiny_pipe, TextMapDelta(torch.ones_like(free), free, 1.0)) < 1e-5


def test_what_acts_while_an_image_is_made_is_asked_for_the_empty_prompt(tiny_pipe) -> None:
    """Additions with strength 1 for every prompt are those of the same LoRA; soft weighting does not touch a prompt without the words."""
    name = next(iter(cross_attention_weights(tiny_pipe))).removesuffix(".weight")
    weight = tiny_pipe.unet.get_submodule(name.removeprefix("unet.")).weight
    generator = torch.Generator().manual_seed(0)
    factors = {name: (torch.randn(1, weight.shape[1], generator=generator), torch.randn(weight.shape[0], 1, generator=generator))}
    ids = torch.tensor([5])
    gated = GatedLoraDelta(factors, ids, encode(tiny_pipe, ["a"])["a"].states, "one")
    drift = empty_prompt_drift(tiny_pipe, gated)
    assert drift == pytest.approx(empty_prompt_drift(tiny_pipe, LoraDelta(factors)), rel=1e-4) and drift > 0.01
    assert empty_prompt_drift(tiny_pipe, GatedLoraDelta(factors, ids, gated.states, "tokens")) == 0
    assert empty_prompt_drift(tiny_pipe, SuppressEotDelta((ids,))) == 0


def test_columns_of_a_table() -> None:
    assert drift_columns([{"empty_prompt_drift": 0.0}, {"empty_prompt_drift": 0.5}, {}]) == pytest.approx(
        {
            f"empty_prompt_drift{end}": value
            for end, value in (("", 0.25), ("_sd", 0.125**0.5), ("_smallest", 0.0), ("_largest", 0.5))
        }
    )
    assert all(math.isnan(value) for value in drift_columns([{}]).values())
    with pytest.raises(ValueError, match="a 'text_map' delta cannot be measured without its base"):
        empty_prompt_drift(None, TextMapDelta(ROWS, ROWS, 1.0))
