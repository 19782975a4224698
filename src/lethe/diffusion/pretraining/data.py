"""What the models are trained on: the images of one task with their names and captions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch


@dataclass(frozen=True)
class TaskImages:
    """The images of one task.

    Attributes:
        task: name of the task, e.g. ``"breeds"``.
        names: entities in order.
        captions: one per entity, e.g. ``"An image of a seven"``.
        popularity: one per entity, 0 to 100.
        images: ``(N, 3, H, W)`` uint8.
        labels: ``(N,)`` int64, index into ``names``.
        records: of the source, one per entity: what a classifier of an attribute is to tell.
    """

    task: str
    names: list[str]
    captions: list[str]
    popularity: list[float]
    images: torch.Tensor
    labels: torch.Tensor
    records: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not len(self.names) == len(self.captions) == len(self.popularity):
            raise ValueError(
                f"{self.task}: {len(self.names)} names, {len(self.captions)} captions, {len(self.popularity)} popularities"
            )
        counts = torch.bincount(self.labels, minlength=len(self.names))
        empty = [name for name, count in zip(self.names, counts.tolist(), strict=True) if not count]
        if empty:
            raise ValueError(f"{self.task}: no image of {', '.join(empty)}")


def held_out_mask(labels: torch.Tensor, every: int) -> torch.Tensor:
    """True for every ``every``-th image of each class, in order."""
    mask = torch.zeros_like(labels, dtype=torch.bool)
    for label in labels.unique():
        mask[(labels == label).nonzero().squeeze(1)[every - 1 :: every]] = True
    return mask


def join(tasks: Sequence[TaskImages]) -> tuple[torch.Tensor, torch.Tensor, list[str], list[str]]:
    """All tasks as one: images, labels, class names ``"task/name"`` and captions, in order."""
    offsets = np.cumsum([0] + [len(task.names) for task in tasks])
    labels = torch.cat([task.labels + int(offset) for task, offset in zip(tasks, offsets[:-1], strict=True)])
    classes = [class_name(task.task, name) for task in tasks for name in task.names]
    return torch.cat([task.images for task in tasks]), labels, classes, [caption for task in tasks for caption in task.captions]


def class_name(task: str, value: str) -> str:
    """The class of a classifier: the value of an attribute in a task.

    >>> class_name("objects", "seven")
    'objects/seven'
    """
    return f"{task}/{value}"


def grouped(task: TaskImages, attribute: str) -> TaskImages:
    """The images labelled by an attribute of their entity instead of by the entity; ``name`` is the entity itself.

    Raises:
        ValueError: an entity without that attribute.
    """
    if attribute == "name":
        return task
    if lacking := [name for name, record in zip(task.names, task.records, strict=True) if record.get(attribute) is None]:
        raise ValueError(f"{task.task}: '{lacking[0]}' has no '{attribute}', which a classifier is to tell")
    values = [str(record[attribute]) for record in task.records]
    names = list(dict.fromkeys(values))
    labels = torch.tensor([names.index(value) for value in values])[task.labels]
    several = [values.index(name) for name in names]  # the first entity of each value stands for it
    return replace(
        task,
        names=names,
        captions=[task.captions[place] for place in several],
        popularity=[task.popularity[place] for place in several],
        records=[task.records[place] for place in several],
        labels=labels,
    )
