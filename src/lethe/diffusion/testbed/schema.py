"""The schema of entity records: required fields, plain values, one type per column."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np

from lethe.core.registry import UnknownNameError, nearest
from lethe.diffusion.testbed.spelling import name_fault
from lethe.io.tables import read_json
from lethe.io.wording import shortened

REQUIRED = ("name", "dataset_n_original")


class MetadataError(ValueError):
    """Records of entities that do not have the form they should."""


def column_kind(rows: Sequence[Mapping[str, Any]], column: str) -> str:
    """``"bool"``, ``"number"``, ``"text"``, or ``"empty"`` if all is missing; mixed types are a ``MetadataError``."""
    kinds: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        value = row.get(column)
        if value is not None:
            kinds.setdefault("bool" if isinstance(value, bool) else "text" if isinstance(value, str) else "number", row)
    if len(kinds) > 1:
        (one, first), (other, second) = list(kinds.items())[:2]
        raise MetadataError(
            f"column '{column}' mixes types: {one} {first[column]!r} for '{first['name']}', "
            f"{other} {second[column]!r} for '{second['name']}'; allowed: one of bool, number, text"
        )
    return next(iter(kinds), "empty")


def plain_value(key: str, value: Any) -> bool | int | float | str | None:
    """A JSON value: numpy scalars become Python's, NaN (also pandas') becomes None; anything nested is an error."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise MetadataError(f"'{key}' is {value!r}, which holds half of a character (a lone surrogate); allowed: Unicode text")
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        number = float(value)
        if math.isinf(number):
            raise MetadataError(f"'{key}' is {number}; allowed: finite numbers, or NaN for a missing one")
        return None if math.isnan(number) else number
    raise MetadataError(f"'{key}' is {value!r} ({type(value).__name__}); allowed: bool, number, text or None")


def check_records(records: Any) -> None:
    """Raise ``MetadataError`` unless ``records`` is a list of mappings, as every file of entities is."""
    if not isinstance(records, list | tuple):
        raise MetadataError(f"holds {shortened(repr(records))}; allowed: a list of records")
    for number, record in enumerate(records):
        if not isinstance(record, dict):
            raise MetadataError(f"record {number} is {shortened(repr(record))}; allowed: a mapping of names to values")


def read_metadata(path: str | Path) -> list[dict[str, Any]]:
    """The entities of a task, ``metadata_{task}_2_enriched_filtered.json``, in index order.

    Raises:
        FileNotFoundError, CorruptFileError: see ``read_json``.
        MetadataError: a record lacks a field, has another index than its place or a value that is not plain, two have one name, or
            a column mixes types; names the file, the record and the value.
    """
    records: list[dict[str, Any]] = read_json(path)
    try:
        check_records(records)
        check_required(records)
        for number, record in enumerate(records):
            for key, wanted in (("index", int), ("is_unlearned", bool)):
                if type(record.get(key)) is not wanted:
                    raise MetadataError(
                        f"'{key}' of '{record['name']}' is {shortened(repr(record.get(key)))}; allowed: {wanted.__name__}"
                    )
            if record["index"] != number:
                raise MetadataError(f"'index' of '{record['name']}' is {record['index']}; its place in the list is {number}")
            if odd := sorted(set(record) ^ set(records[0])):
                raise MetadataError(f"'{record['name']}' and '{records[0]['name']}' do not both have '{odd[0]}'")
            for key, value in record.items():
                plain_value(key, value)
        for column in records[0]:
            column_kind(records, column)
    except MetadataError as error:
        raise MetadataError(f"{path}: {error}") from None
    return records


def check_required(rows: Sequence[Mapping[str, Any]]) -> None:
    """Raise ``MetadataError`` unless every record has a unique name and at least one image."""
    if not rows:
        raise MetadataError("there are no entities; the source returned an empty list")
    seen: set[str] = set()
    for number, row in enumerate(rows):
        for field in REQUIRED:
            if row.get(field) is None:
                raise MetadataError(f"record {number} ({row.get('name')!r}) has no '{field}'{nearest(field, list(row))}")
        name, count = row["name"], row["dataset_n_original"]
        if fault := name_fault(name):
            raise MetadataError(f"record {number}: 'name' {fault}")
        if name in seen:
            raise MetadataError(f"name '{name}' stands in several records; names must be unique")
        seen.add(name)
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise MetadataError(
                f"entity '{name}': 'dataset_n_original' is {count!r}; allowed: a whole number from 1 (an entity needs images)"
            )


def check_known(what: str, name: str, known: Iterable[str]) -> None:
    """Raise ``UnknownNameError`` naming ``what``, the value, the known ones and the nearest match."""
    known = list(known)
    if name not in known:
        listed = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
        raise UnknownNameError(f"unknown {what} '{name}'; known: {listed}{nearest(name, known)}")
