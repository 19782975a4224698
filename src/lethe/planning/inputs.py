"""What a world needs from outside: which of it is there, and how the rest is got. Told before any job that takes long."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path

from pydantic import BaseModel

from lethe.core.progress import log
from lethe.settings.errors import SettingsError

DECIDES_NO_RESULT = "tells which files are there"
HAVE, FETCHED, TO_FETCH, MISSING = "have", "fetched", "to fetch", "missing"
COLUMNS = ("state", "name", "size", "licence", "where", "from")
_of_snakemake = logging.getLogger("snakemake.logging")


class Need(BaseModel):
    """Something from outside that a world reads.

    Attributes:
        name: a reader knows it by. place: file or folder where it is looked for. target: file or folder that a rule fetches it to; empty: it is
            put into its place by hand. megabytes: about; None: its owner does not say. licence, source: as its owner states, and the page that
            says so. advice: how to get what is put there by hand.
    """

    name: str
    place: str
    target: str = ""
    megabytes: float | None = None
    licence: str = "not stated"
    source: str = ""
    advice: str = ""

    @property
    def state(self) -> str:
        """One of ``have``, ``fetched``, ``to fetch``, ``missing``."""
        if self.target:
            return FETCHED if Path(self.target).exists() else TO_FETCH
        return HAVE if Path(self.place).exists() else MISSING


def text(needs: Sequence[Need]) -> str:
    """A table with a row for each need, what is missing first, and below it how to get that.

    >>> print(text([Need(name="a.csv", place="data/nowhere/a.csv", advice="write it", source="docs/datasets.md")]))
    state    name   size  licence     where               from
    missing  a.csv  ?     not stated  data/nowhere/a.csv  docs/datasets.md
    missing: data/nowhere/a.csv: write it (docs/datasets.md)
    """
    if not needs:
        return "this world needs nothing from outside"
    order = (MISSING, TO_FETCH, HAVE, FETCHED)
    needs = sorted(needs, key=lambda need: order.index(need.state))
    cells = ((need.state, need.name, _size(need), _short(need.licence), need.target or need.place, need.source) for need in needs)
    rows = [COLUMNS, *cells]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, *(f"missing: {how}" for how in how_to_get(needs))])


def how_to_get(needs: Iterable[Need]) -> list[str]:
    """Of what is missing: where it belongs and how it is got."""
    return [f"{need.place}: {need.advice} ({need.source})" for need in needs if need.state == MISSING]


def _short(licence: str) -> str:
    return licence.partition(" (")[0].partition(";")[0]


def _size(need: Need) -> str:
    return "?" if need.megabytes is None else f"{need.megabytes:g} MB"


def tell(files: list[Path], needs: list[Need]) -> None:
    """The job of rule ``inputs``: print the table; what is missing ends it with status 1.

    Args:
        files: what other rules have fetched or taken for this one.
    """
    told, lacking = text(needs), how_to_get(needs)
    log.info("inputs\n%s", told)
    if lacking:  # the log of a job that failed is shown, and with it the table
        raise SystemExit(f"{len(lacking)} of {len(needs)} inputs are missing: {'; '.join(lacking)}")
    print(told)


def check_put(path: str | Path, advice: str, dry_run: Callable[[], bool]) -> None:
    """Say that a file is missing that somebody must put there: a warning where a run is planned, an error where it would start.

    Raises:
        SettingsError: it is not there, and this is no plan.
    """
    if Path(path).exists():
        return
    said = f"{path} is missing and a job of this plan reads it: {advice}"
    if not dry_run():
        raise SettingsError(f"{said}. `lethe inputs` lists all that a world needs")
    _warn(said)


@cache
def _warn(said: str) -> None:
    """Once, however many jobs ask."""
    _of_snakemake.warning(said)
