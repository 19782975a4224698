"""Draw cells under a delta and let every judge see the pictures, in one process and without files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from lethe.benchmarks.unlearncanvas.answers import answer_set
from lethe.benchmarks.unlearncanvas.concepts import Canvas, Concept, canvas_of
from lethe.core.device import resolve_device
from lethe.diffusion.delta import Delta
from lethe.diffusion.generate import Request, generate
from lethe.diffusion.metrics.run import load_scorer
from lethe.diffusion.metrics.scoring import ImageSet, Scorer
from lethe.diffusion.pipeline import Pipeline, load_pipeline
from lethe.diffusion.testbed.distinct import check_base
from lethe.diffusion.testbed.receivers import Emitter, Receiver, read_emitters, read_receivers
from lethe.settings.bases import Evaluator
from lethe.settings.generation import Generation
from lethe.settings.scoring import Scoring
from lethe.settings.unlearncanvas import Judge, UnlearnCanvas


@dataclass(frozen=True)
class StudioSettings:
    """How a studio draws, and who judges in it: what a rule gives as one parameter.

    Attributes:
        canvas: what the benchmark has to know of the task.
        judges: who looks. evaluators: name -> settings, of their classifiers.
        scoring: with the metrics that these are.
        generation: how is drawn. seeds: which. world: part of the noise.
        device: ``cpu``, ``cuda`` or ``auto``. dtype: of pictures; models are made in float32.
    """

    canvas: UnlearnCanvas
    judges: Sequence[Judge]
    evaluators: Mapping[str, Evaluator]
    scoring: Scoring
    generation: Generation
    seeds: Sequence[int]
    world: str
    device: str
    dtype: str


@dataclass(frozen=True)
class Studio:
    """A base that draws, and judges that look.

    Attributes:
        pipe: the base, float32: models are made on it. drawing: the same, in the precision of pictures.
        scorer: with the metrics of the judges.
        receivers: every cell. emitters: the concepts. canvas: both, for the benchmark.
    """

    settings: StudioSettings
    task: str
    pipe: Pipeline
    drawing: Pipeline
    scorer: Scorer
    receivers: Sequence[Receiver]
    emitters: Sequence[Emitter]
    canvas: Canvas

    @classmethod
    def load(
        cls,
        base: Path,
        receivers: Path,
        emitters: Path,
        evaluators: Sequence[Path],
        settings: StudioSettings,
        *,
        task: str,
        threads: int,
    ) -> Studio:
        """Load base and judges.

        Args:
            evaluators: a folder for each of ``settings.evaluators``, in their order.

        Raises:
            ValueError: to the base two cells or concepts have the same prompt.
        """
        asked, forgotten, device = read_receivers(receivers), read_emitters(emitters), resolve_device(settings.device)
        check_base(asked, forgotten, base)
        folders = dict(zip(settings.evaluators, evaluators, strict=True))
        scorer = load_scorer(folders, settings.evaluators, task, asked, settings.scoring, device, threads)
        drawing = pipe = load_pipeline(base, device=device)
        if settings.dtype != "float32":
            drawing = load_pipeline(base, device=device, dtype=getattr(torch, settings.dtype))
        return cls(settings, task, pipe, drawing, scorer, asked, forgotten, canvas_of(asked, forgotten, settings.canvas))

    def seen(self, images: NDArray[np.uint8], cells: NDArray[np.int64], seeds: NDArray[np.int64]) -> pd.DataFrame:
        """What the classifiers of all judges see in pictures ``(n, H, W, 3)`` of some cells, one row each."""
        pixels = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()
        prompts = [self.receivers[cell].prompt for cell in cells]
        return self.scorer.score_baseline(ImageSet(pixels, cells, seeds, prompts)).table

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
