"""Attacks on unlearned models of a task: what is attacked, and how long."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from lethe.settings.strict import Name, Strict

Count = Annotated[int, Field(ge=1, le=64)]


class VectorSearch(Strict):
    """The search for free vectors beside a prompt."""

    count: Count = Field(3, description="vectors")
    place: Literal["front", "end"] = Field("front", description="where they stand")
    steps: list[Annotated[int, Field(ge=0, le=100_000)]] = Field(
        default=[0, 10, 30, 100],
        min_length=1,
        description="after how many steps pictures are drawn, rising; the last one ends the search",
    )
    learning_rate: float = Field(0.1, gt=0, le=100, description="of AdamW, constant")

    @model_validator(mode="after")
    def _rising(self) -> VectorSearch:
        if self.steps != sorted(self.steps):
            raise ValueError(f"steps: {self.steps}; allowed: numbers that rise")
        return self


class WordSearch(Strict):
    """The search for words beside a prompt."""

    count: Count = Field(2, description="words")
    place: Literal["front", "end"] = Field("front", description="where they stand")
    steps: int = Field(40, ge=1, le=100_000, description="of the search")
    learning_rate: float = Field(0.05, gt=0, le=100, description="of AdamW, constant")
    weight_decay: float = Field(0.1, ge=0, le=100, description="of AdamW")
    cells: int = Field(
        3, ge=1, le=10_000, description="cells of a concept that are attacked with words, at most: the first of those attacked"
    )
    exhaustive: bool = Field(
        True,
        description="also draw with every sequence of 1 to `count` words: no attack on words can pass that; for small vocabularies",
    )


class Attack(Strict):
    """Attacks on models that forgot some concepts."""

    concepts: list[Annotated[int, Field(ge=0, le=9999)]] = Field(
        min_length=1, description="indices of emitters; where a task has retrained models, each of them has one"
    )
    methods: list[Name] = Field(
        min_length=1, description="methods of the task; `none` and the retrained models are attacked beside them"
    )
    cells: int = Field(
        6, ge=2, le=10_000, description="cells of a concept that are attacked, at most, evenly spread over all; an entity is one"
    )
    pictures: int = Field(3, ge=3, le=1000, description="reference pictures of a cell, each attacked alone")
    seeds: int = Field(
        2, ge=1, le=1000, description="pictures drawn with each, in the first seeds of the task; with words in the first alone"
    )
    rows: int = Field(4, ge=1, le=1000, description="noised copies of a reference picture in a step")
    batch_size: int = Field(72, ge=1, le=10_000, description="rows of a pass of the UNet, at most")
    vectors: VectorSearch = Field(default_factory=VectorSearch, description="free vectors")
    words: WordSearch = Field(default_factory=WordSearch, description="words of the vocabulary")
