"""EraseDiff and its released code against transcriptions of their loops."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
import torch
from tests.unit.diffusion.dense import EMITTER, Base, Update, assert_same_update, base, drawn_rows, encode, run, smaller
from torch.nn.functional import mse_loss

from lethe.diffusion.methods.erasediff import EraseDiff
from lethe.diffusion.methods.erasediff_published import EraseDiffPublished

__all__ = ["drawn_rows"]  # a fixture
SETTINGS = {
    "forget_batch": 3,
    "retain_batch": 3,
    "learning_rate": 1e-3,
    "max_grad_norm": 1e9,
    "loop_steps": 2,
    "forget_weight": 0.3,
}


@pytest.fixture(scope="module")
def on() -> Base:
    return base()


class Transcript:
    """A deep copy of the UNet under training, and the pairs of forget and retain rows that the method drew, in its order."""

    def __init__(self, on: Base, drawn: list[Any], released: bool) -> None:
        self.on, self.released = on, released
        self.smallest: dict[str, torch.Tensor] = {}
        self.pairs = list(zip(drawn[::2], drawn[1::2], strict=True))
        self.unet = deepcopy(on.pipe.unet)
        self.weights = {name: p for name, p in self.unet.named_parameters() if "attn2" in name}
        for parameter in self.weights.values():
            parameter.requires_grad_(True)

    def optimizer(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.weights.values(), lr=1e-3)

    def prompts(self, numbers: list[int]) -> list[str]:
        return [self.on.data.prompts[int(self.on.data.receivers[number])] for number in numbers]

    def losses(self, pair: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """L_f and L_r."""
        (forget, rows), (retain, kept) = pair
        labels = self.prompts(retain) if self.released else [EMITTER.overwrite[int(self.on.data.receivers[n])] for n in forget]
        with torch.no_grad():
            target = self.unet(rows.noisy, rows.timesteps, encode(self.on.pipe, labels)).sample
        own = self.unet(rows.noisy, rows.timesteps, encode(self.on.pipe, self.prompts(forget))).sample
        other = self.unet(kept.noisy, kept.timesteps, encode(self.on.pipe, self.prompts(retain))).sample
        return mse_loss(own, target), mse_loss(other, kept.target)

    def step(self, optimizer: torch.optim.Optimizer, pair: Any, inside: bool, bar: float = 0.0) -> float:
        forget, retain = self.losses(pair)
        optimizer.zero_grad()
        (forget if inside else retain + 0.3 * (forget - bar)).backward()
        self.gradients = {f"unet.{name}": p.grad.clone() for name, p in self.weights.items()}  # type: ignore[union-attr]
        if not inside:  # steps inside are taken back
            self.smallest = smaller(self.smallest, self.gradients)
        optimizer.step()
        return float(forget.detach())

    def kept(self) -> dict[str, torch.Tensor]:
        return {name: parameter.detach().clone() for name, parameter in self.weights.items()}

    def restore(self, kept: dict[str, torch.Tensor]) -> None:
        with torch.no_grad():
            for name, parameter in self.weights.items():
                parameter.copy_(kept[name])

    def changed(self) -> Update:
        values = {f"unet.{name}": parameter.detach() for name, parameter in self.weights.items()}
        return Update(values, self.gradients, self.smallest)


def test_two_rounds_are_those_of_the_algorithm(on: Base, drawn: list[Any]) -> None:
    found = run(EraseDiff(**SETTINGS, steps=4, inner_loops=2), on)
    made = Transcript(on, drawn, released=False)
    outer, pairs, gaps = made.optimizer(), iter(made.pairs), []
    for _ in range(2):
        kept, inner = made.kept(), made.optimizer()
        for _ in range(2):
            losses = [made.step(inner, next(pairs), inside=True) for _ in range(2)]
        made.restore(kept)
        bar = sum(losses) / 2
        gaps += [made.step(outer, next(pairs), inside=False, bar=bar) - bar for _ in range(2)]
    assert_same_update(found, made.changed(), on)
    assert found.record["gap_first"] == pytest.approx(gaps[0], rel=1e-4)


def test_the_inner_mean_moves_no_weight(on: Base) -> None:
    """It is a constant of the loss outside: without the loops inside the model is the same to the bit."""
    looked, blind = (run(EraseDiff(**SETTINGS, steps=4, inner_loops=loops), on) for loops in (2, 0))
    assert looked.delta.digest == blind.delta.digest
    assert looked.record["gap_first"] != blind.record["gap_first"]


def test_the_released_loops(on: Base, drawn: list[Any]) -> None:
    """The restore within the loop throws away all but the last loop outside; one optimiser remembers them all."""
    found = run(EraseDiffPublished(**SETTINGS, steps=16, inner_loops=2), on)
    made = Transcript(on, drawn, released=True)
    first_forget, first_retain = [0, 1, 3], [2, 4, 7]
    assert all((forget[0], retain[0]) == (first_forget, first_retain) for forget, retain in made.pairs)
    optimizer, pairs = made.optimizer(), iter(made.pairs)
    for _ in range(2):
        kept = made.kept()
        for _ in range(2):
            losses = [made.step(optimizer, next(pairs), inside=True) for _ in range(2)]
            made.restore(kept)
            for _ in range(2):
                made.step(optimizer, next(pairs), inside=False, bar=sum(losses) / 2)
    assert_same_update(found, made.changed(), on)


def test_settings_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="steps 5 are no whole number of rounds of 2 steps"):
        EraseDiff(steps=5, loop_steps=2)
    with pytest.raises(ValueError, match="steps 4 are no whole number of rounds of 8 steps"):
        EraseDiffPublished(steps=4, loop_steps=2, inner_loops=2)
    with pytest.raises(ValueError, match="forget_batch 4 and retain_batch 3 must be equal"):
        EraseDiffPublished(retain_batch=3, steps=40, loop_steps=10)
