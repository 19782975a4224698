"""Draw cells under a delta and let every judge see the pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from lethe.benchmarks.unlearncanvas.answers import answer_set
from lethe.benchmarks.unlearncanvas.concepts import Canvas, Concept, canvas_of
from lethe.diffusion.delta import Delta
from lethe.diffusion.generate import Request, generate
from lethe.diffusion.metrics.studio import Studio, StudioSettings
from lethe.settings.unlearncanvas import Judge, UnlearnCanvas


@dataclass(frozen=True)
class CanvasStudioSettings(StudioSettings):
    """How a studio of the benchmark draws, and who judges in it.

    Attributes:
        canvas: what the benchmark has to know of the task.
        judges: who looks: metrics of ``evaluators``.
    """

    canvas: UnlearnCanvas
    judges: Sequence[Judge]


@dataclass(frozen=True)
class CanvasStudio(Studio):
    """A studio that gives answer sets.

    Attributes:
        canvas: cells and concepts, for the benchmark.
    """

    settings: CanvasStudioSettings
    canvas: Canvas = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "canvas", canvas_of(self.receivers, self.emitters, self.settings.canvas))

    def answers(
        self, delta: Delta, cells: Sequence[int], seeds: Sequence[int], run: str, method: str, concept: Concept | None = None
    ) -> pd.DataFrame:
        """The answer set (``lethe.benchmarks.unlearncanvas.answers``) of some cells under a model; ``run`` names it in messages.

        Raises:
            NotFiniteError: it draws NaN.
        """
        asked, settings = [self.receivers[cell] for cell in cells], self.settings
        requests = [Request(receiver.prompt, receiver.index, seed, delta, run) for receiver in asked for seed in seeds]
        drawn = generate(self.drawing, requests, settings.generation, world=settings.world, task=self.task)
        images = np.stack([image for _, image in drawn])
        keys = np.array([(request.receiver, request.seed) for request in requests])
        return answer_set(self.canvas, self.seen(images, keys[:, 0], keys[:, 1]), settings.judges, method, concept=concept)
