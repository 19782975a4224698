"""The finished tables of a task, as templates read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lethe.benchmarks.icare.entities import STATISTICS, entity_statistics
from lethe.benchmarks.icare.matrices import by_method
from lethe.benchmarks.icare.pair_rows import PairFile, pair_rows
from lethe.benchmarks.icare.pairs import PUBLISHED_KEYS, Fidelity
from lethe.benchmarks.icare.ranges import at_known_range
from lethe.core.registry import nearest
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.diffusion.metrics.specs import spec_of
from lethe.diffusion.testbed.schema import column_kind

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


class MissingDataError(ValueError):
    """The tables of a task do not hold what a result needs; the message says what they hold."""


@dataclass(frozen=True)
class TaskData:
    """What a task published.

    Attributes:
        task: its name.
        metadata: filtered records in index order.
        balance: the two attributes that the testbed balances.
        pairs: ``pairs_{task}.parquet``, as a table; or the file, or those of its methods, of which one method or some metrics are read.
        entities: ``interference_per_entity_{task}.json``, for the specificity ratios.
        similarities: kind -> (N, N), higher = more similar, NaN where unknown; ``weights`` is that of the asked method.
        baseline: ``scores/{task}_baseline.parquet``.
        off: embeddings of the off images.
        on: emitter -> embeddings of its on images, of the asked method.
        noise_floor: ``noise_floor_{task}.json``, metric -> ``mean, low, high`` of one pair between two seeds of the base.
        tuning: emitters on which hyper-parameters were chosen.
    """

    task: str
    metadata: Sequence[Mapping[str, Any]]
    balance: Sequence[str] = ()
    pairs: pd.DataFrame | PairFile | None = None
    entities: Sequence[Mapping[str, Any]] = ()
    similarities: Mapping[str, Floats] = field(default_factory=dict)
    baseline: pd.DataFrame | None = None
    off: Embeddings | None = None
    on: Mapping[int, Embeddings] = field(default_factory=dict)
    noise_floor: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    tuning: Sequence[int] = ()

    @property
    def size(self) -> int:
        """N, the number of entities."""
        return len(self.metadata)

    @cached_property
    def names(self) -> list[str]:
        """Names for readers, in index order: underscores become blanks."""
        return [str(record["name"]).replace("_", " ") for record in self.metadata]

    def pairs_by(self, metric: str, *others: str) -> pd.DataFrame:
        """The pairs of some metrics under every method, as a table; those of other metrics are not read.

        Args:
            metric: must be there. others: may be.

        Raises:
            MissingDataError: no pairs were given, or none of ``metric``.
        """
        rows = pair_rows(self._given_pairs)
        if metric not in rows.metrics:
            known = sorted(rows.metrics)
            raise MissingDataError(
                f"{self.task} has no pairs of the metric '{metric}'; it has: {', '.join(known)}{nearest(metric, known)}"
            )
        return rows.measured_by([metric, *others]).astype(
            {"method": str, "metric": str}
        )  # groups of texts are those that are there

    @property
    def _given_pairs(self) -> pd.DataFrame | PairFile:
        if self.pairs is None:
            raise MissingDataError(f"{self.task}: the table of pairs was not given")
        return self.pairs

    @property
    def scores_of_base(self) -> pd.DataFrame:
        """Scores of the base's images; a ``MissingDataError`` where they were not given."""
        if self.baseline is None:
            raise MissingDataError(f"{self.task}: the scores of the base were not given")
        return self.baseline

    @cached_property
    def _quantities(self) -> dict[str, tuple[int, dict[str, Floats]]]:
        return {method: (epochs, found) for method, epochs, found in by_method(self._given_pairs, self.size)}

    def _of_method(self, method: str) -> tuple[int, dict[str, Floats]]:
        known = list(self._quantities)
        if method not in known:
            raise MissingDataError(f"{self.task} has no pairs of '{method}'; it has: {', '.join(known)}{nearest(method, known)}")
        return self._quantities[method]

    def matrix(self, method: str, metric: str, fidelity: Fidelity = "corrected") -> Floats:
        """(N, N) [emitter, receiver] of a pair metric; ``published`` reads RMSE and SSIM at data range 4095."""
        name = PUBLISHED_KEYS.get(metric, metric) if fidelity == "published" else metric
        found = self._of_method(method)[1]
        if name not in found:
            raise MissingDataError(f"{self.task}, {method}: no '{name}'; it has: {', '.join(found)}{nearest(name, list(found))}")
        return found[name]

    def damage(self, method: str, metric: str) -> Floats:
        """(N, N) in the common orientation: 0 = untouched, larger = more damage; NaN on the diagonal."""
        result = np.array(spec_of(metric).damage(self.matrix(method, metric)), dtype=float)
        np.fill_diagonal(result, np.nan)
        return result

    def floor(self, metric: str) -> tuple[float, float] | None:
        """The range in which 95 % of the pairs of two seeds of the unchanged base lie; None where nobody knows it."""
        found = self.noise_floor.get(metric, {})
        low, high = found.get("low"), found.get("high")
        return None if low is None or high is None else (float(low), float(high))

    def similarity(self, kind: str) -> Floats:
        """(N, N) of a similarity; an unknown one (NaN off the diagonal) is a ``MissingDataError``."""
        if kind not in self.similarities:
            raise MissingDataError(f"{self.task}: the similarity '{kind}' was not given; given: {', '.join(self.similarities)}")
        values = self.similarities[kind]
        if np.isnan(values[~np.eye(self.size, dtype=bool)]).any():
            raise MissingDataError(f"the similarity '{kind}' is not known for every two entities of {self.task}")
        return values

    def statistics(self, method: str, fidelity: Fidelity = "corrected") -> dict[str, Floats]:
        """Slug -> (N,) of every statistic per entity of a method."""
        cache: dict[tuple[str, str], dict[str, Floats]] = self.__dict__.setdefault("_statistics", {})
        if (method, fidelity) not in cache:
            epochs, quantities = self._of_method(method)
            column = STATISTICS["embedding_specificity_ratio"].column(method, epochs)
            ratios = np.array([_float(record.get(column)) for record in self.entities]) if self.entities else None
            cache[method, fidelity] = entity_statistics(at_known_range(quantities), ratios, fidelity)
        return cache[method, fidelity]

    def statistic(self, method: str, slug: str, fidelity: Fidelity = "corrected") -> Floats:
        """(N,) values of one statistic per entity; NaN where undefined."""
        found = self.statistics(method, fidelity)
        if slug not in found:
            raise MissingDataError(f"'{slug}' is no statistic here (fidelity {fidelity}){nearest(slug, list(found))}")
        return np.where(np.isfinite(found[slug]), found[slug], np.nan)

    def attribute(self, name: str) -> list[Any]:
        """Values of an attribute in index order, None where missing."""
        known = sorted({str(key) for record in self.metadata for key in record})
        if name not in known:
            raise MissingDataError(
                f"entities of {self.task} have no '{name}'; they have: {', '.join(known)}{nearest(name, known)}"
            )
        return [record.get(name) for record in self.metadata]

    def attribute_kind(self, name: str) -> str:
        """``bool``, ``number``, ``text`` or ``empty``."""
        self.attribute(name)
        return column_kind(self.metadata, name)

    def numbers(self, name: str) -> Floats:
        """(N,) values of a numeric attribute, NaN where missing; any other is a ``MissingDataError``."""
        if (kind := self.attribute_kind(name)) != "number":
            raise MissingDataError(f"attribute '{name}' of {self.task} is {kind}, not a number; SRC compares categories")
        return np.array([_float(value) for value in self.attribute(name)])

    def categories(self, name: str) -> list[str | None]:
        """Labels of a categorical attribute, None where missing; a number is a ``MissingDataError``."""
        if self.attribute_kind(name) == "number":
            raise MissingDataError(f"attribute '{name}' of {self.task} is a number, not a category; SRN correlates numbers")
        return [None if value is None else str(value) for value in self.attribute(name)]


def _float(value: Any) -> float:
    return float("nan") if value is None else float(value)
