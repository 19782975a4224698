"""From raw records of a source to the two published metadata files: enriched, then filtered and balanced."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from itertools import compress
from typing import Any

import numpy as np

from lethe.core.records import Fidelity
from lethe.diffusion.testbed.balance import balanced_subsample
from lethe.diffusion.testbed.occupations import occupation_in_three
from lethe.diffusion.testbed.schema import (
    REQUIRED,
    MetadataError,
    check_known,
    check_records,
    check_required,
    column_kind,
    plain_value,
)
from lethe.diffusion.testbed.spelling import composed
from lethe.settings.rules import Derived, Filter, Rule

QUARTILES = ("Q0_25", "Q25_50", "Q50_75", "Q75_100")
OWN_COLUMNS, OWN_PREFIX = ("index", "is_unlearned"), "metric_"  # of the files that begin with the metadata

Record = dict[str, Any]


def enrich(
    records: Sequence[Mapping[str, Any]],
    attributes: Mapping[str, Mapping[str, Any]] | None = None,
    rules: Sequence[Rule] = (),
    fidelity: Fidelity = "corrected",
) -> list[Record]:
    """``metadata_{task}_1_enriched_but_not_filtered``: every entity with every attribute.

    Args:
        records: raw records of a source, at least ``name`` and ``dataset_n_original`` (images in the source). Names are written with
            composed letters (NFC), whatever the source has.
        attributes: further attributes by entity name, e.g. of Pantheon or AKC; entities without any keep ``None``.
        rules: applied in this order. A ``Filter`` makes entities ineligible; a derived column is computed on the entities
            that are still eligible, as published (people: quartiles after the filter by occupation; breeds: the median
            before the filter by group), and is ``None`` for the others. No entity is removed here, see ``select``.
            ``binary_above_median``: bool, above the median. ``quartiles``: text ``Q0_25``, ``Q25_50``, ``Q50_75``, ``Q75_100``;
            a value on an edge belongs below it, as in ``pandas.qcut``. ``occupation_in_three``: see
            ``lethe.diffusion.testbed.occupations``.
        fidelity: ``"published"`` keeps the misspelt occupation of the reference.

    Returns:
        Records in the order given, all with the same keys, JSON-plain values, ``None`` for what is missing.

    Raises:
        MetadataError: for a missing required field, a name that is none (``lethe.diffusion.testbed.spelling``), repeated names, an entity
            without images, a column of mixed types or with the name of one that is computed, a value that is not plain, two sources
            that disagree, or a derived column that cannot be computed.
        UnknownNameError: for attributes of an unknown entity, or a rule about an unknown column.
    """
    check_records(records)
    rows = [{key: plain_value(key, value) for key, value in record.items()} for record in records]
    for row in rows:
        if isinstance(name := row.get("name"), str):
            row["name"] = composed(name)
    check_required(rows)
    _join(rows, attributes or {})
    columns = list(dict.fromkeys(key for row in rows for key in row))
    for column in columns:
        _check_free(column)
    rows = [{column: row.get(column) for column in columns} for row in rows]
    for column in columns:
        column_kind(rows, column)
    eligible = [True] * len(rows)
    for rule in rules:
        if isinstance(rule, Filter):
            check_known("column", rule.column, rows[0])
            eligible = [was and rule.passes(row) for was, row in zip(eligible, rows, strict=True)]
        else:
            _derive(rows, list(compress(rows, eligible)), rule, fidelity)
    return rows


def select(
    metadata1: Sequence[Mapping[str, Any]],
    balance: Sequence[str],
    target: int,
    priority: str | None,
    *,
    rules: Sequence[Rule] = (),
    pinned: Sequence[str] | None = None,
    unlearned: Collection[int] | None = None,
    seed: int = 42,
) -> list[Record]:
    """``metadata_{task}_2_enriched_filtered``: the entities of the benchmark, in index order.

    Args:
        metadata1: the result of ``enrich``.
        balance, target, priority, seed: see ``lethe.diffusion.testbed.balance.balanced_subsample``. Without ``priority`` the first
            entities in the order of the source are taken; it goes with ``balance``.
        rules: those of ``enrich``; their filters decide who may be chosen.
        pinned: names in index order instead of a balanced choice, e.g. the published list of 100; ``target`` must agree.
        unlearned: indices of the emitters; all by default.

    Returns:
        Records with ``name``, ``index`` (0...), ``is_unlearned`` (bool), ``dataset_n_original``, then the attributes.

    Raises:
        MetadataError: if fewer than ``target`` entities are eligible, or an emitter's index is out of range.
        UnknownNameError: for an unknown column or pinned name.
    """
    check_required(metadata1)
    filters = [rule for rule in rules if isinstance(rule, Filter)]
    for rule in filters:
        check_known("column", rule.column, metadata1[0])
    by_name = {row["name"]: row for row in metadata1}
    if pinned is not None:
        for name in pinned:
            check_known("pinned entity", name, by_name)
        names = list(pinned)
    else:
        allowed = [row for row in metadata1 if all(rule.passes(row) for rule in filters)]
        names = _first(allowed, list(metadata1[0]), balance, target, priority, seed)
    if len(set(names)) != target or len(names) != target:
        raise MetadataError(f"{len(set(names))} entities pass the filters or are pinned; wanted: exactly {target}")
    if unlearned is not None and (wrong := [i for i in unlearned if not 0 <= i < target]):
        raise MetadataError(f"emitter index {wrong[0]} is out of range; allowed: 0 to {target - 1}")
    return [
        {
            "name": name,
            "index": index,
            "is_unlearned": unlearned is None or index in unlearned,
            "dataset_n_original": by_name[name]["dataset_n_original"],
            **{key: value for key, value in by_name[name].items() if key not in REQUIRED},
        }
        for index, name in enumerate(names)
    ]


def _first(
    allowed: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    balance: Sequence[str],
    target: int,
    priority: str | None,
    seed: int,
) -> list[str]:
    """Names of the entities that are chosen among those allowed."""
    if priority is None:
        if balance:
            raise MetadataError(f"{' and '.join(balance)} are balanced without a priority; allowed: a numeric column")
        return [str(row["name"]) for row in allowed[:target]]
    import pandas as pd

    # Named columns, so that an unknown one is reported even if the filters leave nothing.
    table = pd.DataFrame([dict(row) for row in allowed], columns=list(columns))
    return [str(name) for name in balanced_subsample(table, balance, target, priority, seed)["name"]]


def _check_free(column: str) -> None:
    if column in OWN_COLUMNS or column.startswith(OWN_PREFIX):
        raise MetadataError(f"attribute '{column}' has the name of a column that is computed; allowed: any other name")


def _join(rows: list[Record], attributes: Mapping[str, Mapping[str, Any]]) -> None:
    by_name = {row["name"]: row for row in rows}
    for name, extra in attributes.items():
        check_known("entity", composed(name), by_name)
        row = by_name[composed(name)]
        for key, raw in extra.items():
            value = plain_value(key, raw)
            if row.get(key) is not None and row[key] != value:
                raise MetadataError(f"'{key}' of '{name}' is {row[key]!r} in the source and {value!r} in the attributes")
            row[key] = value


def _derive(rows: list[Record], eligible: list[Record], derived: Derived, fidelity: Fidelity) -> None:
    """Add the derived column to all ``rows``, computed on the ``eligible`` ones (which are among them)."""
    check_known("column", derived.of, rows[0])
    _check_free(derived.column)
    if derived.column in rows[0]:
        raise MetadataError(f"derived column '{derived.column}' exists already; choose another name")
    kind, needed = column_kind(rows, derived.of), "text" if derived.rule == "occupation_in_three" else "number"
    if kind != needed:
        raise MetadataError(f"'{derived.rule}' of column '{derived.of}', which holds {kind}; allowed: {needed}")
    for row in rows:
        row[derived.column] = None
    known = [row for row in eligible if row[derived.of] is not None]
    if derived.rule == "occupation_in_three":
        results: Sequence[bool | str] = [occupation_in_three(row[derived.of], fidelity) for row in known]
    else:
        values = np.array([row[derived.of] for row in known], dtype=float)
        results = _above_median(values) if derived.rule == "binary_above_median" else _quartiles(values, derived.of)
    for row, result in zip(known, results, strict=True):
        row[derived.column] = result


def _above_median(values: np.ndarray) -> list[bool]:
    median = np.median(values) if len(values) else math.nan
    return [bool(above) for above in values > median]


def _quartiles(values: np.ndarray, of: str) -> list[str]:
    edges = np.quantile(values, [0, 0.25, 0.5, 0.75, 1]) if len(values) else np.zeros(5)
    if len(set(edges.tolist())) < 5:
        raise MetadataError(f"column '{of}' has too few distinct values for quartiles; its edges are {edges.tolist()}")
    return [QUARTILES[i] for i in np.searchsorted(edges[1:-1], values, side="left")]
