"""What every method shares: checked emitters, seeds that belong to an emitter."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import torch

from lethe.diffusion.methods.base import Emitter, UnlearnData


def check_emitters(emitters: Sequence[Emitter], data: UnlearnData, *, rows: bool = True) -> None:
    """Raise ``ValueError`` naming the first emitter that cannot be unlearned with ``data``.

    Args:
        emitters: who is to be unlearned.
        data: the training split.
        rows: whether the method looks at latents, so that an emitter needs forget rows and retain rows.
    """
    if len(data.latents) != len(data.entities):
        raise ValueError(f"data: {len(data.latents)} latents but {len(data.entities)} entity indices")
    for emitter in emitters:
        who = f"emitter {emitter.index} ('{emitter.name}')"
        if emitter.index not in data.prompts or not emitter.prompt:
            raise ValueError(f"{who} has no prompt; entities with one: {sorted(data.prompts)}")
        if rows:
            forget = int((data.entities == emitter.index).sum())
            if forget == 0:
                raise ValueError(f"{who} has no forget rows among the {len(data.entities)} rows of the training split")
            if forget == len(data.entities):
                raise ValueError(f"{who} has no retain rows: all {forget} rows of the training split are its own")
    if rows:
        missing = sorted(set(data.entities.unique().tolist()) - set(data.prompts))
        if missing:
            raise ValueError(f"entities {missing} have rows in the training split but no prompt")


def seeded_generator(*parts: int | str) -> torch.Generator:
    """A CPU generator that depends on ``parts`` only, e.g. ``(seed, "init", emitter index)``.

    A hash and not a sum: neighbouring seeds and emitters must not share random numbers, and what an emitter draws must
    not depend on which emitters came before it.
    """
    digest = hashlib.sha256("/".join(str(part) for part in parts).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
