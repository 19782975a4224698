"""Embeddings of generated images on disk: ``receiver (n)``, ``seed (n)``, ``embedding (n, d) float32``. Loads no
torch.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lethe.io.atomic import atomic_path
from lethe.io.tables import CorruptFileError

FIELDS = ("receiver", "seed", "embedding")


@dataclass(frozen=True)
class Embeddings:
    """One backbone embedding per image.

    Attributes:
        receiver: (n,) int64 index of the entity asked for.
        seed: (n,) int64.
        embedding: (n, d) float32, not normalised.
    """

    receiver: NDArray[np.int64]
    seed: NDArray[np.int64]
    embedding: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.embedding.ndim != 2 or not len(self.receiver) == len(self.seed) == len(self.embedding):
            raise ValueError(
                f"{len(self.receiver)} receivers, {len(self.seed)} seeds, embeddings {self.embedding.shape}; (n), (n), (n, d) expected"
            )

    def save(self, path: str | Path) -> None:
        """Write a ``.npz`` atomically; equal content gives equal bytes."""
        with atomic_path(path) as part, open(part, "wb") as file:
            np.savez(file, receiver=self.receiver, seed=self.seed, embedding=self.embedding)

    @classmethod
    def load(cls, path: str | Path) -> Embeddings:
        """Read a ``.npz``; a damaged one is a ``CorruptFileError`` naming it."""
        try:
            with np.load(path, allow_pickle=False) as data:
                missing = [name for name in FIELDS if name not in data]
                if missing:
                    raise CorruptFileError(f"{path}: lacks {', '.join(missing)}; it holds {', '.join(data.files)}")
                return cls(*(data[name] for name in FIELDS))
        except (zipfile.BadZipFile, ValueError, EOFError) as error:
            if isinstance(error, CorruptFileError):
                raise
            raise CorruptFileError(f"{path}: not a readable npz file ({error}); delete it and run again") from error

    def mean_per_receiver(self, entities: int) -> NDArray[np.float64]:
        """(entities, d) mean embedding of each receiver; NaN for one without images."""
        sums = np.zeros((entities, self.embedding.shape[1]))
        np.add.at(sums, self.receiver, self.embedding.astype(np.float64))
        counts = np.bincount(self.receiver, minlength=entities).astype(np.float64)
        with np.errstate(invalid="ignore"):
            return sums / counts[:, None]
