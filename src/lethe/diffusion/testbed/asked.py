"""Which receivers the model of every emitter is asked for, where that is not all of them, and how probable each was.

The emitter itself is always asked. A pair that was not asked is missing: it is no zero and no fault, and what is estimated of all pairs is
estimated from those asked, each with the weight 1 / probability (``lethe.statistics.strata``). The nearest receivers have probability 1: what is
said of them is said of them alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lethe.io.tables import CorruptFileError, read_parquet, write_parquet
from lethe.settings.receivers import Drawn, Nearest
from lethe.statistics.strata import draw

if TYPE_CHECKING:
    import pandas as pd

Matrix = NDArray[np.float64]
COLUMNS = ("emitter", "receiver", "stratum", "probability")
ITSELF = -1  # the stratum of the emitter


@dataclass(frozen=True)
class Asked:
    """Receivers of every emitter.

    Attributes:
        probability: (N, N) [emitter, receiver] of being asked; 0 where a pair is not asked, 1 on the diagonal.
        stratum: (N, N) of similarity to the emitter, 0 the most like it; -1 on the diagonal and where a pair is not asked.
    """

    probability: Matrix
    stratum: NDArray[np.int64]

    def of(self, emitter: int) -> list[int]:
        """Indices of the receivers that the model of an emitter is asked for, rising, its own among them."""
        return [int(index) for index in np.flatnonzero(self.probability[emitter])]

    @property
    def weights(self) -> Matrix:
        """(N, N) 1 / probability; 0 where a pair is not asked."""
        return np.divide(1.0, self.probability, out=np.zeros_like(self.probability), where=self.probability > 0)

    def table(self) -> pd.DataFrame:
        """``emitter, receiver, stratum, probability``, a row for each pair that is asked."""
        import pandas as pd

        emitter, receiver = np.nonzero(self.probability)
        values = (emitter, receiver, self.stratum[emitter, receiver], self.probability[emitter, receiver])
        return pd.DataFrame(dict(zip(COLUMNS, values, strict=True)))


def choose(similarity: Matrix, settings: Nearest | Drawn) -> Asked:
    """The receivers of every emitter.

    Args:
        similarity: (N, N) [emitter, receiver], higher = more similar.
        settings: ``tasks.{task}.receivers``.

    Raises:
        ValueError: a similarity that is needed is unknown (NaN).

    Examples:
        >>> similarity = np.arange(16.0).reshape(4, 4)
        >>> [choose(similarity, Nearest(nearest=1)).of(emitter) for emitter in range(4)]
        [[0, 3], [1, 3], [2, 3], [2, 3]]
    """
    entities = len(similarity)
    probability, stratum = np.eye(entities), np.full((entities, entities), ITSELF, np.int64)
    for emitter in range(entities):
        others = np.delete(np.arange(entities), emitter)
        scores = similarity[emitter, others]
        if (unknown := int((~np.isfinite(scores)).sum())) > 0:
            raise ValueError(
                f"receivers.by: '{settings.by}' is unknown for {unknown} receivers of emitter {emitter}; allowed: another one"
            )
        if isinstance(settings, Nearest):
            nearest = others[np.argsort(-scores, kind="stable")[: settings.nearest]]
            probability[emitter, nearest], stratum[emitter, nearest] = 1.0, 0
        else:
            found = draw(scores, settings.random, settings.strata, np.random.default_rng([settings.seed, emitter]))
            chosen = others[found.members]
            probability[emitter, chosen], stratum[emitter, chosen] = found.probability, found.stratum
    return Asked(probability, stratum)


def write_asked(path: str | Path, asked: Asked) -> None:
    """Write ``asked_{task}.parquet``."""
    write_parquet(path, asked.table())


def read_asked(path: str | Path, entities: int) -> Asked:
    """The inverse of ``write_asked``.

    Raises:
        CorruptFileError: no such table, or one of other entities.
    """
    table = read_parquet(path)
    if list(table.columns) != list(COLUMNS):
        raise CorruptFileError(f"{path}: has the columns {', '.join(map(str, table.columns))}; allowed: {', '.join(COLUMNS)}")
    pairs = table[["emitter", "receiver"]].to_numpy(np.int64)
    if not len(pairs) or pairs.min() < 0 or pairs.max() != entities - 1:
        raise CorruptFileError(f"{path}: is not of {entities} entities")
    probability, stratum = np.zeros((entities, entities)), np.full((entities, entities), ITSELF, np.int64)
    probability[tuple(pairs.T)], stratum[tuple(pairs.T)] = table["probability"], table["stratum"]
    if not (np.diagonal(probability) == 1).all() or probability.max() > 1 or (table["probability"] <= 0).any():
        raise CorruptFileError(f"{path}: probabilities must lie in (0, 1], and be 1 of every emitter itself")
    return Asked(probability, stratum)


def asked_of(path: Sequence[Path], entities: int) -> Asked | None:
    """What a job gets: the table of a task whose models are asked for some receivers; None where they are asked for all.

    Args:
        path: one file, or none.
    """
    return read_asked(path[0], entities) if path else None
