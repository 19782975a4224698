"""Embeddings of generated images on disk: ``receiver (n)``, ``seed (n)``, ``embedding (n, d) float32`` of the backbone
and, where images were scored with CLIP, ``clip (n, e) float32``. Loads no torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lethe.io.atomic import atomic_path
from lethe.io.tables import CorruptFileError, readable

FIELDS = ("receiver", "seed", "embedding")
OPTIONAL = ("clip",)


@dataclass(frozen=True)
class Embeddings:
    """One backbone embedding per image, and one of CLIP where there is any.

    Attributes:
        receiver: (n,) int64 index of the entity asked for.
        seed: (n,) int64.
        embedding: (n, d) float32 of the backbone, not normalised.
        clip: (n, e) float32 of CLIP's image encoder, not normalised; None where images were not scored with CLIP.
    """

    receiver: NDArray[np.int64]
    seed: NDArray[np.int64]
    embedding: NDArray[np.float32]
    clip: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        vectors = {"embedding": self.embedding} | ({} if self.clip is None else {"clip": self.clip})
        for name in ("receiver", "seed", *vectors):
            kind, allowed = getattr(self, name).dtype.kind, "f" if name in vectors else "iu"
            if kind not in allowed:
                raise ValueError(f"'{name}' is {getattr(self, name).dtype}; allowed: {'float' if allowed == 'f' else 'integers'}")
        for name, array in vectors.items():
            if array.ndim != 2 or not len(self.receiver) == len(self.seed) == len(array):
                raise ValueError(
                    f"{len(self.receiver)} receivers, {len(self.seed)} seeds, '{name}' {array.shape}; (n), (n), (n, d) expected"
                )

    def save(self, path: str | Path) -> None:
        """Write a ``.npz`` atomically; equal content gives equal bytes."""
        with atomic_path(path) as part, open(part, "wb") as file:
            arrays: dict[str, Any] = {name: getattr(self, name) for name in (*FIELDS, *OPTIONAL)}
            np.savez(file, **{name: array for name, array in arrays.items() if array is not None})

    @classmethod
    def load(cls, path: str | Path) -> Embeddings:
        """Read a ``.npz``; a damaged one is a ``CorruptFileError`` naming it."""
        with readable(path, "a readable npz file of embeddings"), np.load(path, allow_pickle=False) as data:
            if missing := [name for name in FIELDS if name not in data]:
                raise CorruptFileError(f"{path}: lacks {', '.join(missing)}; it holds {', '.join(data.files)}")
            return cls(**{name: data[name] for name in (*FIELDS, *OPTIONAL) if name in data})

    def mean_per_receiver(self, entities: int) -> NDArray[np.float64]:
        """(entities, d) mean embedding of each receiver; NaN for one without images."""
        sums = np.zeros((entities, self.embedding.shape[1]))
        np.add.at(sums, self.receiver, self.embedding.astype(np.float64))
        counts = np.bincount(self.receiver, minlength=entities).astype(np.float64)
        with np.errstate(invalid="ignore"):
            return sums / counts[:, None]
