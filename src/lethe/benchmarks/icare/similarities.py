"""All similarities of a task's entities, each from the model or table that it is defined on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lethe.diffusion.activations import act_fingerprints
from lethe.diffusion.metrics.clip import ClipScore, load_clip
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.diffusion.noise import initial_noise
from lethe.diffusion.pipeline import encode_prompts, load_pipeline, make_scheduler
from lethe.diffusion.testbed.attributes import Asked, chosen_attributes, no_attributes
from lethe.diffusion.testbed.names import published_preprocessed
from lethe.diffusion.testbed.receivers import Receiver
from lethe.diffusion.testbed.similarity import (
    act_published,
    act_similarity,
    attr_similarity,
    clip_similarity,
    dino_similarity,
    distinct_values,
    jacc_published,
    true_similarity,
)

Matrix = NDArray[np.float64]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SimilarityInputs:
    """What similarities are computed from.

    Attributes:
        metadata: filtered records in index order. receivers: the same entities with their prompts.
        style: prompt style, of the published texts.
        attributes: compared by ``attr``, see ``chosen_attributes``. balance: the balanced pair.
        base: pipeline folder. clip: open_clip folder. embeddings: backbone embeddings of the off images.
        distances: true distances ``{name: {name: value or None}}``.
        world, task, seeds, steps: of the activation fingerprints' noise.
        published: the reference's variants of ``clip``, ``attr`` and ``act``.
    """

    metadata: Sequence[Mapping[str, Any]]
    receivers: Sequence[Receiver]
    style: str
    attributes: Asked
    balance: Sequence[str]
    base: str | Path
    clip: str | Path
    embeddings: Embeddings
    distances: Mapping[str, Mapping[str, float | None]]
    world: str
    task: str
    seeds: Sequence[int]
    steps: int
    device: str = "cpu"
    published: bool = False

    @property
    def names(self) -> list[str]:
        """Raw names in index order."""
        return [str(record["name"]) for record in self.metadata]


def _clip(inputs: SimilarityInputs) -> Matrix:
    texts = [receiver.text for receiver in inputs.receivers]
    if inputs.published:
        texts = [published_preprocessed(inputs.style, name) for name in inputs.names]
    model = ClipScore(*load_clip(str(inputs.clip), device=inputs.device), device=inputs.device)
    return clip_similarity(model.text(texts).cpu().numpy())


def _attr(inputs: SimilarityInputs) -> Matrix:
    if inputs.published:
        return jacc_published(inputs.metadata)
    chosen = chosen_attributes(inputs.metadata, inputs.balance, inputs.attributes)
    matrix = attr_similarity(inputs.metadata, chosen)
    apart = [
        f"{column} ({why})" for column, why in no_attributes(inputs.metadata, inputs.balance).items() if column not in chosen
    ]
    log.info("attr compares %d attributes: %s; not: %s", len(chosen), ", ".join(chosen), ", ".join(apart))
    log.info("attr has %d different values between %d entities", distinct_values(matrix), len(matrix))
    return matrix


def _dino(inputs: SimilarityInputs) -> Matrix:
    return dino_similarity(inputs.embeddings.embedding, inputs.embeddings.receiver, len(inputs.metadata))


def _act(inputs: SimilarityInputs) -> Matrix:
    pipe = load_pipeline(inputs.base, device=inputs.device)
    side = int(pipe.unet.config["sample_size"])
    shape = (int(pipe.unet.config["in_channels"]), side, side)
    fingerprints = act_fingerprints(
        pipe,
        [receiver.prompt for receiver in inputs.receivers],
        inputs.steps,
        inputs.seeds,
        lambda receiver, seed: initial_noise(inputs.world, inputs.task, receiver, seed, shape),
        encode=encode_prompts,
        make_scheduler=lambda steps: make_scheduler("pndm", steps, pipe),
        published=inputs.published,
    )
    return act_published(fingerprints) if inputs.published else act_similarity(fingerprints)


def _true(inputs: SimilarityInputs) -> Matrix:
    return true_similarity(inputs.names, inputs.distances)


KINDS: dict[str, Callable[[SimilarityInputs], Matrix]] = {"clip": _clip, "attr": _attr, "dino": _dino, "act": _act, "true": _true}


def similarity_matrix(kind: str, inputs: SimilarityInputs) -> Matrix:
    """(N, N) similarities of one kind, higher = more similar; NaN where unknown (``true`` of real data)."""
    return KINDS[kind](inputs)
