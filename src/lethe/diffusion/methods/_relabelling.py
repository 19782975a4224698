"""What several methods show a student: images of what is forgotten under another text, or other images under the text of what is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from lethe.diffusion.methods._dense_training import RetainTrainingConfig
from lethe.diffusion.methods._training import Borrowed, Rows, emitter_generator
from lethe.diffusion.methods.base import Emitter


class Relabelled(NamedTuple):
    """What one step looks at: forget rows, the texts ``label`` (n,) that they get, retain rows."""

    forget: Rows
    label: Tensor
    retain: Rows


def relabelled(
    lent: Borrowed, emitter: Emitter, config: RetainTrainingConfig, steps: int, seed: int, purpose: str = ""
) -> Iterator[Relabelled]:
    """One a step: each forget row gets what the task overwrites its prompt with; all rows of a kind are seen equally often.

    Args:
        purpose: begins the name of the random numbers, so that two loops of one emitter have different ones.
    """
    forget, retain = (
        lent.batches(rows, batch, steps, emitter_generator(seed, emitter, f"{purpose}{kind}"))
        for rows, batch, kind in (
            (lent.forget_rows(emitter), config.forget_batch, "rows"),
            (lent.retain_rows(emitter), config.retain_batch, "retain rows"),
        )
    )
    for shown, kept in zip(forget, retain, strict=True):
        yield Relabelled(shown, lent.overwritten(shown, emitter), kept)


def relabelled_as_released(
    lent: Borrowed, emitter: Emitter, config: RetainTrainingConfig, steps: int, seed: int
) -> Iterator[Relabelled]:
    """The same as UnlearnCanvas' code does it: the first rows of either kind at every step, and the label of a forget row is the caption of the
    retain row at its place.
    """
    generator = emitter_generator(seed, emitter, "rows")
    count = min(len(lent.forget_rows(emitter)), len(lent.retain_rows(emitter)), config.forget_batch)
    first_forget, first_retain = lent.forget_rows(emitter)[:count], lent.retain_rows(emitter)[:count]
    for _ in range(steps):
        forget, retain = lent.noised(first_forget, generator), lent.noised(first_retain, generator)
        yield Relabelled(forget, retain.prompt, retain)


def equal_batches(config: RetainTrainingConfig) -> None:
    """Raise ``ValueError`` where ``relabelled_as_released`` could not pair the rows."""
    if config.forget_batch != config.retain_batch:
        raise ValueError(
            f"forget_batch {config.forget_batch} and retain_batch {config.retain_batch} must be equal: "
            "a forget row gets the caption of the retain row at its place"
        )


def counterparts(lent: Borrowed, emitter: Emitter, otherwise: str) -> tuple[Tensor, Tensor]:
    """Training images whose prompt overwrites a covered one: their row numbers ``(n,)``, and the covered receiver ``(n,)`` that each stands for.

    Args:
        otherwise: what the message advises where there is none.

    Raises:
        ValueError: no training image has the prompt that overwrites one which the emitter covers.
    """
    data, images, meant = lent.data, [], []
    for receiver, text in emitter.overwrite.items():
        shown = torch.tensor([index for index, prompt in data.prompts.items() if prompt == text], dtype=torch.int64)
        rows = torch.isin(data.receivers, shown).nonzero()[:, 0]
        if len(rows) == 0:
            raise ValueError(
                f"emitter {emitter.index} ('{emitter.name}'): no training image has the prompt '{text}', which overwrites "
                f"'{data.prompts[receiver]}'; allowed: {otherwise}"
            )
        images.append(rows)
        meant.append(torch.full_like(rows, receiver))
    return torch.cat(images), torch.cat(meant)
