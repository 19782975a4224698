"""RECE: its adversarial embedding against brute force, and its rounds against the edits of every matrix."""

from __future__ import annotations

import pytest
import torch

from lethe.diffusion.delta import TextMapDelta, cross_attention_weights
from lethe.diffusion.methods._text_maps import Map
from lethe.diffusion.methods.base import Emitter, UnlearnData
from lethe.diffusion.methods.rece import RECE, adversarial, compose, read_gram
from lethe.diffusion.methods.uce import UCE, dense_edit
from lethe.diffusion.pipeline import encode_prompts

PROMPTS = {index: f"an image of a {name}" for index, name in enumerate(("dog", "cat", "lake"))}
DATA = UnlearnData(torch.zeros(0, 4, 8, 8), torch.zeros(0, dtype=torch.int64), PROMPTS)
DOG = Emitter.of_one(0, "a dog", PROMPTS[0])


@pytest.mark.parametrize("ridge", [0.1, 1e-3])
def test_the_adversarial_embedding_is_the_least_squares_solution(ridge: float) -> None:
    """Over all matrices stacked, and a row for each number of the embedding that must stay small."""
    generator = torch.Generator().manual_seed(0)
    weights = [torch.randn(rows, 24, generator=generator, dtype=torch.float64) for rows in (8, 8, 16, 16, 40)]
    edited, c = (torch.randn(n, 24, generator=generator, dtype=torch.float64) for n in (24, 5))
    gram = torch.stack([weight.mT @ weight for weight in weights]).sum(dim=0)
    stacked = torch.cat([*(weight @ edited for weight in weights), ridge**0.5 * torch.eye(24, dtype=torch.float64)])
    asked = torch.cat([*(weight @ c.mT for weight in weights), torch.zeros(24, 5, dtype=torch.float64)])
    expected = torch.linalg.lstsq(stacked, asked, driver="gelsd").solution.mT
    torch.testing.assert_close(adversarial(c, edited, gram, ridge), expected, rtol=0, atol=1e-10)


def test_maps_compose_as_matrices_do() -> None:
    generator = torch.Generator().manual_seed(1)
    parts = [torch.randn(k, 6, generator=generator, dtype=torch.float64) for k in (2, 2, 5, 5)]
    first, second = Map(0.5, parts[0], parts[1]), Map(3.0, parts[2], parts[3])
    expected = dense(first) @ dense(second)
    torch.testing.assert_close(dense(compose(first, second)), expected)


def dense(found: Map) -> torch.Tensor:
    return found.scale * torch.eye(6, dtype=torch.float64) + found.left.mT @ found.right


def test_without_rounds_it_is_uce(tiny_pipe) -> None:
    scales = {"preserve_scale": 0.1, "lamb": 0.2}
    (ours,), (uce,) = (list(m.unlearn(tiny_pipe, [DOG], DATA, seed=0)) for m in (RECE(rounds=0, **scales), UCE(**scales)))
    assert isinstance(ours.delta, TextMapDelta) and isinstance(uce.delta, TextMapDelta)
    torch.testing.assert_close(ours.delta.matrix(), uce.delta.matrix(), rtol=0, atol=1e-6)


@pytest.mark.parametrize("preserve", ["guide", "others"])
def test_rounds_edit_the_edited_matrices(tiny_pipe, preserve: str) -> None:
    """Two rounds as they are described: every matrix edited, the embedding sought that reads as before, that one edited to the empty prompt."""
    method = RECE(tokens="last", preserve=preserve, guide="a photo", rounds=2, ridge=0.01, lamb=0.3, round_lamb=0.2)
    (found,) = method.unlearn(tiny_pipe, [DOG], DATA, seed=0)
    states = encode_prompts(tiny_pipe, ["a dog", "a photo", "", PROMPTS[1], PROMPTS[2]]).double()
    concept, guide, empty = states[0, 2:3], states[1, 2:3], states[2, 0:1]
    others = torch.stack([states[3, 5], states[4, 5]])
    originals = [weight.detach().double() for weight in cross_attention_weights(tiny_pipe).values()]
    first, later = (guide, empty) if preserve == "guide" else (others, torch.cat([others, empty]))
    weights = [dense_edit(weight, concept, guide, first, 1.0, 1.0, 0.3) for weight in originals]
    for _ in range(2):
        stacked, before = torch.cat(weights), torch.cat(originals)
        normal = stacked.mT @ stacked + 0.01 * torch.eye(stacked.shape[1], dtype=torch.float64)
        sought = torch.linalg.solve(normal, stacked.mT @ (before @ concept.mT)).mT
        weights = [dense_edit(weight, sought, empty, later, 1.0, 0.1, 0.2) for weight in weights]
    assert isinstance(found.delta, TextMapDelta) and len(found.record["adversarial_length"]) == 2
    for original, weight in zip(originals, weights, strict=True):
        torch.testing.assert_close(original @ found.delta.matrix().double(), weight, rtol=0, atol=2e-4)
    assert read_gram(tiny_pipe).shape == (states.shape[2],) * 2
