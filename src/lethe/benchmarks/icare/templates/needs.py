"""Which finished files of a task a figure needs, beside the metadata."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Table = Literal["pairs", "entities", "noise_floor", "baseline", "off_embeddings"]


@dataclass(frozen=True)
class Needs:
    """What a figure of tasks reads.

    Attributes:
        tables: tables that it reads besides the metadata.
        embeddings: embeddings of on images that it reads: of one emitter, of all, or none.
        images: whether it shows images of one emitter.
        any_method: whether it also makes sense for a method that changes nothing and for retraining, which unlearns some emitters only.
        sampled: whether it also makes sense where models were asked for some receivers.
    """

    tables: tuple[Table, ...] = ("pairs",)
    embeddings: Literal["", "emitter", "all"] = ""
    images: bool = False
    any_method: bool = False
    sampled: bool = False
