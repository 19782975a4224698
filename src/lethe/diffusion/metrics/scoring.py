"""One batched pass over generated images: decode once, then every metric on the same tensors.

Off images are scored once per task and kept; on images are joined to them by (receiver, seed).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from PIL import Image

from lethe.diffusion.metrics import METRICS, with_published
from lethe.diffusion.metrics.base import Embedder, Metric, MetricContext, OffImages, ScoringBatch, WithConstants
from lethe.diffusion.metrics.constant import CONSTANT, constant_pictures
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.diffusion.metrics.judge import JudgeAccuracy
from lethe.diffusion.metrics.parts import each_part

T = TypeVar("T")
BACKBONE = "embedding"  # field of the embeddings that pairs are compared by


@dataclass(frozen=True)
class ImageSet:
    """Decoded images of one shard.

    Attributes:
        images: (n, 3, H, W) uint8, RGB.
        receivers: (n,) index of the entity asked for.
        seeds: (n,).
        prompts: n prompts.
    """

    images: torch.Tensor
    receivers: NDArray[np.int64]
    seeds: NDArray[np.int64]
    prompts: Sequence[str]
    rows: dict[tuple[int, int], int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        n = len(self.images)
        if not len(self.receivers) == len(self.seeds) == len(self.prompts) == n:
            raise ValueError(
                f"{n} images with {len(self.receivers)} receivers, {len(self.seeds)} seeds, {len(self.prompts)} prompts"
            )
        keys = [(int(r), int(s)) for r, s in zip(self.receivers, self.seeds, strict=True)]
        object.__setattr__(self, "rows", {key: row for row, key in enumerate(keys)})
        if len(self.rows) != n:
            twice = sorted({key for key in keys if keys.count(key) > 1})[:3]
            raise ValueError(f"(receiver, seed) must be distinct; twice: {twice}")


class Scores(NamedTuple):
    """Result of a pass: one row per image (``receiver, seed, constant`` + metrics and their constants) and the embeddings, if
    the backbone gives any, or classifiers do. ``constant`` is 1 where all pixels have one colour: such a picture is never an answer to a prompt.
    """

    table: pd.DataFrame
    embeddings: Embeddings | None


class Evaluator(Protocol):
    """Turns the images of shards into score tables (docs/design/files.md)."""

    def score_baseline(self, off: ImageSet) -> Scores:
        """Score and keep the off images."""
        ...

    def score_on(self, on: ImageSet) -> Scores:
        """Score on images, alone and against their off images."""
        ...


def decode(png: bytes) -> NDArray[np.uint8]:
    """A PNG file -> (H, W, 3) uint8 RGB."""
    image = Image.open(io.BytesIO(png))
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))  # of its own mode `convert` makes a copy


def stacked(read: Callable[[int], NDArray[np.uint8]], count: int, threads: int = 1) -> torch.Tensor:
    """(n, 3, H, W) of the (H, W, 3) images ``read(0)`` to ``read(n - 1)``, each put into its place while the processor's caches hold it.

    Args:
        count: n. threads: how many read at once; 1 is the calling thread.

    Raises:
        ValueError: no images, or of several sizes.
    """
    if not count:
        raise ValueError("no images to decode")
    first = read(0)
    images = torch.empty((count, first.shape[2], *first.shape[:2]), dtype=torch.uint8)
    places = images.numpy()

    def put(place: int, image: NDArray[np.uint8]) -> None:
        if image.shape != first.shape:
            raise ValueError(f"images of one shard must have one size, found {sorted({first.shape, image.shape})}")
        places[place] = image.transpose(2, 0, 1)

    put(0, first)
    if threads == 1:
        for place in range(1, count):
            put(place, read(place))
    else:
        with ThreadPoolExecutor(threads, "decode") as pool:
            list(pool.map(lambda place: put(place, read(place)), range(1, count)))
    return images


def build_metrics(names: Sequence[str], context: MetricContext) -> list[Metric]:
    """The metrics ``names`` and their published variants (``with_published``) with their models loaded.

    The name of one of the context's classifiers is a metric: whether that one sees what was asked for.
    """
    return [
        JudgeAccuracy.create(context, name) if name in context.classifiers else METRICS.load(name).create(context)
        for name in with_published(names)
    ]


class Scorer:
    """The ``Evaluator`` of Lethe.

    Args:
        metrics: what to score, from ``build_metrics``.
        batch_size: images per batch; changes speed, not scores.
        predictions: also tell what every classifier sees (``JudgeAccuracy.predictions``), and keep the features that it gives.
        device: where the pixels of a batch are put, once for all metrics.
        threads: how many parts of a batch are scored at once, see ``each_part``; more than 1 only on the CPU.
    """

    def __init__(
        self,
        metrics: Sequence[Metric],
        batch_size: int = 100,
        predictions: bool = False,
        device: str = "cpu",
        threads: int = 1,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}; at least 1 is needed")
        if threads < 1 or (threads > 1 and device != "cpu"):
            raise ValueError(f"threads is {threads} on device '{device}'; allowed: at least 1 on 'cpu', else 1")
        self.metrics, self.batch_size, self.device, self.threads = list(metrics), batch_size, device, threads
        self._predictions = predictions
        self._classifiers = [metric for metric in self.metrics if predictions and isinstance(metric, JudgeAccuracy)]
        self._embedders = {metric.stored: metric for metric in self.metrics if isinstance(metric, Embedder)}
        self._off: ImageSet | None = None
        self._off_set: OffImages | None = None
        self._off_embeddings: NDArray[np.float32] | None = None

    def score_baseline(self, off: ImageSet) -> Scores:
        """``image`` metrics and embeddings of the off images, which are kept for ``score_on``."""
        scores = self._pass(off, None)
        self.attach_baseline(off, scores.embeddings)
        return scores

    def attach_baseline(self, off: ImageSet, embeddings: Embeddings | None = None) -> None:
        """Use off images that were scored before. Without their stored embeddings those of the backbone are computed again, once."""
        if embeddings is None and BACKBONE in self._embedders:
            backbone = self._embedders[BACKBONE]
            self._off_embeddings = np.concatenate(self._each(len(off.images), lambda part: backbone.embed(off.images[part])))
        elif embeddings is not None:
            found = {(int(r), int(s)): row for row, (r, s) in enumerate(zip(embeddings.receiver, embeddings.seed, strict=True))}
            self._off_embeddings = embeddings.embedding[_rows(found, off, "stored embeddings of the baseline")]
        self._off, self._off_set = off, OffImages(off.images.to(self.device))

    def score_on(self, on: ImageSet) -> Scores:
        """Every metric of the on images, pairs against the off image of the same (receiver, seed).

        Raises:
            RuntimeError: before ``score_baseline`` or ``attach_baseline``.
            KeyError: naming the (receiver, seed) that have no off image.
            ValueError: if a prompt differs between on and off.
        """
        if self._off is None:
            raise RuntimeError("score_on needs off images; call score_baseline or attach_baseline first")
        rows = _rows(self._off.rows, on, "baseline images")
        for row, prompt in zip(rows, on.prompts, strict=True):
            if self._off.prompts[row] != prompt:
                raise ValueError(f"prompt of the on image is '{prompt}', of its off image '{self._off.prompts[row]}'")
        return self._pass(on, rows)

    def score_seed_pairs(self) -> pd.DataFrame:
        """Pair metrics between two seeds of the base: ``receiver, seed, other_seed`` + metrics, for the noise floor.

        Every unordered pair of seeds of every receiver, first the seed that comes first; pair metrics are symmetric.
        """
        off = self._off
        if off is None:
            raise RuntimeError("score_seed_pairs needs off images; call score_baseline or attach_baseline first")
        order = sorted(off.rows)
        pairs = [(a, b) for i, a in enumerate(order) for b in order[i + 1 :] if a[0] == b[0]]
        keys = pd.DataFrame([(a[0], a[1], b[1]) for a, b in pairs], columns=["receiver", "seed", "other_seed"])
        chosen = [metric for metric in self.metrics if metric.about.kind == "pair"]

        def score(part: slice) -> pd.DataFrame:
            first, second = (np.array([off.rows[pair[side]] for pair in pairs[part]]) for side in (0, 1))
            batch = self._batch(off.images[first], off.receivers[first], [off.prompts[i] for i in first], second)
            if self._off_embeddings is not None:
                known = self._off_embeddings[first]
                batch.once(BACKBONE, lambda: known)
            return _columns(batch, chosen)

        parts = self._each(len(pairs), score)
        return pd.concat([keys, pd.concat(parts, ignore_index=True)], axis=1) if parts else keys

    def _each(self, count: int, score: Callable[[slice], T]) -> list[T]:
        return each_part(count, self.batch_size, self.threads, score)

    def _batch(
        self, images: torch.Tensor, receivers: NDArray[np.int64], prompts: Sequence[str], off: NDArray[np.int64] | None
    ) -> ScoringBatch:
        """Images with the off images in the rows ``off``; None: without."""
        images = images.to(self.device)
        if off is None:
            return ScoringBatch(images, receivers, prompts)
        assert self._off_set is not None, "rows of off images were found in them"
        pixels = self._off_set.images[torch.from_numpy(off).to(self.device)]
        known = None if self._off_embeddings is None else self._off_embeddings[off]
        return ScoringBatch(images, receivers, prompts, pixels, known, self._off_set, off)

    def _pass(self, images: ImageSet, off: NDArray[np.int64] | None) -> Scores:
        chosen = [metric for metric in self.metrics if off is not None or metric.about.kind == "image"]

        def score(part: slice) -> _Part:
            batch = self._batch(
                images.images[part], images.receivers[part], images.prompts[part], None if off is None else off[part]
            )
            told = {name: column for judge in self._classifiers for name, column in judge.predictions(batch).items()}
            table = _columns(batch, chosen).assign(**told)
            table.insert(0, CONSTANT, constant_pictures(batch.images))
            features = {judge.name: judge.features(batch) for judge in self._classifiers if judge.keeps_features}
            vectors = {
                name: batch.once(name, partial(embedder.embed, batch.images)) for name, embedder in self._embedders.items()
            }
            return _Part(table, vectors, features)

        parts = self._each(len(images.images), score)
        keys = pd.DataFrame({"receiver": images.receivers, "seed": images.seeds})
        table = pd.concat([keys, pd.concat([part.table for part in parts], ignore_index=True)], axis=1)
        for metric in chosen:
            if isinstance(metric, WithConstants):
                for name, value in metric.constants.items():
                    table[f"{metric.about.name}_{name}"] = value
        vectors = _joined([part.vectors for part in parts])
        if BACKBONE not in vectors and not self._predictions:
            return Scores(table, None)
        vectors.setdefault(BACKBONE, np.zeros((len(images.images), 0), dtype=np.float32))
        features = _joined([part.features for part in parts])
        return Scores(table, Embeddings(images.receivers, images.seeds, **vectors, features=features))


class _Part(NamedTuple):
    """What a part of the images gave: rows of the table, embeddings by their field, features by their classifier."""

    table: pd.DataFrame
    vectors: dict[str, NDArray[np.float32]]
    features: dict[str, NDArray[np.float32]]


def _joined(parts: Sequence[dict[str, NDArray[np.float32]]]) -> dict[str, NDArray[np.float32]]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _columns(batch: ScoringBatch, metrics: Sequence[Metric]) -> pd.DataFrame:
    columns: dict[str, NDArray[np.float64]] = {}
    for metric in metrics:
        found = metric.score(batch)
        if list(found) != [metric.about.name]:
            raise ValueError(f"metric '{metric.about.name}' must give one column of its name, not {', '.join(found) or 'none'}")
        columns.update(found)
    return pd.DataFrame(columns, index=range(len(batch)))


def _rows(found: dict[tuple[int, int], int], images: ImageSet, what: str) -> NDArray[np.int64]:
    missing = [key for key in images.rows if key not in found]
    if missing:
        raise KeyError(f"{what} lack {len(missing)} (receiver, seed), first {missing[:3]}")
    return np.array([found[key] for key in images.rows], dtype=np.int64)
