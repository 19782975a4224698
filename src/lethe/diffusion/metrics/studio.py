"""Draw under a delta and let classifiers see the pictures, in one process and without files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from lethe.core.device import resolve_device
from lethe.diffusion.metrics.run import load_scorer
from lethe.diffusion.metrics.scoring import ImageSet, Scorer
from lethe.diffusion.pipeline import Pipeline, load_pipeline
from lethe.diffusion.testbed.distinct import check_base
from lethe.diffusion.testbed.receivers import Emitter, Receiver, read_emitters, read_receivers
from lethe.settings.bases import Evaluator
from lethe.settings.generation import Generation
from lethe.settings.scoring import Scoring


@dataclass(frozen=True)
class StudioSettings:
    """How a studio draws, and which classifiers look: what a rule gives as one parameter.

    Attributes:
        evaluators: name -> settings, of the classifiers.
        scoring: with the metrics that these are.
        generation: how is drawn. seeds: which. world: part of the noise.
        device: ``cpu``, ``cuda`` or ``auto``. dtype: of pictures; models are made in float32.
    """

    evaluators: Mapping[str, Evaluator]
    scoring: Scoring
    generation: Generation
    seeds: Sequence[int]
    world: str
    device: str
    dtype: str


@dataclass(frozen=True)
class Studio:
    """A base that draws, and classifiers that look.

    Attributes:
        pipe: the base, float32: models are made on it. drawing: the same, in the precision of pictures.
        scorer: with the metrics of the classifiers.
        receivers: everything that is asked for. emitters: what is forgotten.
    """

    settings: StudioSettings
    task: str
    pipe: Pipeline
    drawing: Pipeline
    scorer: Scorer
    receivers: Sequence[Receiver]
    emitters: Sequence[Emitter]

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
    ) -> Self:
        """Load base and classifiers.

        Args:
            evaluators: a folder for each of ``settings.evaluators``, in their order.

        Raises:
            ValueError: to the base two receivers or emitters have the same prompt.
        """
        asked, forgotten, device = read_receivers(receivers), read_emitters(emitters), resolve_device(settings.device)
        check_base(asked, forgotten, base)
        folders = dict(zip(settings.evaluators, evaluators, strict=True))
        scorer = load_scorer(folders, settings.evaluators, task, asked, settings.scoring, device, threads)
        drawing = pipe = load_pipeline(base, device=device)
        if settings.dtype != "float32":
            drawing = load_pipeline(base, device=device, dtype=getattr(torch, settings.dtype))
        return cls(settings, task, pipe, drawing, scorer, asked, forgotten)

    def seen(self, images: NDArray[np.uint8], receivers: NDArray[np.int64], seeds: NDArray[np.int64]) -> pd.DataFrame:
        """What the classifiers see in pictures ``(n, H, W, 3)`` of some receivers, one row each."""
        pixels = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()
        prompts = [self.receivers[receiver].prompt for receiver in receivers]
        return self.scorer.score_baseline(ImageSet(pixels, receivers, seeds, prompts)).table
