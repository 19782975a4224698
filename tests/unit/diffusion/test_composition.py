"""Deltas put together are the models that their weights, set by hand in plain torch, are."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
import torch
from tests.unit.diffusion.test_delta import ATTENTION, CROSS, D, bits, dense, lora, random, sparse, text_map

from lethe.diffusion.composition import combined, compose, drift
from lethe.diffusion.delta import DenseDelta, GatedLoraDelta, LoraDelta, NoneDelta, SparseDelta, TextMapDelta, applied
from lethe.diffusion.methods.base import Emitter, Method, UnlearnData, Unlearned
from lethe.diffusion.methods.further import unlearn_from


def kinds(pipe, seed):
    """A delta of every kind; of another seed another one."""
    shift = {name: tuple(t + 0.1 * seed for t in pair) for name, pair in lora().factors.items()}
    other = sparse()
    return {
        "none": NoneDelta(),
        "text_map": text_map(seed, 3),
        "lora": LoraDelta(shift),
        "sparse": SparseDelta({name: shift[name] for name in other.factors}, other.masks),
        "dense": DenseDelta({name: value + seed for name, value in dense(pipe).values.items()}),
    }


def changes(pipe, delta):
    """Name -> change of every weight, by hand: from the tensors of a delta and the weights as they are."""
    weights = {f"{c}.{n}": p.detach().clone() for c in ("unet", "text_encoder") for n, p in getattr(pipe, c).named_parameters()}
    if isinstance(delta, DenseDelta):
        return {name: value.float() - weights[name] for name, value in delta.values.items()}
    if isinstance(delta, TextMapDelta):
        t = delta.scale * torch.eye(D) + delta.left.T @ delta.right
        read = [name for name in weights if ".attn2.to_k." in name or ".attn2.to_v." in name]
        return {name: weights[name] @ t - weights[name] for name in read}
    found = {}
    for module, (a, b) in getattr(delta, "factors", {}).items():
        name = f"{module}.weight"
        change = (b.flatten(1) @ a.flatten(1)).reshape(weights[name].shape)
        found[name] = change * delta.masks[module] if isinstance(delta, SparseDelta) else change
    return found


def edit(pipe, found):
    for component in ("unet", "text_encoder"):
        for name, parameter in getattr(pipe, component).named_parameters():
            if f"{component}.{name}" in found:
                parameter.data += found[f"{component}.{name}"]


@pytest.mark.parametrize(("one", "two"), list(product(["none", "text_map", "lora", "sparse", "dense"], repeat=2)))
def test_one_after_the_other_is_the_second_made_on_the_first(tiny_pipe, one, two):
    before, first, second = bits(tiny_pipe), kinds(tiny_pipe, 1)[one], kinds(tiny_pipe, 2)[two]
    edit(tiny_pipe, changes(tiny_pipe, first))
    edit(tiny_pipe, changes(tiny_pipe, second))
    expected = bits(tiny_pipe)
    _restore(tiny_pipe, before)
    both = compose(tiny_pipe, first, second)
    assert all(torch.equal(value, before[name]) for name, value in bits(tiny_pipe).items()), "the base keeps its bits"
    with applied(tiny_pipe, both):
        found = bits(tiny_pipe)
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-5, msg=name)
    kept = {("text_map", "text_map"): "text_map", ("lora", "lora"): "lora"}
    if "none" not in (one, two):
        assert both.kind == kept.get((one, two), "dense")


@pytest.mark.parametrize(
    "names", [("text_map", "text_map"), ("lora", "lora"), ("dense", "dense"), ("lora", "text_map", "sparse")]
)
def test_side_by_side_adds_weighted_changes(tiny_pipe, names):
    before, parts = bits(tiny_pipe), [(0.25 * (k + 1), kinds(tiny_pipe, k)[name]) for k, name in enumerate(names)]
    expected = {name: value.clone() for name, value in before.items()}
    for weight, delta in parts:
        for name, change in changes(tiny_pipe, delta).items():
            expected[name] += weight * change
    both = combined(tiny_pipe, parts)
    assert both.kind == (names[0] if len(set(names)) == 1 else "dense")
    with applied(tiny_pipe, both):
        found = bits(tiny_pipe)
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-5, msg=name)
    norm = sum((expected[name] - before[name]).double().square().sum().item() for name in before) ** 0.5
    assert drift(tiny_pipe, both) == pytest.approx(norm, rel=1e-4)
    assert combined(tiny_pipe, [(0.5, NoneDelta())]).kind == "none" and drift(tiny_pipe, NoneDelta()) == 0


def test_a_map_of_embeddings_is_mapped_as_its_weights_are(tiny_pipe):
    """T_1 T_2 h: the second map is read first, by weights that the first one edited. Many maps take no more room than one matrix."""
    first, second, h = text_map(1), text_map(2), random(4, D, seed=9)
    found = compose(tiny_pipe, first, second).map_embeddings(h)
    torch.testing.assert_close(found, first.map_embeddings(second.map_embeddings(h)), rtol=1e-4, atol=1e-5)
    many = [text_map(seed, 20) for seed in range(3)]
    mean = combined(tiny_pipe, [(1 / 3, delta) for delta in many])
    torch.testing.assert_close(mean.map_embeddings(h), sum(d.map_embeddings(h) for d in many) / 3, rtol=1e-4, atol=1e-4)
    assert len(mean.left) == D


def test_what_acts_while_an_image_is_made_is_refused_by_name(tiny_pipe):
    gated = GatedLoraDelta({ATTENTION: (random(1, 32), random(32, 1))}, torch.tensor([5]), random(7, D), "tokens")
    for put in (lambda: compose(tiny_pipe, NoneDelta(), gated), lambda: combined(tiny_pipe, [(0.5, lora()), (0.5, gated)])):
        with pytest.raises(ValueError, match="'gated_lora' delta acts while an image is made"):
            put()


class _Doubles(Method):
    """Doubles a weight, prepares what it is at that time, and so shows on what it runs."""

    def __init__(self) -> None:
        pass

    def prepare(self, pipe, data, *, seed):
        return {"seen": _weight(pipe).clone()}

    def unlearn(self, pipe, emitters, data, *, seed) -> Iterator[Unlearned]:
        assert torch.equal(data.prepared["seen"], _weight(pipe))
        for emitter in emitters:
            yield Unlearned(emitter, DenseDelta({f"{CROSS}.weight": 2 * _weight(pipe)}))


def _weight(pipe):
    return dict(pipe.unet.named_parameters())[f"{CROSS.removeprefix('unet.')}.weight"].detach()


def test_a_method_runs_on_the_base_with_what_was_forgotten_before(tiny_pipe):
    before, base = bits(tiny_pipe), _weight(tiny_pipe).clone()
    data, emitter = UnlearnData(torch.zeros(1, 4, 8, 8), torch.zeros(1, dtype=torch.int64), {0: "a"}), Emitter.of_one(0, "a", "a")
    delta = NoneDelta()
    for _ in range(2):
        delta = unlearn_from(delta, _Doubles(), tiny_pipe, emitter, data, seed=0).delta
    assert torch.equal(delta.values[f"{CROSS}.weight"], 4 * base)
    after_a_map = unlearn_from(text_map(1), _Doubles(), tiny_pipe, emitter, data, seed=0).delta
    torch.testing.assert_close(after_a_map.values[f"{CROSS}.weight"], 2 * base @ text_map(1).matrix(), rtol=1e-4, atol=1e-5)
    assert all(torch.equal(value, before[name]) for name, value in bits(tiny_pipe).items())


def _restore(pipe, before):
    for component in ("unet", "text_encoder"):
        for name, parameter in getattr(pipe, component).named_parameters():
            parameter.data.copy_(before[f"{component}.{name}"])
