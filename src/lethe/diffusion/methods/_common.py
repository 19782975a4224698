"""What every method shares: checked emitters, seeds that belong to an emitter."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor

from lethe.diffusion.methods.base import Emitter, UnlearnData


def check_emitters(emitters: Sequence[Emitter], data: UnlearnData, *, rows: bool = True) -> None:
    """Raise ``ValueError`` naming the first emitter that cannot be unlearned with ``data``.

    Args:
        emitters: who is to be unlearned.
        data: the training split.
        rows: whether the method looks at latents, so that an emitter needs forget rows and retain rows.
    """
    if len(data.latents) != len(data.receivers):
        raise ValueError(f"data: {len(data.latents)} latents but {len(data.receivers)} receiver indices")
    for emitter in emitters:
        who = f"emitter {emitter.index} ('{emitter.name}')"
        if not set(emitter.covers) <= set(data.prompts) or not all(emitter.texts):
            raise ValueError(
                f"{who} has no prompt for each of {list(emitter.covers)}; receivers with one: {sorted(data.prompts)}"
            )
        if rows:
            forget = int(covered(data.receivers, emitter).sum())
            if forget == 0:
                raise ValueError(f"{who} has no forget rows among the {len(data.receivers)} rows of the training split")
            if forget == len(data.receivers):
                raise ValueError(f"{who} has no retain rows: all {forget} rows of the training split are its own")
            if unknown := sorted(set(emitter.overwrite.values()) - set(data.overwrites)):
                raise ValueError(
                    f"{who} is overwritten by '{unknown[0]}'; allowed: {list(data.overwrites)}, the data's `overwrites`"
                )
    if rows:
        missing = sorted(set(data.receivers.unique().tolist()) - set(data.prompts))
        if missing:
            raise ValueError(f"receivers {missing} have rows in the training split but no prompt")


def covered(receivers: Tensor, emitter: Emitter) -> Tensor:
    """``(m,)`` bool: which of ``receivers`` ``(m,)`` the emitter covers."""
    return torch.isin(receivers, torch.tensor(emitter.covers, device=receivers.device))


def seeded_generator(*parts: int | str) -> torch.Generator:
    """A CPU generator that depends on ``parts`` only, e.g. ``(seed, "init", emitter index)``.

    A hash and not a sum: neighbouring seeds and emitters must not share random numbers, and what an emitter draws must
    not depend on which emitters came before it.
    """
    digest = hashlib.sha256("/".join(str(part) for part in parts).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
