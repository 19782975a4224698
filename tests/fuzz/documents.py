"""Broken JSON: the metadata of a task, the raw records of a source, the record of a checkpoint."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from tests.fuzz.harness import Case, Read, cut, offsets, pickled, put

from lethe.diffusion.pretraining.assets import load_asset, save_asset
from lethe.diffusion.testbed.metadata import enrich
from lethe.diffusion.testbed.schema import read_metadata
from lethe.io.tables import read_json

FILE = "metadata_objects_2_enriched_filtered.json"
RECORDS: list[dict[str, Any]] = [
    {
        "name": f"digit {i}",
        "index": i,
        "is_unlearned": True,
        "dataset_n_original": 170 + i,
        "loops": i % 3,
        "parity": "even",
        "hpi": i / 2,
    }
    for i in range(6)
]


def _text(records: Any) -> bytes:
    return json.dumps(records, indent=1).encode()


def _metadata(name: str, data: bytes, *says: str) -> Case:
    def build(folder: Path) -> Read:
        (folder / FILE).write_bytes(data)
        return lambda: read_metadata(folder / FILE)

    return Case(name, build, (FILE, *says))


def _raw(name: str, data: bytes, *says: str) -> Case:
    def build(folder: Path) -> Read:
        (folder / "objects.json").write_bytes(data)
        return lambda: enrich(read_json(folder / "objects.json"))

    return Case(f"raw: {name}", build, says)


def damaged(data: bytes) -> list[tuple[str, bytes]]:
    """JSON text cut off, and with bytes that no JSON holds."""
    found = [(f"cut at {at}", cut(data, at)) for at in offsets(len(data.rstrip()), 30)]
    for bad in (b"\x00", b"\x1f", b"\xff"):
        found += [(f"{bad!r} at {at}", put(data, at, bad)) for at in offsets(len(data.rstrip()), 12)]
    found += [
        ("two documents", data + data),
        ("nested too deep", b"[" * 100_000),
        ("empty", b""),
        ("UTF-16", data.decode().encode("utf-16")),
    ]
    found += [("a number too long", data.replace(b"170", b"1" * 5000, 1)), ("key twice", data.replace(b'"loops"', b'"name"', 1))]
    return found


def with_value(number: int, key: str, value: Any) -> bytes:
    """The metadata with one other value."""
    records = deepcopy(RECORDS)
    records[number][key] = value
    return _text(records)


FIELDS: dict[str, list[Any]] = {
    "name": [5, "", "  ", None, ["a"], {"a": 1}, True],
    "dataset_n_original": [0, -3, "12", 1.5, True, None, [1]],
}
INDEXED: dict[str, list[Any]] = {
    "index": ["1", 1.0, -1, 5, 99, True, None, [1], {"a": 1}],
    "is_unlearned": [0, 1, "yes", None, [True]],
}
ATTRIBUTES: dict[str, list[Any]] = {"loops": [[1], {"a": 1}, "two", True], "parity": [7, False, ["odd"]], "hpi": ["high", [0.5]]}


def metadata() -> list[Case]:
    """The filtered metadata of a task."""
    cases = [_metadata(name, data) for name, data in damaged(_text(RECORDS))]
    for number in (0, 3):
        for key, values in (FIELDS | INDEXED).items():
            for value in values:
                if key == "index" and value == number and type(value) is int:
                    continue
                cases.append(_metadata(f"{key} of record {number} is {value!r}", with_value(number, key, value), key))
    for key, values in ATTRIBUTES.items():
        for value in values:
            cases.append(_metadata(f"{key} is {value!r}", with_value(2, key, value), key))
    for key in RECORDS[0]:
        less = [{k: v for k, v in record.items() if k != key or record["index"] != 4} for record in RECORDS]
        cases.append(_metadata(f"no {key} in one record", _text(less), key))
        for constant in ("NaN", "Infinity", "-Infinity"):
            text = _text(RECORDS).decode().replace(f'"{key}": {json.dumps(RECORDS[1][key])}', f'"{key}": {constant}', 1)
            cases.append(_metadata(f"{key} is {constant}", text.encode(), constant))
    doubled = [RECORDS[0], RECORDS[1], RECORDS[0] | {"index": 2}]
    cases.append(_metadata("a name twice", _text(doubled), "digit 0"))
    cases.append(_metadata("an entity twice", _text([*RECORDS, RECORDS[-1]]), "digit 5"))
    cases.append(_metadata("another order", _text(RECORDS[::-1]), "index", "digit 5"))
    cases.append(_metadata("a field of one record", with_value(3, "extra", 1), "extra"))
    for root in ({}, {"records": RECORDS}, "text", 5, None, True, [], [[]], [None], ["name"], [RECORDS[0], 7]):
        cases.append(_metadata(f"the root is {str(root)[:30]}", _text(root)))
    return [*cases, _pickled(FILE, read_metadata)]


def raw_records() -> list[Case]:
    """What a source hands over."""
    plain = [{key: value for key, value in record.items() if key not in ("index", "is_unlearned")} for record in RECORDS]
    cases = [_raw(name, data, "objects.json") for name, data in damaged(_text(plain))]
    for key, values in (FIELDS | ATTRIBUTES).items():
        for value in values:
            records = deepcopy(plain)
            records[2][key] = value
            cases.append(_raw(f"{key} is {value!r}", _text(records), key))
    cases.append(_raw("a name twice", _text([plain[0], plain[0]]), "digit 0"))
    for root in ({}, "text", 5, None, [], [7], [plain[0], "x"]):
        cases.append(_raw(f"the root is {str(root)[:30]}", _text(root)))
    return cases


def _pickled(file: str, read: Callable[[Path], object]) -> Case:
    def build(folder: Path) -> Read:
        (folder / file).write_bytes(pickled(folder))
        return lambda: read(folder / file)

    return Case(f"{file} is a pickle", build, (file,))


def checkpoints() -> list[Case]:
    """A checkpoint's weights and record, each damaged or not those of the other."""
    cases = []
    for number in range(20):
        cases.append(
            _checkpoint(f"record cut at {number}/20", "vae.json", lambda data, n=number: cut(data, n * len(data.rstrip()) // 20))
        )
        cases.append(_checkpoint(f"weights changed at {number}/20", "vae.safetensors", lambda data, n=number: _one_byte(data, n)))
        cases.append(
            _checkpoint(f"weights cut at {number}/20", "vae.safetensors", lambda data, n=number: cut(data, n * len(data) // 20))
        )
    for key in ("weights_sha256", "schema_version", "entities", "settings_sha256"):
        cases.append(_checkpoint(f"record without {key}", "vae.json", lambda data, k=key: _less(data, k), key))
    for root in (b"[]", b"5", b'"text"', b"null", b"\xff\xfe"):
        cases.append(_checkpoint(f"record is {root!r}", "vae.json", lambda data, r=root: r, "vae.json"))
    return cases


def _one_byte(data: bytes, number: int) -> bytes:
    at = number * len(data) // 20
    return put(data, at, bytes([data[at] ^ 0x40]))


def _less(data: bytes, key: str) -> bytes:
    return json.dumps({k: v for k, v in json.loads(data).items() if k != key}).encode()


def _checkpoint(name: str, file: str, change: Callable[[bytes], bytes], *says: str) -> Case:
    def build(folder: Path) -> Read:
        parts = {"vae": {"weight": torch.arange(12.0).reshape(3, 4)}}
        save_asset(folder / "vae.safetensors", parts, {"entities": ["a"], "settings_sha256": "0" * 64})
        path = folder / file
        path.write_bytes(change(path.read_bytes()))
        return lambda: load_asset(folder / "vae.safetensors", ["a"], "0" * 64)

    return Case(f"checkpoint: {name}", build, ("vae.", *says))
