"""Plain data that every floor shares: who is unlearned, by what, and how its files are called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

NAME = r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*"
"""What a task, a base or a world may be called: lower-case words and digits joined by single underscores, as ``style50_a``."""

METHOD = r"[a-z][a-z0-9]*(?:_[a-z][a-z0-9]*)*"
"""What a method may be called: a name whose every word begins with a letter, so that the index in a model's name is found."""

INDEX = r"(?:\d{3}|[1-9]\d{3})"  # of an entity: 000 to 999, then 1000 to 9999
EPOCHS = r"\d{3}"

MODEL_NAME = re.compile(rf"(?P<task>{NAME})_(?P<index>{INDEX})_(?P<method>{METHOD})_(?P<epochs>{EPOCHS})")
"""The name of a model. There is one way to read it: the last word of digits before the epochs is the index."""


Fidelity = Literal["corrected", "published"]
"""Whether results are corrected, or behave as the published reference does, also where it is wrong (docs/fidelity.md)."""


@dataclass(frozen=True, order=True)
class ModelId:
    """One unlearned model: the *emitter* (an entity of a task) forgotten by a method.

    Attributes:
        task: name of the task, e.g. ``"people"``.
        index: the emitter's index in the filtered metadata, 0..9999.
        method: registry name of the unlearner.
        epochs: epochs over the forget set, part of the published file names; 0 for closed forms.

    Examples:
        >>> ModelId("people", 0, "uce", 0).name
        'people_000_uce_000'
        >>> ModelId.parse("people_012_munba_005").index
        12
    """

    task: str
    index: int
    method: str
    epochs: int

    @property
    def name(self) -> str:
        """The published folder name, e.g. ``people_000_uce_000``."""
        return f"{self.task}_{self.index:03d}_{self.method}_{self.epochs:03d}"

    @classmethod
    def parse(cls, name: str) -> ModelId:
        """The inverse of ``name``; anything else is a ``ValueError``."""
        match = MODEL_NAME.fullmatch(name)
        if match is None:
            raise ValueError(f"'{name}' is not a model name of the form task_000_method_000")
        return cls(match["task"], int(match["index"]), match["method"], int(match["epochs"]))


@dataclass(frozen=True, order=True)
class ImageKey:
    """One generated image of a model: which entity was asked for, with which seed.

    Examples:
        >>> ImageKey(receiver=3, seed=42).file_name
        '003_42.png'
    """

    receiver: int
    seed: int

    @property
    def file_name(self) -> str:
        """Member name inside a shard, e.g. ``003_42.png``."""
        return f"{self.receiver:03d}_{self.seed}.png"
