"""Effects on similarities: the published matrix beside ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from lethe.tools.fidelity.world import Effect, World, agreement, others

HOW = "mean over pairs of different entities; agreement over these pairs"


def matrices(kind: str) -> Callable[[World], Iterator[Effect]]:
    """The effect on one kind of similarity, which has a published variant (``similarity_published/``)."""

    def compare(world: World) -> Iterator[Effect]:
        for task in world.tasks:
            name = f"similarity_{kind}_{task}"
            if not world.has(f"similarity_published/{name}.json"):
                continue
            old, new = others(world.similarity(f"similarity_published/{name}")), others(world.similarity(name))
            known = np.isfinite(old) & np.isfinite(new)
            yield Effect(
                scope=task,
                quantity=f"mean similarity {kind}",
                published=float(old[known].mean()),
                lethe=float(new[known].mean()),
                how=HOW,
                agreement=agreement(old[known], new[known]),
            )
            yield Effect(
                scope=task,
                quantity=f"spread of similarity {kind}",
                published=float(old[known].std()),
                lethe=float(new[known].std()),
                how="standard deviation over pairs of different entities",
            )

    return compare
