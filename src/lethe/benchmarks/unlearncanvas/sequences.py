"""Forgetting one concept after another: which models there are, and what each is asked to forget.

Four arms. ``sequential``: model k is made on model k - 1. ``simultaneous``: model k is made on the base by one run that forgets the first
k concepts at once. ``independent``: model k forgets concept k alone. ``merged``: the base plus the *sum* of the changes of the first k
independent models. The sum, since it keeps every edit as strong as it was made; of n edits their mean keeps one n-th of each. Model 1 is
the same in all arms.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from lethe.diffusion.testbed.receivers import Emitter

if TYPE_CHECKING:
    from lethe.diffusion.methods.base import UnlearnData

SEQUENTIAL, SIMULTANEOUS, INDEPENDENT, MERGED = ARMS = ("sequential", "simultaneous", "independent", "merged")
RETRAINED = "retrained"  # the arm of the model that was trained without all of them


class Model(NamedTuple):
    """One model of a sequence: of an arm, after a step from 1 on; ``strength`` below 1 is that share of its change."""

    arm: str
    step: int
    strength: float = 1.0

    @property
    def name(self) -> str:
        """Of its files."""
        return f"{self.arm}_{self.step:02d}" + (f"_{self.strength:g}" if self.strength != 1 else "")

    @property
    def made_as(self) -> Model:
        """Step 1 is made once, as an independent model."""
        return self._replace(arm=INDEPENDENT) if self.step == 1 and self.strength == 1 else self


def models_of(steps: int, strengths: Sequence[float]) -> list[Model]:
    """Every model of a sequence, each after those that it is made from; weaker ones of the last model of all arms but the independent."""
    found = [Model(INDEPENDENT, step) for step in range(1, steps + 1)]
    for arm in (SEQUENTIAL, SIMULTANEOUS, MERGED):
        found += [Model(arm, step) for step in range(1, steps + 1)]
        found += [Model(arm, steps, strength) for strength in strengths]
    return found


def joined(emitters: Sequence[Emitter]) -> Emitter:
    """All of them as one, with the index of the last.

    Where the place of a cell would be taken by one that is forgotten too, what takes that one's place takes it.

    Raises:
        ValueError: cells take each other's place in a circle.
    """
    places = {text: e.overwrite[cell] for e in emitters for cell, text in zip(e.covers, e.texts, strict=True)}
    texts = {cell: text for e in emitters for cell, text in zip(e.covers, e.texts, strict=True)}
    covers = tuple(sorted(texts))
    overwrite = {cell: _followed(texts[cell], places) for cell in covers}
    return Emitter(emitters[-1].index, ", ".join(e.name for e in emitters), covers, tuple(texts[c] for c in covers), overwrite)


def asked_now(emitters: Sequence[Emitter]) -> Emitter:
    """The last of them, with what takes the place of its cells after the others are forgotten."""
    every, last = joined(emitters), emitters[-1]
    return replace(last, overwrite={cell: every.overwrite[cell] for cell in last.covers})


def _followed(text: str, places: Mapping[str, str]) -> str:
    met = [text]
    while text in places:
        text = places[text]
        if text in met:
            raise ValueError(
                f"these are forgotten together and take each other's place: {', '.join(met)}; allowed: another overwrite"
            )
        met.append(text)
    return text


def earlier(emitters: Sequence[Emitter]) -> set[int]:
    """Cells that were forgotten before the last of them; those that it covers too are its own."""
    return {cell for emitter in emitters[:-1] for cell in emitter.covers} - set(emitters[-1].covers)


def without(data: UnlearnData, cells: Collection[int]) -> UnlearnData:
    """The data without the images of these cells: nobody retains what was to be forgotten before."""
    import torch  # not where names of arms are asked for: plans and figures need none

    kept = ~torch.isin(data.receivers, torch.tensor(sorted(cells), dtype=torch.int64))
    return replace(data, latents=data.latents[kept], receivers=data.receivers[kept])


def as_many_steps(hyperparameters: Mapping[str, Any], requests: int) -> dict[str, Any]:
    """Hyper-parameters of a run that forgets several concepts at once: as many ``steps`` as one run for each has, where there are steps."""
    more = {"steps": hyperparameters["steps"] * requests} if "steps" in hyperparameters else {}
    return dict(hyperparameters) | more


def asked(arm: str, step: int) -> Iterator[int]:
    """Places (from 0) in the sequence of what a model was asked to forget."""
    yield from range(step - 1 if arm == INDEPENDENT else 0, step)
