"""Does an independent classifier see what was asked for?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from lethe.core.registry import UnknownNameError, nearest
from lethe.diffusion.metrics.base import Classifier, MetricContext, MetricDescription, ScoringBatch

JUDGE = "judge"  # the classifier over the entities of all tasks


class JudgeAccuracy:
    """1 where the classifier's most probable class is that of the receiver that was asked for, else 0.

    Args:
        classifier: with the class of every receiver, each of which must be one of its classes.
        name: of the classifier, the metric and its column.
    """

    about = MetricDescription(
        name="judge",
        kind="image",
        arrow="↑",
        range=(0.0, 1.0),
        label="Judge accuracy",
        unit="share of images",
        version="1 if argmax over the classes is that of the receiver",
        source="UnlearnCanvas, Zhang 2024",
    )

    def __init__(self, classifier: Classifier, name: str = JUDGE) -> None:
        classes = list(classifier.classes)
        known = {label: index for index, label in enumerate(classes)}
        if len(known) != len(classes):
            twice = sorted({label for label in classes if classes.count(label) > 1})
            raise ValueError(f"{name} classes are not distinct: {', '.join(twice)}")
        for label in classifier.class_of:
            if label not in known:
                raise UnknownNameError(
                    f"entity '{label}' is not a class of the {name} ({len(known)} classes){nearest(label, list(known))}"
                )
        self.about = replace(type(self).about, name=name)
        self.name, self.logits, self.classes = name, classifier.logits, classes
        self.about = replace(self.about, name=name)
        self._class_of = np.array([known[label] for label in classifier.class_of], dtype=np.int64)

    @classmethod
    def create(cls, context: MetricContext, name: str = JUDGE) -> JudgeAccuracy:
        """The metric of one of the context's classifiers; a ``ValueError`` names what is missing."""
        if name not in context.classifiers:
            raise ValueError(
                f"metric '{name}' needs a classifier of that name in `classifiers`; there are: {list(context.classifiers)}"
            )
        return cls(context.classifiers[name], name)

    def class_of(self, receiver: int) -> int:
        """Position of a receiver's class in the judge's logits."""
        return int(self._class_of[receiver])

    @torch.inference_mode()
    def probabilities(self, batch: ScoringBatch) -> NDArray[np.float64]:
        """(n, classes) softmax of the logits."""
        return batch.once((self.name, "probabilities"), lambda: self._probabilities(batch.images))

    def _probabilities(self, images: torch.Tensor) -> NDArray[np.float64]:
        logits = self.logits(images)
        if logits.shape != (len(images), len(self.classes)):
            raise ValueError(f"{self.name} gave logits of shape {tuple(logits.shape)}, not {(len(images), len(self.classes))}")
        return logits.double().softmax(1).cpu().numpy()

    def score(self, batch: ScoringBatch) -> dict[str, NDArray[np.float64]]:
        """See ``Metric.score``."""
        highest = int(batch.receivers.max(initial=-1))
        if highest >= len(self._class_of):
            raise IndexError(f"receiver {highest} has no entity; the {self.name} knows receivers 0..{len(self._class_of) - 1}")
        asked = self._class_of[batch.receivers]
        return {self.name: (self.probabilities(batch).argmax(1) == asked).astype(np.float64)}
