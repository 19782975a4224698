"""Files of a corpus, each checked as a whole: what is wrong is told with the file, the place in it and what was expected."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lethe.benchmarks.icare.pairs import PUBLISHED_KEYS
from lethe.core.registry import nearest
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.diffusion.testbed.schema import MetadataError, check_records, check_required, column_kind, plain_value
from lethe.io.tables import CorruptFileError, readable
from lethe.io.wording import shortened, some_of

if TYPE_CHECKING:
    import pandas as pd

RANGES = {"rmse": (0.0, 255 / 4095), "ssim": (-1.0, 1.0), "dino_diff": (-1.0, 1.0)}
"""Key -> smallest and largest value. RMSE and SSIM are at data range 4095, so RMSE of 8-bit pictures ends at 255 / 4095."""
MAY_LACK = "dino_diff"  # files of before it was added have none, and where all seeds lack a value it is NaN
ROUNDING = 1e-6


def read_published(path: str | Path) -> Any:
    """The content of a JSON file that Python wrote: ``NaN`` is a missing value (None), infinities are refused."""
    with readable(path, "valid JSON"):
        return json.loads(Path(path).read_text("utf-8-sig"), parse_constant=_constant, object_pairs_hook=_unique)


def read_entities(path: str | Path, unlearned: Iterable[int] | None = None) -> list[dict[str, Any]]:
    """The entities of a task in index order, in our form: with ``index`` and ``is_unlearned``, which the corpus does not write.

    Args:
        path: ``metadata_{task}_2_enriched_filtered.json``.
        unlearned: indices of those of which the corpus has a model; None: all.

    Raises:
        CorruptFileError: no JSON. MetadataError: not a list of records, of which each has a name and the same plain values.
    """
    records = read_published(path)
    try:
        check_records(records)
        check_required(records)
        keys = list(records[0])
        for record in records:
            if odd := sorted(set(record) ^ set(keys)):
                raise MetadataError(f"'{record['name']}' and '{records[0]['name']}' do not both have '{odd[0]}'")
        there = set(range(len(records)) if unlearned is None else unlearned)
        result = [
            {"name": record["name"], "index": index, "is_unlearned": index in there}
            | {key: plain_value(key, record[key]) for key in keys if key not in ("name", "index", "is_unlearned")}
            for index, record in enumerate(records)
        ]
        for column in result[0]:
            column_kind(result, column)
    except MetadataError as error:
        raise MetadataError(f"{path}: {error}") from None
    return result


def read_names(path: str | Path) -> list[str]:
    """Raw names of the entities of a task, in index order; errors as ``read_entities``."""
    return [str(record["name"]) for record in read_entities(path)]


def read_similarity(path: str | Path, names: Sequence[str]) -> list[dict[str, Any]]:
    """A similarity of every two entities in the form of ``similarity_{kind}_{task}.json``, in index order.

    Args:
        path: records, or a result of which they are ``result``.
        names: of the entities.

    Raises:
        CorruptFileError: another form, a name that is missing or unknown, or a value that is no finite number.
    """
    content = read_published(path)
    records = content.get("result") if isinstance(content, dict) else content
    if not isinstance(records, list) or not all(isinstance(record, dict) and "emitter" in record for record in records):
        raise CorruptFileError(f"{path}: expected a list of records with 'emitter', or an object whose 'result' is one")
    rows = {str(record["emitter"]): record for record in records}
    _check_names(f"{path}: emitters", rows, names)
    for emitter, record in rows.items():
        _check_names(f"{path}: '{emitter}'", [key for key in record if key != "emitter"], names)
        for receiver in names:
            _number(f"{path}: similarity of '{emitter}' and '{receiver}'", record[receiver])
    return [{"emitter": emitter, **{receiver: float(rows[emitter][receiver]) for receiver in names}} for emitter in names]


def read_pairs(path: str | Path, names: Sequence[str]) -> pd.DataFrame:
    """What a model does to every receiver: indexed by ``receiver``, a column for each of our quantities.

    ``rmse`` and ``ssim`` of the file are at data range 4095, hence ``rmse_published`` and ``ssim_published`` here.

    Args:
        path: ``interferences_caused_by_{task}_{index}_{method}_{epochs}.json``.
        names: raw names of the entities, in index order.

    Raises:
        CorruptFileError: no object, a receiver that is missing or unknown, a key that is missing or none of the five, or a value that is no
            finite number of its range. Only ``dino_diff`` may lack a value, or lack in a whole file.
    """
    import pandas as pd

    content = read_published(path)
    if not isinstance(content, dict):
        raise CorruptFileError(f"{path}: holds {shortened(repr(content))}; expected an object of {len(names)} receivers")
    _check_names(f"{path}: receivers", content, names)
    keys = [
        key for key in PUBLISHED_KEYS if key != MAY_LACK or any(isinstance(row, dict) and key in row for row in content.values())
    ]
    rows = [_row(f"{path}: '{name}'", content[name], keys) for name in names]
    table = pd.DataFrame(rows, columns=[PUBLISHED_KEYS[key] for key in keys], index=pd.RangeIndex(len(names), name="receiver"))
    return table.reindex(columns=list(PUBLISHED_KEYS.values())).astype(float)


def read_embeddings(path: str | Path, prompts: Mapping[str, int]) -> Embeddings:
    """Embeddings of all images of a model or of the base, told apart by prompt and seed (the field ``prompted_entity`` is not reliable).

    Args:
        path: ``embeddings_{task}_{name}_{method}_{epochs}.json``.
        prompts: prompt -> index of the receiver.

    Raises:
        CorruptFileError: no such records, an unknown prompt, an image given twice or missing, or vectors that are not finite numbers of
            one length.
    """
    content = read_published(path)
    records = content.get("embeddings") if isinstance(content, dict) else None
    if not isinstance(records, list) or not records:
        raise CorruptFileError(f"{path}: expected an object whose 'embeddings' is a list of records")
    places: list[tuple[int, int]] = []
    vectors = []
    for number, record in enumerate(records):
        where = f"{path}: embedding {number}"
        if not isinstance(record, dict) or (lost := [key for key in ("prompt", "seed", "embedding") if key not in record]):
            raise CorruptFileError(f"{where} lacks '{lost[0]}'" if isinstance(record, dict) else f"{where} is no record")
        prompt, seed, vector = record["prompt"], record["seed"], record["embedding"]
        if not isinstance(prompt, str) or prompt not in prompts:
            raise CorruptFileError(f"{where}: '{prompt}' is the prompt of no entity{nearest(str(prompt), list(prompts))}")
        if type(seed) is not int:
            raise CorruptFileError(f"{where}: seed {seed!r}; expected a whole number")
        if not isinstance(vector, list) or len(vector) != len(records[0]["embedding"]):
            raise CorruptFileError(f"{where} is no vector as long as the first")
        places.append((prompts[prompt], seed))
        vectors.append(vector)
    _check_places(path, places, len(set(prompts.values())))
    with readable(path, "embeddings that are lists of numbers"):
        array = np.array(vectors, dtype=np.float64)
    if array.ndim != 2 or not np.isfinite(array).all():
        raise CorruptFileError(f"{path}: a value of an embedding is missing or not finite; expected finite numbers")
    receivers, seeds = (np.array(column, dtype=np.int64) for column in zip(*places, strict=True))
    return Embeddings(receivers, seeds, array.astype(np.float32))


def _check_places(path: str | Path, places: Sequence[tuple[int, int]], receivers: int) -> None:
    seeds, there = sorted({seed for _, seed in places}), set(places)
    if len(there) < len(places):
        twice = next(place for place in places if places.count(place) > 1)
        raise CorruptFileError(f"{path}: receiver {twice[0]} with seed {twice[1]} is given twice")
    if lost := [(receiver, seed) for receiver in range(receivers) for seed in seeds if (receiver, seed) not in there]:
        expected = f"{receivers} prompts x {len(seeds)} seeds = {receivers * len(seeds)}"
        raise CorruptFileError(
            f"{path}: {len(places)} embeddings; expected {expected}; first that lacks: receiver {lost[0][0]}, seed {lost[0][1]}"
        )


def _row(where: str, row: Any, keys: Sequence[str]) -> list[float]:
    if not isinstance(row, dict):
        raise CorruptFileError(f"{where} is {shortened(repr(row))}; expected an object with {', '.join(PUBLISHED_KEYS)}")
    if lost := [key for key in keys if key not in row]:
        raise CorruptFileError(f"{where} lacks '{lost[0]}'; expected {', '.join(PUBLISHED_KEYS)}{nearest(lost[0], list(row))}")
    if odd := [key for key in row if key not in PUBLISHED_KEYS]:
        raise CorruptFileError(
            f"{where} has '{odd[0]}'; expected {', '.join(PUBLISHED_KEYS)} (files that Lethe writes have more, and RMSE at another range)"
        )
    return [_value(f"{where}: {key}", row[key], key) for key in keys]


def _value(where: str, value: Any, key: str) -> float:
    if value is None and key == MAY_LACK:
        return math.nan
    number = _number(where, value)
    low, high = RANGES.get(key, (-math.inf, math.inf))
    if not low - ROUNDING <= number <= high + ROUNDING:
        raise CorruptFileError(f"{where} is {number:g}; expected {low:g} to {high:.4g}, as published at data range 4095")
    return number


def _number(where: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        said = "missing (null or NaN)" if value is None else shortened(repr(value))
        raise CorruptFileError(f"{where} is {said}; expected a finite number")
    return float(value)


def _check_names(where: str, found: Iterable[str], names: Sequence[str]) -> None:
    there, known = list(found), set(names)
    if unknown := [name for name in there if name not in known]:
        raise CorruptFileError(f"{where}: '{unknown[0]}' is no entity of the task{nearest(unknown[0], list(names))}")
    if missing := [name for name in names if name not in set(there)]:
        raise CorruptFileError(f"{where}: {len(there)} of {len(names)} entities; missing are {some_of(missing)}")


def _constant(name: str) -> None:
    if name != "NaN":
        raise ValueError(f"{name} is no value; expected finite numbers")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"key '{next(key for key in keys if keys.count(key) > 1)}' is given twice")
    return content
