"""Attacks on unlearned models: the parts against independent ones, the search on a tiny random pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from tests.tiny_pipeline import LATENT, TOKENS, shared_tiny_pipeline
from torch import Tensor

from lethe.diffusion.attacks import words
from lethe.diffusion.attacks.outcome import drawn, errors
from lethe.diffusion.attacks.search import Found, Reference, Search, free_vectors, relaxed_words
from lethe.diffusion.attacks.simplex import to_simplex
from lethe.diffusion.attacks.vectors import beside, check_room, speaking, word_embeddings
from lethe.diffusion.attacks.words import allowed_words, first_successes, random_words
from lethe.diffusion.delta import DenseDelta, NoneDelta, TextMapDelta
from lethe.diffusion.generate import Request, Sampling, generate
from lethe.diffusion.methods.base import Emitter
from lethe.diffusion.pipeline import Pipeline, encode_prompts, load_pipeline

PROMPTS = {0: "an image of the digit one", 1: "an image of the digit two", 2: "the digit one"}
DOG = Emitter(0, "one", (0, 2), (PROMPTS[0], PROMPTS[2]), {0: "", 2: ""})
SAMPLING = Sampling(scheduler="ddim", steps=2, guidance=2.0, batch_size=4, size=32)
WORLD = {"world": "test", "task": "digits"}


@pytest.fixture(scope="module")
def pipe() -> Iterator[Pipeline]:
    loaded = load_pipeline(shared_tiny_pipeline())
    before = state(loaded)
    yield loaded
    assert_same(loaded, before)  # whatever the tests of this file did


def state(pipe: Pipeline) -> dict[str, Tensor]:
    parts = (pipe.unet, pipe.text_encoder, pipe.vae)
    return {f"{number}.{name}": value.clone() for number, part in enumerate(parts) for name, value in part.state_dict().items()}


def assert_same(pipe: Pipeline, before: dict[str, Tensor]) -> None:
    for name, value in state(pipe).items():
        assert torch.equal(value, before[name]), name


def references(count: int = 2) -> list[Reference]:
    generator = torch.Generator().manual_seed(5)
    return [
        Reference(cell, PROMPTS[cell], f"{number}.png", torch.randn(LATENT, generator=generator))
        for cell in (0, 2)
        for number in range(count)
    ]


def search(steps: tuple[int, ...] = (0, 12), count: int = 2, **more: object) -> Search:
    given: dict[str, object] = {"place": "front", "learning_rate": 0.1, "rows": 2, "batch_size": 8}
    return Search(count, steps=steps, **given | more)  # type: ignore[arg-type]


def other_model(pipe: Pipeline) -> DenseDelta:
    """Another text projection in one layer."""
    name = next(name for name, _ in pipe.unet.named_parameters() if name.endswith("attn2.to_v.weight"))
    weight = dict(pipe.unet.named_parameters())[name]
    return DenseDelta({f"unet.{name}": 3 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(1))})


# --- the parts ---


def test_the_nearest_point_of_the_simplex_is_that_of_a_solver() -> None:
    generator = torch.Generator().manual_seed(0)
    points = torch.randn(6, 4, generator=generator, dtype=torch.float64) * 2
    for point, found in zip(points.numpy(), to_simplex(points).numpy(), strict=True):
        solved = minimize(
            lambda x, point=point: ((x - point) ** 2).sum(), np.full(4, 0.25), bounds=[(0, 1)] * 4, tol=1e-14,
            constraints={"type": "eq", "fun": lambda x: x.sum() - 1},
        )  # fmt: skip
        np.testing.assert_allclose(found, solved.x, atol=1e-6)
    many = to_simplex(torch.randn(50, 3, 19, generator=generator))
    assert (many >= 0).all() and torch.allclose(many.sum(-1), torch.ones(50, 3))
    assert torch.allclose(to_simplex(many), many, atol=1e-6)  # what lies in it stays


@pytest.mark.parametrize("place", ["front", "end"])
def test_written_words_are_read_as_the_tokenizer_encodes_them(pipe: Pipeline, place: str) -> None:
    ids = pipe.tokenizer.convert_tokens_to_ids(["red", "lake"])
    text = f"red lake {PROMPTS[0]}" if place == "front" else f"{PROMPTS[0]} red lake"
    vectors = word_embeddings(pipe, torch.tensor(ids))
    one_hot = torch.eye(len(pipe.tokenizer))[ids] @ word_embeddings(pipe, torch.arange(len(pipe.tokenizer)))
    for given in (vectors, one_hot):
        with speaking(pipe, 2, lambda given=given: given) as view:
            found = encode_prompts(view, [beside(PROMPTS[0], [0, 1], place)])  # type: ignore[arg-type]
            assert torch.equal(encode_prompts(view, [PROMPTS[1]]), encode_prompts(pipe, [PROMPTS[1]]))
        assert torch.equal(found, encode_prompts(pipe, [text]))
    words_of = torch.tensor([ids])
    (image,) = drawn(pipe, NoneDelta(), [(0, PROMPTS[0])], word_embeddings(pipe, words_of), place, [7], SAMPLING, **WORLD)  # type: ignore[arg-type]
    ((_, expected),) = generate(pipe, [Request(text, 0, 7)], SAMPLING, **WORLD, shape=4)
    assert np.array_equal(image[0], expected)


def test_a_pipeline_forgets_the_vectors(pipe: Pipeline) -> None:
    known, configured = len(pipe.tokenizer), dict(pipe.text_encoder.config.to_dict())
    with pytest.raises(RuntimeError, match="stop"), speaking(pipe, 3, lambda: torch.zeros(3, 32)) as view:
        assert len(view.tokenizer) == known + 3 and view.unet is pipe.unet
        raise RuntimeError("stop")
    assert len(pipe.tokenizer) == known and pipe.text_encoder.config.to_dict() == configured
    assert not pipe.text_encoder.get_input_embeddings()._forward_hooks


def test_a_prompt_without_room_is_refused(pipe: Pipeline) -> None:
    room = TOKENS - 2 - len(PROMPTS[0].split())
    check_room(pipe.tokenizer, [PROMPTS[0]], room)
    said = f"'{PROMPTS[0]}' has 8 tokens.*with {room + 1} of an attack.*reads {TOKENS}; allowed: at most {room}"
    with pytest.raises(ValueError, match=said):
        check_room(pipe.tokenizer, [PROMPTS[0]], room + 1)
    with pytest.raises(ValueError, match=said):
        free_vectors(pipe, NoneDelta(), references(), search(count=room + 1), emitter=DOG, seed=0)


# --- words ---


def test_the_words_of_the_target_are_not_allowed(pipe: Pipeline) -> None:
    allowed = allowed_words(pipe, DOG, PROMPTS)
    texts = pipe.tokenizer.convert_ids_to_tokens(allowed.tolist())
    marks = {"<bos>", "<eos>", "<unk>", "one"}
    assert set(texts) == set(pipe.tokenizer.get_vocab()) - marks and {"two", "digit", "dog"} <= set(texts)
    drawn_words = torch.stack([random_words(allowed, 3, torch.Generator().manual_seed(n)) for n in range(200)])
    assert set(drawn_words.flatten().tolist()) == set(allowed.tolist())
    own = int(pipe.tokenizer.convert_tokens_to_ids("one"))  # type: ignore[arg-type]
    for found in relaxed_words(pipe, other_model(pipe), references(), search((0, 8)), allowed, emitter=DOG, seed=0):
        assert found.words is not None and own not in found.words and torch.isin(found.words, allowed).all()


def test_pieces_of_the_target_are_not_allowed_either(pipe: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a vocabulary of pieces, as CLIP's, `o` and `ne</w>` spell `one`; `someone</w>` holds it, `on` and `two</w>` spell others."""
    plain = pipe.tokenizer.get_vocab()
    names = {"o": 101, "ne</w>": 102, "someone</w>": 103, "on": 104, "ten</w>": 105}
    with monkeypatch.context() as patch:
        patch.setattr(pipe.tokenizer, "get_vocab", lambda: plain | names, raising=False)
        allowed = set(allowed_words(pipe, DOG, PROMPTS).tolist())
    assert not allowed & {101, 102, 103, 104} and 105 in allowed


def test_all_sequences_are_tried_as_a_loop_does() -> None:
    """Five words, two drawings: one succeeds with `3 4` alone and with what begins with 4, the other never."""
    tried: list[tuple[int, ...]] = []

    def succeeds(several: Tensor) -> NDArray[np.bool_]:
        tried.extend(map(tuple, several.tolist()))
        return np.array([[row[0] == 4 and len(row) > 1 or row == [3, 4], False] for row in several.tolist()])

    vocabulary = [1, 2, 3, 4, 5]
    found, count = first_successes(vocabulary, 2, succeeds)
    looped = [(a,) for a in vocabulary] + [(a, b) for a in vocabulary for b in vocabulary]
    assert tried == looped and count == len(looped) == 30 and found == [(3, 4), None]
    at_once, few = first_successes(vocabulary, 3, lambda several: np.ones((len(several), 2), bool))
    assert at_once == [(1,), (1,)] and few == 5  # nothing is left to look for
    with pytest.raises(ValueError, match="500 words give 250500 sequences of up to 2; allowed: 10000"):
        first_successes(range(500), 2, succeeds)


def test_no_searched_words_pass_what_all_words_can_do(pipe: Pipeline) -> None:
    """Success: the mean pixel of a picture is above a threshold. The pictures of the words found are among those of all sequences."""
    allowed = allowed_words(pipe, DOG, PROMPTS)[:4]
    delta, own = other_model(pipe), references(1)[:1]
    asked = (own[0].receiver, own[0].prompt)

    def brightness(several: Tensor) -> NDArray[np.float64]:
        vectors = word_embeddings(pipe, several)
        return drawn(pipe, delta, [asked] * len(several), vectors, "front", [3], SAMPLING, **WORLD).mean(axis=(1, 2, 3, 4))

    (found,) = relaxed_words(pipe, delta, own, search((6,)), allowed, emitter=DOG, seed=0)
    assert found.words is not None
    of_found = brightness(found.words)[0]
    every = brightness(torch.tensor(list(product(allowed.tolist(), repeat=2))))
    assert of_found in every
    first, _ = first_successes(allowed.tolist(), 2, lambda several: (brightness(several) >= of_found)[:, None])
    assert first[0] is not None


# --- the search ---


def lost(pipe: Pipeline, found: Found, delta: DenseDelta) -> NDArray[np.float64]:
    return errors(pipe, delta, references(), found.vectors, "front", 16, **WORLD, seed=0)


def test_the_error_falls_on_every_picture(pipe: Pipeline) -> None:
    delta = other_model(pipe)
    before = state(pipe)
    start, end = free_vectors(pipe, delta, references(), search((0, 25), rows=4, batch_size=16), emitter=DOG, seed=0)
    assert (start.steps, end.steps) == (0, 25) and end.vectors.shape == (4, 2, 32)
    assert (lost(pipe, end, delta) < lost(pipe, start, delta)).all()
    assert_same(pipe, before)


def test_what_is_searched_for_depends_on_its_picture_alone(pipe: Pipeline) -> None:
    delta, given = other_model(pipe), references()
    allowed = allowed_words(pipe, DOG, PROMPTS)
    before = delta.digest
    for attack in (
        lambda own: free_vectors(pipe, delta, own, search(), emitter=DOG, seed=0),
        lambda own: relaxed_words(pipe, delta, own, search(), allowed, emitter=DOG, seed=0),
    ):
        plain, permuted = attack(given)[-1].vectors, attack([given[n] for n in (2, 0, 3, 1)])[-1].vectors
        assert torch.equal(permuted, plain[[2, 0, 3, 1]])
        alone = attack(given[1:2])[-1].vectors
        assert torch.allclose(alone, plain[1:2], atol=1e-3)  # another shape of batches, so other last bits
    assert delta.digest == before
    other_seed = free_vectors(pipe, delta, given, search(), emitter=DOG, seed=1)[-1].vectors
    assert not torch.allclose(other_seed, free_vectors(pipe, delta, given, search(), emitter=DOG, seed=0)[-1].vectors, atol=1e-3)


def test_checkpoints_are_stations_of_one_search(pipe: Pipeline) -> None:
    delta = other_model(pipe)
    several = free_vectors(pipe, delta, references(), search((0, 3, 6)), emitter=DOG, seed=0)
    (alone,) = free_vectors(pipe, delta, references(), search((3,)), emitter=DOG, seed=0)
    assert torch.equal(several[1].vectors, alone.vectors) and not torch.equal(several[2].vectors, alone.vectors)


def test_an_attack_finds_what_a_map_of_the_text_hid(pipe: Pipeline) -> None:
    """The model reads half of every embedding; the error of the base is nearly reached again."""
    half = TextMapDelta(torch.zeros(0, 32), torch.zeros(0, 32), scale=0.5)
    plain = errors(pipe, NoneDelta(), references(), None, "front", 16, **WORLD, seed=0)
    start, end = free_vectors(pipe, half, references(), search((0, 25), rows=4, batch_size=16), emitter=DOG, seed=0)
    hidden, found = (errors(pipe, half, references(), each, "front", 16, **WORLD, seed=0) for each in (None, end.vectors))
    assert found.mean() < hidden.mean() and start.vectors.isfinite().all() and plain.shape == (4,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": (5, 0)}, r"steps are \[5, 0\]; allowed: different numbers from 0, rising"),
        ({"steps": ()}, "steps are"),
        ({"rows": 0}, "rows 0; allowed: 1 or more"),
    ],
)
def test_a_search_that_cannot_be_is_refused(pipe: Pipeline, change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        free_vectors(pipe, NoneDelta(), references(), search(**change), emitter=DOG, seed=0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no reference picture"):
        free_vectors(pipe, NoneDelta(), [], search(), emitter=DOG, seed=0)


def test_a_target_that_no_word_tells_is_refused(pipe: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    twice = {0: "a dog", 1: "a dog"}
    with pytest.raises(ValueError, match="no token of 'a dog' tells it"):
        allowed_words(pipe, Emitter.of_one(0, "a dog", "a dog"), twice)
    monkeypatch.setattr(words, "_text", lambda token: "one")  # every token holds the word
    with pytest.raises(ValueError, match=r"emitter 0 \('one'\): no word is left for an attack; not allowed: one"):
        allowed_words(pipe, DOG, PROMPTS)
