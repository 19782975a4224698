"""The UCE solve against the reference's formula."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tiny_pipeline import TOKENS, shared_tiny_pipeline

from lethe.diffusion.delta import TextMapDelta
from lethe.diffusion.methods import _text_maps
from lethe.diffusion.methods._text_maps import gram, root, truncate
from lethe.diffusion.methods.base import Emitter, UnlearnData
from lethe.diffusion.methods.uce import UCE, dense_edit, solve
from lethe.diffusion.pipeline import encode_prompts, load_pipeline


def draw(seed: int, b: int, m: int, n: int, d: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(b, k, d, generator=generator, dtype=torch.float64) for k in (m, m, n))  # type: ignore[return-value]


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    m=st.integers(1, 4),
    n=st.integers(1, 40),  # also more vectors than dimensions
    erase=st.floats(0.01, 300),
    keep=st.floats(0.01, 300),
    lamb=st.floats(0.01, 1),
)
def test_map_equals_dense_edit(seed: int, m: int, n: int, erase: float, keep: float, lamb: float) -> None:
    c, g, p = draw(seed, 3, m, n, 16)
    weight = torch.randn(24, 16, generator=torch.Generator().manual_seed(seed + 1), dtype=torch.float64)
    scale, lefts, rights = solve(c, g, p, erase, keep, lamb)
    for i in range(3):
        expected = dense_edit(weight, c[i], g[i], p[i], erase, keep, lamb)
        exact = scale * weight + weight @ lefts[i].mT @ rights[i]
        torch.testing.assert_close(exact, expected, rtol=1e-7, atol=1e-7)
        left, right = truncate(scale, lefts[i], rights[i])
        stored = scale * weight + weight @ left.double().mT @ right.double()
        assert float((stored - expected).norm() / expected.norm()) < 1e-4


@pytest.mark.parametrize("scales", [(30.0, 0.01, 0.01), (230.0, 1.2, 0.1)], ids=["people, scenes", "breeds"])
def test_one_concept_is_rank_one_at_full_width(scales: tuple[float, float, float]) -> None:
    c, g, _ = draw(0, 1, 1, 1, 768)
    scale, lefts, rights = solve(c, g, g, *scales)
    left, _ = truncate(scale, lefts[0], rights[0])
    assert left.shape == (1, 768) and left.dtype == torch.float32


def test_padding_and_batch_change_nothing() -> None:
    c, g, p = draw(1, 2, 2, 3, 8)
    zeros = torch.zeros(2, 1, 8, dtype=torch.float64)
    scale, left, right = solve(c, g, p, 2.0, 1.0, 0.5)
    _, padded_left, padded_right = solve(
        torch.cat([c, zeros], 1), torch.cat([g, zeros], 1), torch.cat([p, zeros], 1), 2.0, 1.0, 0.5
    )
    torch.testing.assert_close(left.mT @ right, padded_left.mT @ padded_right)
    _, alone, _ = solve(c[1:], g[1:], p[1:], 2.0, 1.0, 0.5)
    assert torch.equal(truncate(scale, alone[0], right[1])[0], truncate(scale, left[1], right[1])[0])


def test_concept_goes_to_guide_and_preserved_stay() -> None:
    c, g, p = draw(2, 1, 1, 3, 32)
    scale, left, right = solve(c, g, p, 1e6, 1e6, 1e-3)
    matrix = scale * torch.eye(32, dtype=torch.float64) + left[0].mT @ right[0]
    torch.testing.assert_close(c[0] @ matrix.mT, g[0], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(p[0] @ matrix.mT, p[0], rtol=1e-4, atol=1e-4)


def test_guide_equal_to_concept_is_the_identity() -> None:
    c, _, p = draw(3, 1, 1, 1, 8)
    scale, left, right = solve(c, c, p, 5.0, 1.0, 0.5)
    kept, _ = truncate(scale, left[0], right[0])
    assert len(kept) == 0 and scale == pytest.approx(1, abs=1e-5)


def test_bench_record() -> None:
    from lethe.tools.speed.uce import bench_uce

    record = bench_uce(entities=4, dense_entities=0)
    assert record["max_rank"] == 1 and record["bytes_on_disk"] < 4 * 10_000 and record["matrices"] == 32


def test_an_emitter_that_is_its_own_guide_for_the_tokenizer_is_refused() -> None:
    pipe = load_pipeline(shared_tiny_pipeline())
    prompts = {0: "An image of a dog", 1: "An image of a zebra", 2: "An image of a giraffe"}
    data = UnlearnData(torch.zeros(0, 4, 8, 8), torch.zeros(0, dtype=torch.int64), prompts)
    emitters = [Emitter.of_one(index, text.removeprefix("An image of "), text) for index, text in prompts.items()]
    for tokens, guide in (("all", "an image of a DOG"), ("last", "a dog")):
        with pytest.raises(ValueError, match=r"emitter 0 \('a dog'\) is its own guide"):
            list(UCE(tokens=tokens, guide=guide).unlearn(pipe, emitters[:1], data, seed=0))
    with pytest.raises(ValueError, match=r"'a zebra'\): the prompt of another entity is equal to .* for the tokenizer"):
        list(UCE(guide="An image of a cat").unlearn(pipe, emitters[1:2], data, seed=0))


@pytest.mark.parametrize(
    ("tokens", "preserve", "edited", "held"),
    [("last", "guide", 1, 1), ("last", "others", 1, 2), ("all", "guide", 7, 12), ("all", "others", 7, 24)],
)
def test_what_is_edited_and_what_is_held(tiny_pipe, tokens: str, preserve: str, edited: int, held: int) -> None:
    """Of ``an image of a dog`` among three such prompts: the begin token and four words are shared, seven states are its own."""
    prompts = {index: f"an image of a {name}" for index, name in enumerate(("dog", "cat", "lake"))}
    data = UnlearnData(torch.zeros(0, 4, 8, 8), torch.zeros(0, dtype=torch.int64), prompts)
    method = UCE(tokens=tokens, preserve=preserve)
    (result,) = method.unlearn(tiny_pipe, [Emitter.of_one(0, "a dog", prompts[0])], data, seed=0)
    assert (result.record["concept_vectors"], result.record["preserved_vectors"]) == (edited, held)
    own, other, guide = encode_prompts(tiny_pipe, [prompts[0], prompts[1], ""]).float()
    moved_own, moved_guide, moved_other = (result.delta.map_embeddings(states) for states in (own, guide, other))
    if tokens == "all":  # what is held moves less than what is not
        near = {"guide": (moved_guide - guide).norm(), "others": (moved_other - other).norm()}
        assert near[preserve] < min(value for key, value in near.items() if key != preserve)
        assert (moved_own - guide).norm() < (own - guide).norm()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(2, 60), keep=st.floats(0.01, 300))
def test_the_gram_matrix_of_what_is_preserved_says_as_much_as_its_list(seed: int, n: int, keep: float) -> None:
    """Also where it is the sum over all vectors less that over some."""
    c, g, p = draw(seed, 1, 3, n, 16)
    scale, left, right = solve(c, g, p[:, 1:], 2.0, keep, 0.5)
    _, gram_left, gram_right = solve(c, g, root(gram(p[0]) - gram(p[0, :1]))[None], 2.0, keep, 0.5)
    eye = torch.eye(16, dtype=torch.float64)
    listed, summed = scale * eye + left[0].mT @ right[0], scale * eye + gram_left[0].mT @ gram_right[0]
    assert float((summed - listed).norm() / listed.norm()) < 1e-6


def test_a_list_that_is_too_long_is_not_made(tiny_pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an emitter that covers two of five receivers, beside one that covers one; the map stays the same."""
    prompts = {index: f"an image of a {name}" for index, name in enumerate(("dog", "cat", "lake", "park", "photo"))}
    data = UnlearnData(torch.zeros(0, 4, 8, 8), torch.zeros(0, dtype=torch.int64), prompts)
    both = Emitter(0, "pets", (0, 1), (prompts[0], prompts[1]), {0: prompts[2], 1: prompts[3]})
    emitters, method = [both, Emitter.of_one(4, "a photo", prompts[4])], UCE(preserve="others", preserve_scale=0.1)
    listed = list(method.unlearn(tiny_pipe, emitters, data, seed=0))
    width = int(encode_prompts(tiny_pipe, [""]).shape[-1])
    roots: list[torch.Tensor] = []
    monkeypatch.setattr(_text_maps, "root", lambda matrix: roots.append(root(matrix)) or roots[-1])
    monkeypatch.setattr(_text_maps, "CHUNK", 3 * TOKENS * width)  # the most that is listed: four prompts are too many
    found = list(method.unlearn(tiny_pipe, emitters, data, seed=0))
    assert len(roots) == 1 and roots[0].shape == (width, width)
    for old, new in zip(listed, found, strict=True):
        assert isinstance(old.delta, TextMapDelta) and isinstance(new.delta, TextMapDelta)
        assert (new.record["preserved_vectors"], new.record["rank"]) == (old.record["preserved_vectors"], old.record["rank"])
        assert float((new.delta.matrix() - old.delta.matrix()).norm() / old.delta.matrix().norm()) < 1e-6
    (alone,) = method.unlearn(tiny_pipe, emitters[1:], data, seed=0)
    assert alone.delta.digest == found[1].delta.digest


def test_tails_of_templates_are_edited_as_the_reference_does(tiny_pipe) -> None:
    """Each text from its last token to the end onto the guide's, as far as the shorter tail goes; the reference's formula, vector by vector."""
    prompts = {index: f"an image of a {name}" for index, name in enumerate(("dog", "cat", "lake"))}
    data = UnlearnData(torch.zeros(0, 4, 8, 8), torch.zeros(0, dtype=torch.int64), prompts)
    emitter = Emitter(0, "pets", (0, 1), (prompts[0], prompts[1]), {0: "", 1: ""})
    scales = {"erase_scale": 0.5, "preserve_scale": 0.1, "lamb": 10.0}
    method = UCE(tokens="tail", templates=["{name}", "image of the {name}"], guide="a red photo", preserve="others", **scales)
    (found,) = method.unlearn(tiny_pipe, [emitter], data, seed=0)
    states = encode_prompts(tiny_pipe, ["pets", "image of the pets", "a red photo", prompts[2]]).double()
    # <bos> pets: its tail is 11 long, that of the guide, whose last word is the third, 9; of the second text 8
    concepts, guides = torch.cat([states[0, 1:10], states[1, 4:12]]), torch.cat([states[2, 3:12], states[2, 3:11]])
    weight = torch.randn(24, states.shape[2], generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    expected = dense_edit(weight, concepts, guides, states[3], 0.5, 0.1, 10.0)
    assert isinstance(found.delta, TextMapDelta)
    torch.testing.assert_close(weight @ found.delta.matrix().double(), expected, rtol=1e-4, atol=1e-4)
    assert (found.record["concept_vectors"], found.record["preserved_vectors"]) == (17, 12)
    with pytest.raises(ValueError, match="templates"):
        UCE(tokens="tail", templates=["image of it"])
