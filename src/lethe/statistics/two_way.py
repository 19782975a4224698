"""Estimates over observations that share something in two ways, such as splits and samples: two-way cluster-robust intervals.

An *influence value* of an observation says by how much it moved the estimate; their sum over what was drawn apart is the error. Summed into
a matrix over rows and columns, the variance is what rows tell, plus what columns tell, minus what both tell (Cameron, Gelbach, Miller 2011,
J. Bus. Econ. Stat. 29:238), and never less than either alone (MacKinnon, Nielsen, Webb 2024, arXiv 2406.08880, for the case that the sum is
negative). Closed form: nothing is drawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, expit, logit, stdtr, stdtrit

FEW = 5  # hits or misses below which the interval of a rate is exact: on the logit scale it would explode

Interval = tuple[float, float]


@dataclass(frozen=True)
class TwoWay:
    """An estimate and what every row and column contributed to its error.

    Attributes:
        value: the estimate.
        influence: (R, C), of a cell the summed influence values of its observations, divided by their number, so that the error of ``value``
            is about the sum over all cells. Stored as it is given; sums are taken in double precision.

    >>> TwoWay(0.5, np.array([[3.0, 1.0], [1.0, -1.0]])).variance  # rows 16, columns 16, cells 12
    20.0
    """

    value: float
    influence: NDArray[np.floating]

    @cached_property
    def _parts(self) -> tuple[float, float]:
        rows, columns = (float(np.square(self.influence.sum(axis, dtype=float)).sum()) for axis in (1, 0))
        cells = float(np.einsum("rc,rc->", self.influence, self.influence, dtype=float))
        return rows, max(rows + columns - cells, rows, columns)

    @property
    def variance(self) -> float:
        """Over rows and columns."""
        return self._parts[1]

    @property
    def width_factor(self) -> float:
        """How many times wider the interval is than one that draws rows alone; 1 where nothing differs."""
        rows, both = self._parts
        return math.sqrt(both / rows) if rows else (math.inf if both else 1.0)

    @property
    def freedom(self) -> int:
        """Degrees of freedom: the rows, which are fewer than the columns, less one."""
        return len(self.influence) - 1

    def half_width(self, level: float = 0.95) -> float:
        """Of the interval, by Student's t."""
        return float(stdtrit(self.freedom, (1 + level) / 2)) * math.sqrt(self.variance)

    def interval(self, level: float = 0.95) -> Interval:
        """Of a quantity without bounds."""
        half = self.half_width(level)
        return self.value - half, self.value + half

    def p(self) -> float:
        """Two-sided p-value of "the true value is 0"; NaN without an estimate. Of an estimate without variance 1 if it is 0, else 0."""
        error = math.sqrt(self.variance)
        if math.isnan(self.value) or not error:
            return math.nan if math.isnan(self.value) else float(self.value == 0)
        return float(2 * stdtr(self.freedom, -abs(self.value) / error))

    def minus(self, other: TwoWay) -> TwoWay:
        """The difference of two estimates over the same rows and columns: what they share cancels.

        Raises:
            ValueError: they are not over the same rows and columns.
        """
        if self.influence.shape != other.influence.shape:
            raise ValueError(
                f"estimates over {self.influence.shape} and over {other.influence.shape} rows and columns have no paired difference"
            )
        return TwoWay(self.value - other.value, self.influence - other.influence)


@dataclass(frozen=True)
class Share(TwoWay):
    """An estimate in [0, 1] that is seldom near an end, such as an accuracy."""

    def interval(self, level: float = 0.95) -> Interval:
        """By Student's t, cut at 0 and 1."""
        low, high = super().interval(level)
        return max(low, 0.0), min(high, 1.0)


@dataclass(frozen=True)
class Rate(TwoWay):
    """A share that may lie near 0 or 1: ``hits`` of ``number``.

    Attributes:
        design: how many times wider than independent observations allow; used where there are too few hits to measure it.
    """

    hits: int
    number: int
    design: float

    def interval(self, level: float = 0.95) -> Interval:
        """On the logit scale; of fewer than five hits or misses Clopper and Pearson's (1934), of ``number / design**2`` observations."""
        if not self.number:
            return math.nan, math.nan
        if min(self.hits, self.number - self.hits) < FEW:
            return clopper_pearson(self.value, self.number / self.design**2, level)
        half = self.half_width(level) / (self.value * (1 - self.value))
        centre = float(logit(self.value))
        return float(expit(centre - half)), float(expit(centre + half))


def clopper_pearson(share: float, number: float, level: float = 0.95) -> Interval:
    """Exact interval of a share of ``number`` independent observations, which need not be a whole number.

    >>> [round(end, 3) for end in clopper_pearson(0.0, 10)]  # none of ten
    [0.0, 0.308]
    """
    hits, tail = share * number, (1 - level) / 2
    low = float(betaincinv(hits, number - hits + 1, tail)) if hits > 0 else 0.0
    high = float(betaincinv(hits + 1, number - hits, 1 - tail)) if hits < number else 1.0
    return low, high
