"""Forget one more thing: a method runs on an unlearned model, and the result is again one delta on the base."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lethe.diffusion.composition import compose
from lethe.diffusion.delta import Delta, applied
from lethe.diffusion.methods.base import Emitter, Method, UnlearnData, Unlearned

if TYPE_CHECKING:
    from lethe.diffusion.pipeline import Pipeline


def unlearn_from(
    start: Delta, unlearner: Method[Any], pipe: Pipeline, emitter: Emitter, data: UnlearnData, *, seed: int
) -> Unlearned:
    """Forget ``emitter`` on the base with ``start``; what a method prepares it prepares there too.

    Args:
        start: on the base; ``NoneDelta()`` begins anew.
        pipe: the base; every weight has its bits afterwards.

    Raises:
        ValueError: ``start`` or what the method makes has no weights; it names the kind.
    """
    with applied(pipe, start):
        prepared = replace(data, prepared=unlearner.prepare(pipe, data, seed=seed))
        (result,) = unlearner.unlearn(pipe, [emitter], prepared, seed=seed)
    return replace(result, delta=compose(pipe, start, result.delta))
