"""Draw cells under a delta and let every judge see the pictures, in one process and without files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from lethe.benchmarks.unlearncanvas.answers import answer_set
from lethe.benchmarks.unlearncanvas.concepts import Canvas, Concept
from lethe.diffusion.delta import Delta
from lethe.diffusion.generate import Request, generate
from lethe.diffusion.metrics.run import load_scorer
from lethe.diffusion.metrics.scoring import ImageSet, Scorer
from lethe.diffusion.pipeline import Pipeline, load_pipeline
from lethe.diffusion.testbed.receivers import Receiver
from lethe.settings.bases import Evaluator
from lethe.settings.generation import Generation
from lethe.settings.scoring import Scoring
from lethe.settings.unlearncanvas import Judge


class Studio(NamedTuple):
    """A base that draws, and judges that look.

    Attributes:
        pipe: the base. scorer: with the metrics of ``judges``.
        receivers: every cell. canvas: the same for the benchmark. generation: how is drawn.
        world, task: part of the noise.
    """

    pipe: Pipeline
    scorer: Scorer
    receivers: Sequence[Receiver]
    canvas: Canvas
    judges: Sequence[Judge]
    generation: Generation
    world: str
    task: str

    @classmethod
    def load(
        cls,
        base: Path,
        evaluators: Mapping[str, Path],
        evaluator_settings: Mapping[str, Evaluator],
        receivers: Sequence[Receiver],
        canvas: Canvas,
        judges: Sequence[Judge],
        scoring: Scoring,
        generation: Generation,
        *,
        world: str,
        task: str,
        device: str,
        dtype: str,
        threads: int,
    ) -> Studio:
        """Load base and judges; ``evaluators`` are folders, by the names of their settings."""
        scorer = load_scorer(dict(evaluators), evaluator_settings, task, receivers, scoring, device, threads)
        pipe = load_pipeline(base, device=device, dtype=getattr(torch, dtype))
        return cls(pipe, scorer, receivers, canvas, judges, generation, world, task)

    def answers(
        self, delta: Delta, cells: Sequence[int], seeds: Sequence[int], run: str, method: str, concept: Concept | None = None
    ) -> pd.DataFrame:
        """The answer set (``lethe.benchmarks.unlearncanvas.answers``) of some cells under a model; ``run`` names it in messages.

        Raises:
            NotFiniteError: it draws NaN.
        """
        asked = [self.receivers[cell] for cell in cells]
        requests = [Request(receiver.prompt, receiver.index, seed, delta, run) for receiver in asked for seed in seeds]
        drawn = generate(self.pipe, requests, self.generation, world=self.world, task=self.task)
        pixels = torch.from_numpy(np.stack([image for _, image in drawn])).permute(0, 3, 1, 2).contiguous()
        keys = np.array([(request.receiver, request.seed) for request in requests])
        images = ImageSet(pixels, keys[:, 0], keys[:, 1], [request.prompt for request in requests])
        return answer_set(self.canvas, self.scorer.score_baseline(images).table, self.judges, method, concept=concept)
