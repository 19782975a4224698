"""SPEED: its formula as it is written, its two equalities, how much it can erase, and its time."""

from __future__ import annotations

import time

import pytest
import torch
from tests.tiny_pipeline import TEXT_WIDTH
from torch import Tensor

from lethe.diffusion.methods.base import Emitter, UnlearnData
from lethe.diffusion.methods.speed import SPEED, capacity, centres, edit, kept_directions, residual
from lethe.diffusion.pipeline import encode_prompts

D = 64


def draw(seed: int, *counts: int, width: int = D) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(count, width, generator=generator, dtype=torch.float64) for count in counts]


def as_written(c: Tensor, g: Tensor, p: Tensor, e: Tensor, rho: float, lamb: float = 0.0) -> Tensor:
    """X of the paper, matrix by matrix, with explicit inverses."""
    eye, e = torch.eye(len(p), dtype=p.dtype), e.mT
    t, a = c.mT @ c / len(c), g.mT @ c / len(c)
    m = torch.linalg.inv(t @ p + rho * eye)
    middle = torch.linalg.inv(e.mT @ p @ m @ e + lamb * torch.eye(e.shape[1], dtype=p.dtype))
    return (a - t) @ p @ (eye - m @ e @ middle @ e.mT @ p) @ m


@pytest.mark.parametrize("lamb", [0.0, 0.1])
@pytest.mark.parametrize(("retained", "targets", "rho"), [(32, 1, 1.0), (32, 10, 0.05), (56, 4, 1.0), (20, 100, 0.05)])
def test_the_formula_as_it_is_written(retained: int, targets: int, rho: float, lamb: float) -> None:
    """Also of more targets than dimensions; rows of zeros change nothing."""
    r, c, g, e = draw(0, retained, targets, targets, 4)
    kept = kept_directions(r, retained, 1e-6)
    left, right = edit(c, g, kept, e, rho, lamb)
    expected = as_written(c, g, torch.eye(D, dtype=torch.float64) - kept.mT @ kept, e, rho, lamb)
    torch.testing.assert_close(left.mT @ right, expected, rtol=0, atol=1e-10)
    zeros = torch.zeros(3, D, dtype=torch.float64)
    padded = edit(torch.cat([zeros, c]), torch.cat([zeros, g]), kept, e, rho, lamb)
    torch.testing.assert_close(padded[0].mT @ padded[1], expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    ("retained", "targets", "rho"), [(32, 1, 1.0), (32, 10, 1.0), (32, 10, 0.05), (56, 4, 1.0), (60, 1, 1.0)]
)
def test_neither_the_retained_nor_the_empty_prompt_moves(retained: int, targets: int, rho: float) -> None:
    r, c, g, e = draw(1, retained, targets, targets, 4)
    left, right = edit(c, g, kept_directions(r, retained, 1e-6), e, rho)
    for still in (r, e):
        assert float((still @ right.mT @ left).norm() / still.norm()) < 1e-10
    moved = float((c @ right.mT @ left).norm() / c.norm())
    assert moved > 0.1 if retained < 60 else moved < 1e-10  # four directions are left, and the empty prompt needs them


def test_an_empty_prompt_among_the_retained_is_no_fault() -> None:
    """The begin token is in every retained prompt: what it needs is singular there, and the equalities hold all the same."""
    r, c, g, e = draw(2, 24, 3, 3, 4)
    left, right = edit(c, g, kept_directions(torch.cat([r, e[:2]]), 26, 1e-6), e, 1.0)
    assert float((torch.cat([r, e]) @ right.mT @ left).norm()) < 1e-9 and residual(c, g, left, right) < 0.5


def test_both_ways_to_the_kept_directions_agree() -> None:
    r, other = draw(3, 40, 40)
    few = kept_directions(r, 40, 0.3)
    many = kept_directions(torch.cat([r, torch.zeros_like(other)]), 40, 0.3)  # more rows than dimensions
    torch.testing.assert_close(few.mT @ few, many.mT @ many, rtol=0, atol=1e-10)
    assert 0 < len(few) < 40


def test_what_can_be_erased_follows_from_the_rank_of_the_null_space() -> None:
    """Of one target residual = rho / (rho + |P' t|^2) with P' the null space without what the empty prompt needs of it: nothing up to rank 4."""
    r, c, g, e = draw(4, 60, 1, 1, 4)
    curve = capacity(c, g, r, e)
    assert curve[:5].tolist() == pytest.approx([1.0] * 5, abs=1e-9) and (curve.diff() < 1e-9).all() and curve[-1] < 0.05
    _, weakest = torch.linalg.eigh(r.mT @ r)
    for rank in (8, 20, 64):
        p = weakest[:, :rank] @ weakest[:, :rank].mT
        q, _ = torch.linalg.qr(p @ e.mT)
        free = c @ (p - q @ q.mT) @ c.mT
        assert float(curve[rank]) == pytest.approx(1 / (1 + float(free)), abs=1e-9)


def test_nothing_left_to_change_or_nothing_to_forget_is_the_identity() -> None:
    c, g, e = draw(5, 3, 3, 4)
    for left, right in (
        edit(c, g, torch.eye(D, dtype=torch.float64), e, 1.0),
        edit(c, c, torch.zeros(0, D, dtype=c.dtype), e, 1.0),
    ):
        assert not (left.mT @ right).any()


def test_of_the_empty_prompt_its_begin_token_and_centres_are_held(tiny_pipe) -> None:
    states = encode_prompts(tiny_pipe, [""])[0]
    held = centres(states, 3)
    assert held.shape == (4, TEXT_WIDTH) and torch.equal(held[0], states[0].double())
    torch.testing.assert_close(held[1:].mean(dim=0), states[1:].double().mean(dim=0), rtol=0, atol=1.0)
    assert torch.equal(centres(states, None), states.double())


def test_a_model_holds_the_empty_prompt_and_others(tiny_pipe) -> None:
    """As it is stored, in float32; with a threshold above everything nothing is held, so the emitter moves further."""
    prompts = {index: f"an image of a {name}" for index, name in enumerate(("dog", "cat", "lake"))}
    data = UnlearnData(torch.zeros(0, 4, 8, 8), torch.zeros(0, dtype=torch.int64), prompts)
    own, other, empty = encode_prompts(tiny_pipe, [prompts[0], prompts[1], ""])
    found = {}
    for threshold in (1e-4, 1e9):
        method = SPEED(tokens="last", threshold=threshold, retain_scale=0.1, clusters=None)
        (result,) = method.unlearn(tiny_pipe, [Emitter.of_one(0, "a dog", prompts[0])], data, seed=0)
        found[threshold] = [float((result.delta.map_embeddings(x) - x).norm() / x.norm()) for x in (own, other, empty)]
        assert result.record["null_space_rank"] == (TEXT_WIDTH if threshold > 1 else TEXT_WIDTH - 2)
    assert found[1e-4][2] < 1e-5 < found[1e-4][0] <= found[1e9][0] and found[1e9][2] < 1e-5


def test_a_hundred_entities_at_the_size_of_stable_diffusion_take_less_than_a_second(capsys: pytest.CaptureFixture[str]) -> None:
    """Processor time of one thread: a model each, one vector per entity as released; and one model that forgets all of them."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    c, g, e, r = (28 * x / x.norm(dim=1, keepdim=True) for x in draw(6, 100, 100, 77, 300, width=768))
    begin = time.process_time()
    held = centres(e, 3)
    once = time.process_time()
    for entity in range(100):
        edit(
            c[entity : entity + 1],
            g[entity : entity + 1],
            kept_directions(torch.cat([c[:entity], c[entity + 1 :]]), 99, 0.1),
            held,
            1.0,
        )
    each = time.process_time()
    left, right = edit(c, g, kept_directions(r, len(r), 0.1), held, 0.05)
    joint = time.process_time()
    torch.set_num_threads(threads)
    with capsys.disabled():
        print(
            f"\nSPEED, d = 768: centres {once - begin:.2f} s, 100 models {each - once:.2f} s, one model of 100 {joint - each:.2f} s"
        )
    assert residual(c, g, left, right) < 0.5 and each - once < 1 and joint - each < 1
