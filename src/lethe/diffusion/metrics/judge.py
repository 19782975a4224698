"""Does an independent classifier see what was asked for?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lethe.core.registry import UnknownNameError, nearest
from lethe.diffusion.metrics.base import Classifier, MetricContext, MetricDescription, ScoringBatch
from lethe.diffusion.metrics.jpeg import jpeg_copies

JUDGE = "judge"  # the classifier over the entities of all tasks
JPEG = "jpeg"  # key of the copies in ``ScoringBatch.once``


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
        self._embed = classifier.embed
        own = classifier.class_of[0].partition("/")[0] if classifier.class_of else ""  # the task, which no value is told with
        self._values = np.array([label.removeprefix(f"{own}/") for label in classes], dtype=object)
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
        logits = self._embedded(batch)[0] if self.keeps_features else None  # one pass gives both
        return batch.once((self.name, "probabilities"), lambda: self._probabilities(batch.images, logits))

    @property
    def keeps_features(self) -> bool:
        """Whether ``features`` can be asked for."""
        return self._embed is not None

    @torch.inference_mode()
    def features(self, batch: ScoringBatch) -> NDArray[np.float32]:
        """(n, d) features of the images, where they are kept."""
        return self._embedded(batch)[1]

    @torch.inference_mode()
    def predictions(self, batch: ScoringBatch) -> dict[str, NDArray[Any]]:
        """What the classifier sees, whatever was asked for, on the images and on JPEG copies of them.

        Returns:
            ``{name}_pred`` (value of the attribute that the most probable class stands for), ``{name}_p`` (its probability),
            ``{name}_asked_p`` (probability of what was asked for), and ``{name}_jpeg_pred``, ``{name}_jpeg_p`` of the copies.
        """
        found = self.probabilities(batch)
        jpeg = self._probabilities(batch.once(JPEG, lambda: jpeg_copies(batch.images)))
        asked = np.take_along_axis(found, self._class_of[batch.receivers][:, None], axis=1)[:, 0]
        return {**self._told("", found), f"{self.name}_asked_p": asked.astype(np.float32), **self._told("_jpeg", jpeg)}

    def _told(self, copies: str, probabilities: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
        drawn = probabilities.argmax(1)
        return {
            f"{self.name}{copies}_pred": self._values[drawn],
            f"{self.name}{copies}_p": probabilities.max(1).astype(np.float32),
        }

    def _embedded(self, batch: ScoringBatch) -> tuple[torch.Tensor, NDArray[np.float32]]:
        if self._embed is None:
            raise ValueError(f"the features of {self.name} are not kept; see `features` of its evaluator")
        embed = self._embed
        logits, features = batch.once((self.name, "embedded"), lambda: embed(batch.images))
        return logits, features.float().cpu().numpy()

    def _probabilities(self, images: torch.Tensor, logits: torch.Tensor | None = None) -> NDArray[np.float64]:
        found = self.logits(images) if logits is None else logits
        if found.shape != (len(images), len(self.classes)):
            raise ValueError(f"{self.name} gave logits of shape {tuple(found.shape)}, not {(len(images), len(self.classes))}")
        return found.double().softmax(1).cpu().numpy()

    def score(self, batch: ScoringBatch) -> dict[str, NDArray[np.float64]]:
        """See ``Metric.score``."""
        highest = int(batch.receivers.max(initial=-1))
        if highest >= len(self._class_of):
            raise IndexError(f"receiver {highest} has no entity; the {self.name} knows receivers 0..{len(self._class_of) - 1}")
        asked = self._class_of[batch.receivers]
        return {self.name: (self.probabilities(batch).argmax(1) == asked).astype(np.float64)}
