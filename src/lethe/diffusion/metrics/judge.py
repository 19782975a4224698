"""Does an independent classifier see the entity that was asked for?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from lethe.core.registry import UnknownNameError, nearest
from lethe.diffusion.metrics.base import MetricContext, MetricDescription, ScoringBatch


class JudgeAccuracy:
    """1 where the classifier's most probable class is the asked entity, else 0.

    The mean over an emitter's own images is 1 - UA of UnlearnCanvas, the mean over other entities its IRA.

    Args:
        logits: ``(n, 3, H, W) uint8 -> (n, classes)``.
        classes: class names in the order of the logits.
        entities: entity names by receiver index; each must be a class.
    """

    about = MetricDescription(
        name="judge",
        kind="image",
        arrow="↑",
        range=(0.0, 1.0),
        label="Judge accuracy",
        unit="share of images",
        version="1 if argmax over the classes is the asked entity",
        source="UnlearnCanvas, Zhang 2024",
    )

    def __init__(self, logits: Callable[[torch.Tensor], torch.Tensor], classes: Sequence[str], entities: Sequence[str]) -> None:
        known = {name: index for index, name in enumerate(classes)}
        if len(known) != len(classes):
            twice = sorted({name for name in classes if list(classes).count(name) > 1})
            raise ValueError(f"judge classes are not distinct: {', '.join(twice)}")
        for name in entities:
            if name not in known:
                raise UnknownNameError(
                    f"entity '{name}' is not a class of the judge ({len(known)} classes){nearest(name, list(known))}"
                )
        self.logits, self.classes = logits, list(classes)
        self._class_of = np.array([known[name] for name in entities], dtype=np.int64)

    @classmethod
    def create(cls, context: MetricContext) -> JudgeAccuracy:
        """The metric with what it needs from ``context``; a ``ValueError`` names what is missing."""
        if context.judge is None:
            raise ValueError("metric 'judge' needs `judge` (a function from images to logits), `judge_classes` and `entities`")
        return cls(context.judge, context.judge_classes, context.entities)

    def class_of(self, receiver: int) -> int:
        """Position of a receiver's class in the judge's logits."""
        return int(self._class_of[receiver])

    @torch.inference_mode()
    def probabilities(self, batch: ScoringBatch) -> NDArray[np.float64]:
        """(n, classes) softmax of the logits."""
        return batch.once("judge_probabilities", lambda: self._probabilities(batch.images))

    def _probabilities(self, images: torch.Tensor) -> NDArray[np.float64]:
        logits = self.logits(images)
        if logits.shape != (len(images), len(self.classes)):
            raise ValueError(f"judge gave logits of shape {tuple(logits.shape)}, not {(len(images), len(self.classes))}")
        return logits.double().softmax(1).cpu().numpy()  # type: ignore[no-any-return]

    def score(self, batch: ScoringBatch) -> dict[str, NDArray[np.float64]]:
        """See ``Metric.score``."""
        highest = int(batch.receivers.max(initial=-1))
        if highest >= len(self._class_of):
            raise IndexError(f"receiver {highest} has no entity; the judge knows receivers 0..{len(self._class_of) - 1}")
        asked = self._class_of[batch.receivers]
        return {"judge": (self.probabilities(batch).argmax(1) == asked).astype(np.float64)}
