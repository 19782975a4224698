"""Embeddings of generated images on disk: ``receiver (n)``, ``seed (n)``, ``embedding (n, d) float32`` of the backbone, ``clip (n, e)
float32`` where images were scored with CLIP, and ``features_{classifier} (n, f) float32`` where those are kept. Loads no torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lethe.io.atomic import atomic_path
from lethe.io.tables import CorruptFileError, readable

FIELDS = ("receiver", "seed", "embedding")
OPTIONAL = ("clip",)
FEATURES = "features_"  # begins the name of an array of a classifier


@dataclass(frozen=True)
class Embeddings:
    """One backbone embedding per image, and one of CLIP where there is any.

    Attributes:
        receiver: (n,) int64 index of the entity asked for.
        seed: (n,) int64.
        embedding: (n, d) float32 of the backbone, not normalised; d is 0 where images of cells were scored without it.
        clip: (n, e) float32 of CLIP's image encoder, not normalised; None where images were not scored with CLIP.
        features: classifier -> (n, f) float32, those whose features are kept.
    """

    receiver: NDArray[np.int64]
    seed: NDArray[np.int64]
    embedding: NDArray[np.float32]
    clip: NDArray[np.float32] | None = None
    features: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        vectors = {"embedding": self.embedding} | ({} if self.clip is None else {"clip": self.clip}) | self._features
        for name, array in {"receiver": self.receiver, "seed": self.seed, **vectors}.items():
            allowed = "f" if name in vectors else "iu"
            if array.dtype.kind not in allowed:
                raise ValueError(f"'{name}' is {array.dtype}; allowed: {'float' if allowed == 'f' else 'integers'}")
        for name, array in vectors.items():
            if array.ndim != 2 or not len(self.receiver) == len(self.seed) == len(array):
                raise ValueError(
                    f"{len(self.receiver)} receivers, {len(self.seed)} seeds, '{name}' {array.shape}; (n), (n), (n, d) expected"
                )

    @property
    def _features(self) -> dict[str, Any]:
        return {f"{FEATURES}{name}": array for name, array in self.features.items()}

    def save(self, path: str | Path) -> None:
        """Write a ``.npz`` atomically; equal content gives equal bytes."""
        with atomic_path(path) as part, open(part, "wb") as file:
            arrays: dict[str, Any] = {name: getattr(self, name) for name in (*FIELDS, *OPTIONAL)}
            np.savez(file, **{name: array for name, array in arrays.items() if array is not None}, **self._features)

    @classmethod
    def load(cls, path: str | Path) -> Embeddings:
        """Read a ``.npz``; a damaged one is a ``CorruptFileError`` naming it."""
        with readable(path, "a readable npz file of embeddings"), np.load(path, allow_pickle=False) as data:
            if missing := [name for name in FIELDS if name not in data]:
                raise CorruptFileError(f"{path}: lacks {', '.join(missing)}; it holds {', '.join(data.files)}")
            features = {name.removeprefix(FEATURES): data[name] for name in data.files if name.startswith(FEATURES)}
            return cls(**{name: data[name] for name in (*FIELDS, *OPTIONAL) if name in data}, features=features)

    def mean_per_receiver(self, entities: int) -> NDArray[np.float64]:
        """(entities, d) mean embedding of each receiver; NaN for one without images."""
        sums = np.zeros((entities, self.embedding.shape[1]))
        np.add.at(sums, self.receiver, self.embedding.astype(np.float64))
        counts = np.bincount(self.receiver, minlength=entities).astype(np.float64)
        with np.errstate(invalid="ignore"):
            return sums / counts[:, None]
