"""A delta that acts while an image is made: what it may not touch, what it must equal, what it stores and refuses."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.unit.diffusion.test_generate import FAST, PROMPTS, WORLD, counted, difference, draw, random, text_map
from torch import Tensor

from lethe.core.registry import UnknownNameError
from lethe.diffusion.delta import Delta, LoraDelta, NoneDelta, applied, load_delta
from lethe.diffusion.generate import Request, generate, plan
from lethe.diffusion.interventions import INTERVENTIONS, GatedLoraDelta, Intervention, Moment, SuppressEotDelta
from lethe.diffusion.interventions.attention_steps import AttentionSteps
from lethe.diffusion.interventions.membrane import membrane
from lethe.diffusion.tokens import encode
from lethe.io.tables import CorruptFileError
from lethe.io.tensors import write_tensors

BLOCK = "unet.down_blocks.0.attentions.0"
FIVE = dataclasses.replace(FAST, steps=5)
TARGET = "seven"  # of the first prompt alone
FEW = AttentionSteps(count=2, side=8)


def factors(seed: int = 0) -> dict[str, tuple[Tensor, Tensor]]:
    """Additions to a linear module that reads pixels, one that reads the text, and a convolution, large enough to be seen."""
    return {
        f"{BLOCK}.transformer_blocks.0.attn1.to_q": (random(2, 16, seed=seed), random(16, 2, seed=seed + 1, scale=2.0)),
        f"{BLOCK}.transformer_blocks.0.attn2.to_v": (random(2, 32, seed=seed + 2), random(16, 2, seed=seed + 3, scale=2.0)),
        f"{BLOCK}.proj_in": (random(2, 16, 1, 1, seed=seed + 4), random(16, 2, 1, 1, seed=seed + 5, scale=2.0)),
    }


def ids_of(pipe: Any, words: str) -> Tensor:
    found = encode(pipe, [words])[words]
    return found.ids[1 : found.end + 1]


def gated(pipe: Any, words: str = TARGET, matching: Any = "tokens", seed: int = 0) -> GatedLoraDelta:
    return GatedLoraDelta(factors(seed), ids_of(pipe, words), encode(pipe, [words])[words].states, matching)


def suppressed(pipe: Any, words: str = TARGET, **more: Any) -> SuppressEotDelta:
    return SuppressEotDelta((ids_of(pipe, words),), **({"steps": FEW} | more))


def acting(pipe: Any) -> dict[str, Intervention]:
    return {
        "gated_lora": gated(pipe),
        "gated_lora by cosine": gated(pipe, matching="cosine_tokens"),
        "suppress_eot": suppressed(pipe),
        "suppress_eot, soft": suppressed(pipe, steps=AttentionSteps(count=0)),
    }


ACTING = ("gated_lora", "gated_lora by cosine", "suppress_eot", "suppress_eot, soft")


def ask(delta: Delta, receivers: Sequence[int] = range(5), seeds: Sequence[int] = (42, 43)) -> list[Request]:
    return [Request(PROMPTS[r], r, seed, delta) for r in receivers for seed in seeds]


@pytest.mark.parametrize("scheduler", ["ddim", "pndm"])
def test_one_that_does_nothing_is_the_base_bit_for_bit(tiny_pipe: Any, scheduler: str) -> None:
    settings = dataclasses.replace(FIVE, scheduler=scheduler)
    base = draw(tiny_pipe, ask(NoneDelta()), settings)
    idle = {
        "no prompt holds a token": gated(tiny_pipe, "blue"),
        "no addition": GatedLoraDelta(
            {k: (a, 0 * b) for k, (a, b) in factors().items()}, torch.tensor([5]), random(12, 32), "one"
        ),
        "no prompt holds the words": suppressed(tiny_pipe, "blue"),
        "not these words in this order": suppressed(tiny_pipe, "image an"),
        "alpha is 0": suppressed(tiny_pipe, alpha=0.0),
        "it never begins": suppressed(tiny_pipe, begin=1.0),
    }
    for name, delta in idle.items():
        np.testing.assert_array_equal(draw(tiny_pipe, ask(delta), settings), base, err_msg=name)


@pytest.mark.parametrize("name", ACTING)
def test_it_changes_what_it_is_about(tiny_pipe: Any, name: str) -> None:
    """Prompts with the word; others keep their bits, but where a strength follows from a cosine."""
    base, found = (draw(tiny_pipe, ask(delta), FIVE) for delta in (NoneDelta(), acting(tiny_pipe)[name]))
    assert difference(found[:2], base[:2]) > 2
    if name != "gated_lora by cosine":
        np.testing.assert_array_equal(found[2:], base[2:])


@pytest.mark.parametrize("name", ACTING)
def test_neither_order_nor_company_matters(tiny_pipe: Any, name: str) -> None:
    """Rows alone, permuted, in small batches and among other models differ by 1/255 at most."""
    delta = acting(tiny_pipe)[name]
    requests = ask(delta)
    whole = draw(tiny_pipe, requests, FIVE)
    alone = np.concatenate([draw(tiny_pipe, [request], FIVE) for request in requests])
    assert difference(whole, alone) <= 1
    order = [7, 1, 4, 9, 0, 2, 8, 3, 6, 5]
    assert difference(draw(tiny_pipe, [requests[n] for n in order], FIVE), whole[order]) <= 1
    assert difference(draw(tiny_pipe, requests, dataclasses.replace(FIVE, batch_size=3)), whole) <= 1
    base = draw(tiny_pipe, ask(NoneDelta()), FIVE)
    mixed = draw(tiny_pipe, [r for pair in zip(ask(NoneDelta()), requests, ask(text_map(1)), strict=True) for r in pair], FIVE)
    np.testing.assert_array_equal(mixed[1::3], whole)
    np.testing.assert_array_equal(mixed[0::3], base)


def test_batches_of_its_own(tiny_pipe: Any) -> None:
    """Also where models without weight edits share batches."""
    requests = [r for d in (NoneDelta(), gated(tiny_pipe), text_map(1), gated(tiny_pipe, seed=7)) for r in ask(d, (0, 1), (42,))]
    batches = plan(requests, 8, mixed=True)
    assert [[request.delta.kind for request in batch] for batch in batches] == [
        ["none", "none", "text_map", "text_map"],
        ["gated_lora"] * 2,
        ["gated_lora"] * 2,
    ]


def test_it_is_never_compiled(tiny_pipe: Any, graphs: list[Any]) -> None:
    found = draw(tiny_pipe, ask(gated(tiny_pipe)), dataclasses.replace(FIVE, compile=True))
    assert not graphs
    np.testing.assert_array_equal(found, draw(tiny_pipe, ask(gated(tiny_pipe)), FIVE))


@pytest.mark.parametrize("name", ACTING)
@pytest.mark.parametrize("guidance", [1.0, 7.5])
def test_the_pipeline_is_what_it_was(tiny_pipe: Any, name: str, guidance: float) -> None:
    """After a batch, and after a drawing that is stopped: weights, processors, hooks."""
    unet = tiny_pipe.unet
    weights, processors = [p.clone() for p in unet.parameters()], dict(unet.attn_processors)
    settings = dataclasses.replace(FIVE, guidance=guidance, batch_size=5)
    images = generate(tiny_pipe, ask(acting(tiny_pipe)[name]), settings, **WORLD)
    next(images)
    for end in (next, lambda stream: stream.close()):
        end(images)
        assert all(torch.equal(a, b) for a, b in zip(weights, unet.parameters(), strict=True))
        assert all(unet.attn_processors[key] is kept for key, kept in processors.items())
        assert not any(child._forward_hooks or child._forward_pre_hooks for child in unet.modules())
        assert not any(p.requires_grad or p.grad is not None for p in unet.parameters())


def test_full_strength_is_the_lora(tiny_pipe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """For its own prompts, and for all of them without matching: the same addition inside the weights."""
    rows = counted(monkeypatch)
    own, every = gated(tiny_pipe), gated(tiny_pipe, matching="one")
    expected = draw(tiny_pipe, ask(LoraDelta(factors())), FIVE)
    assert difference(draw(tiny_pipe, ask(own), FIVE)[:2], expected[:2]) <= 1
    assert difference(draw(tiny_pipe, ask(every), FIVE), expected) <= 1
    assert rows == [(10, 10)] * 3


def test_the_strength_of_a_prompt(tiny_pipe: Any) -> None:
    """The share of tokens, or the cosine of all states as one vector, whichever is larger; 1 for a prompt with all tokens."""
    words = "a red dog"
    prompts = encode(tiny_pipe, [words, "a photo of a red dog", "a blue dog", "the lake", ""])
    tokens, cosine, one = (gated(tiny_pipe, words, matching) for matching in ("tokens", "cosine_tokens", "one"))
    assert [tokens.strength(p) for p in prompts.values()] == pytest.approx([1, 1, 2 / 3, 0, 0])
    assert {one.strength(p) for p in prompts.values()} == {1.0}
    own = prompts[words].states.numpy().astype(float).ravel()
    for text, share in (("the lake", 0.0), ("a blue dog", 2 / 3), ("", 0.0)):
        other = prompts[text].states.numpy().astype(float).ravel()
        alike = own @ other / np.linalg.norm(own) / np.linalg.norm(other)
        assert cosine.strength(prompts[text]) == pytest.approx(max(share, alike), abs=1e-9)
    assert cosine.strength(prompts["a photo of a red dog"]) == 1.0
    with pytest.raises(ValueError, match=r"a prompt has states \(3, 32\)"):
        cosine.strength(prompts["the lake"]._replace(states=torch.zeros(3, 32)))


def test_rows_of_a_membrane(tiny_pipe: Any) -> None:
    """Each row has the strength of its own, in both halves; what does not fit is named, and nothing stays behind."""
    unet, name = tiny_pipe.unet, f"{BLOCK}.proj_in".removeprefix("unet.")
    a, b = factors()[f"{BLOCK}.proj_in"]
    conv, x = unet.get_submodule(name), random(4, 16, 8, 8, seed=9)
    plain, addition = conv(x), torch.einsum("or,ri,nihw->nohw", b[:, :, 0, 0], a[:, :, 0, 0], x)
    with membrane(unet, {name: (a, b)}, torch.tensor([0.0, 0.5])):
        torch.testing.assert_close(conv(x), plain + torch.tensor([0.0, 0.5, 0.0, 0.5]).view(-1, 1, 1, 1) * addition)
    with pytest.raises(UnknownNameError, match=r"no module 'mid_blok\.x'"), membrane(unet, {"mid_blok.x": (a, b)}, 1.0):
        pass
    with pytest.raises(ValueError, match=r"proj_in has A \(2, 4, 1, 1\)"), membrane(unet, {name: (a[:, :4], b)}, 1.0):
        pass
    assert torch.equal(conv(x), plain)


def test_soft_weighting(tiny_pipe: Any) -> None:
    """s exp(-alpha s) of the words and of all rows from the end token on; the rest keeps its bits."""
    prompt = encode(tiny_pipe, ["an image of a seven dog"])["an image of a seven dog"]
    for after, places in ((0, [5]), (1, [5, 6]), (9, [5, 6])):
        delta = suppressed(tiny_pipe, alpha=0.7, tokens_after=after)
        assert delta.places(prompt).nonzero()[:, 0].tolist() == places
        rows = [*places, *range(7, 12)]
        u, s, vt = np.linalg.svd(prompt.states.numpy().astype(float)[rows])
        expected = prompt.states.clone()
        expected[rows] = torch.tensor((u[:, : len(s)] * (s * np.exp(-0.7 * s))) @ vt[: len(s)]).float()
        torch.testing.assert_close(delta.map_embeddings(prompt.states, prompt), expected, atol=1e-5, rtol=1e-4)
        kept = [row for row in range(12) if row not in rows]
        assert torch.equal(delta.map_embeddings(prompt.states, prompt)[kept], prompt.states[kept])
    long = encode(tiny_pipe, ["seven " * 20])["seven " * 20]  # cut: all words, and the end token in the last row
    assert suppressed(tiny_pipe).places(long).tolist() == [False, *[True] * 10, False]
    with pytest.raises(ValueError, match="depends on the tokens of a prompt"):
        suppressed(tiny_pipe).map_embeddings(prompt.states)


def test_which_steps_read_which_embeddings(tiny_pipe: Any) -> None:
    """Of ten steps two as the prompt is, two with gradient steps, six softly weighted; the unconditional half never changes."""
    texts = encode(tiny_pipe, ["an image of a seven", "a dog", ""])
    rows = [texts["an image of a seven"], texts["a dog"]]
    delta = suppressed(tiny_pipe)
    own, empty = torch.stack([row.states for row in rows]), torch.stack([texts[""].states] * 2)
    mapped = torch.stack([delta.map_embeddings(row.states, row) for row in rows])
    latents = random(2, 4, 8, 8, scale=1.0)
    with delta.session(tiny_pipe, rows) as hook:
        assert hook is not None
        read = [hook.before(Moment(step, 10, torch.tensor(500)), latents, torch.cat([empty, mapped])) for step in range(10)]
    assert all(torch.equal(text[:2], empty) and torch.equal(text[3], own[1]) for text in read)
    assert [torch.equal(text[2], own[0]) for text in read] == [True] * 2 + [False] * 8
    assert [torch.equal(text[2], mapped[0]) for text in read] == [False] * 4 + [True] * 6
    with pytest.raises(ValueError, match="side is 5, but no attention of the UNet looks at 5 x 5 pixels"):
        draw(tiny_pipe, ask(suppressed(tiny_pipe, steps=AttentionSteps(side=5))), FIVE)


def test_the_digest_covers_targets_and_constants(tiny_pipe: Any) -> None:
    gates = [gated(tiny_pipe), gated(tiny_pipe, "dog"), gated(tiny_pipe, matching="one"), gated(tiny_pipe, seed=3)]
    changes = [{}, {"alpha": 0.5}, {"tokens_after": 1}, {"begin": 0.1}, {"end": 0.5}]
    constants = [{field.name: 3} for field in dataclasses.fields(AttentionSteps)]
    found = [suppressed(tiny_pipe, **change) for change in changes] + [suppressed(tiny_pipe, "dog")]
    found += [suppressed(tiny_pipe, steps=dataclasses.replace(FEW, **constant)) for constant in constants]
    digests = [delta.digest for delta in (*gates, *found)]
    assert len(set(digests)) == len(digests) == 17
    assert suppressed(tiny_pipe).digest == suppressed(tiny_pipe).digest and gated(tiny_pipe).digest == gates[0].digest


@pytest.mark.parametrize("kind", INTERVENTIONS)
def test_stored_and_read(tiny_pipe: Any, tmp_path: Path, kind: str) -> None:
    delta = acting(tiny_pipe)[kind]
    for name in ("a", "b"):
        delta.save(tmp_path / f"{name}.safetensors", base="b" * 64)
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    read = load_delta(tmp_path / "a.safetensors", base="b" * 64)
    assert type(read) is INTERVENTIONS[kind] and read.digest == delta.digest
    np.testing.assert_array_equal(draw(tiny_pipe, ask(read), FIVE), draw(tiny_pipe, ask(delta), FIVE))


def test_what_is_refused(tiny_pipe: Any, tmp_path: Path) -> None:
    """Files and values by name; and to become weights."""
    path, header = tmp_path / "d.safetensors", {"format": "lethe-delta", "version": "1", "base": ""}
    soft = suppressed(tiny_pipe)
    write_tensors(path, soft.tensors(), {**header, "kind": "suppress_eot", **soft.scalars(), "rate": "fast"})
    with pytest.raises(CorruptFileError, match=r"d\.safetensors.*'fast'"):
        load_delta(path)
    write_tensors(path, {}, {**header, "kind": "suppress_eot", **soft.scalars()})
    with pytest.raises(CorruptFileError, match=r"d\.safetensors.*no target"):
        load_delta(path)
    gate = gated(tiny_pipe)
    write_tensors(path, gate.tensors(), {**header, "kind": "gated_lora", "matching": "cosine_token"})
    with pytest.raises(CorruptFileError, match=r"d\.safetensors.*did you mean 'cosine_tokens'"):
        load_delta(path)
    write_tensors(path, LoraDelta(factors()).tensors(), {**header, "kind": "gated_lora", "matching": "one"})
    with pytest.raises(CorruptFileError, match=r"d\.safetensors.*target\.ids"):
        load_delta(path)
    with pytest.raises(ValueError, match=r"'text_encoder\.x' is no module of the UNet"):
        GatedLoraDelta({"text_encoder.x": (random(1, 2), random(2, 1))}, gate.ids, gate.states)
    with pytest.raises(ValueError, match=r"begin is 1\.5; allowed: 0 to 1"):
        suppressed(tiny_pipe, begin=1.5)
    for delta in (gate, soft):
        with pytest.raises(ValueError, match=f"a '{delta.kind}' delta acts while an image is made"), applied(tiny_pipe, delta):
            pass
    nowhere = GatedLoraDelta({"unet.mid.x": (random(1, 2), random(2, 1))}, gate.ids, gate.states, "one")
    with pytest.raises(UnknownNameError, match=r"no module 'mid\.x'"):
        draw(tiny_pipe, ask(nowhere), FIVE)
