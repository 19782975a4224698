"""Broken tensor files: deltas, stacks of classifiers, data sets of Deep Unlearn, embeddings."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tests.fuzz.harness import Case, Payload, Read, cut, marker, offsets, pickled, put
from torch import Tensor

from lethe.classifiers.data.stored import FORMAT as DATA
from lethe.classifiers.data.stored import read_data
from lethe.classifiers.models.stack import Stack
from lethe.diffusion.delta import (
    DenseDelta,
    GatedLoraDelta,
    LoraDelta,
    SparseDelta,
    SuppressEotDelta,
    TextMapDelta,
    load_delta,
)
from lethe.diffusion.kinds import FORMAT as DELTA
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.io.tensors import write_tensors

Tensors = dict[str, Tensor]
Header = dict[str, str]


def stored(folder: Path, file: str, tensors: Tensors, header: Header, read: Callable[[Path], object]) -> Read:
    """Write a safetensors file and return how it is read."""
    write_tensors(folder / file, tensors, header)
    return lambda: read(folder / file)


def _case(name: str, file: str, tensors: Tensors, header: Header, read: Callable[[Path], object], *says: str) -> Case:
    return Case(name, lambda folder: stored(folder, file, tensors, header, read), (file, *says))


def bytes_cases(file: str, tensors: Tensors, header: Header, read: Callable[[Path], object]) -> list[Case]:
    """Cut anywhere; the header's length, braces and every entry damaged. (Tensors carry no checksum, so their bytes stay.)"""

    def changed(name: str, change: Callable[[bytes], bytes]) -> Case:
        def build(folder: Path) -> Read:
            write_tensors(folder / file, tensors, header)
            data = (folder / file).read_bytes()
            (folder / file).write_bytes(change(data))
            return lambda: read(folder / file)

        return Case(f"{file}: {name}", build, (file,))

    cases = [changed(f"cut at {part}/24", lambda data, p=part: cut(data, p * len(data) // 24)) for part in range(24)]
    cases.append(changed("the last byte missing", lambda data: data[:-1]))
    cases.append(changed("one byte more", lambda data: data + b"\0"))
    for length in (0, 1, 7, 2**31, 2**63):
        cases.append(changed(f"header of {length} bytes", lambda data, n=length: struct.pack("<Q", n) + data[8:]))
    for bad in (b"\x00", b"\xff", b"}"):
        for at in (8, 12, 40):
            cases.append(changed(f"{bad!r} in the header at {at}", lambda data, b=bad, a=at: put(data, a, b)))
    for name, damage in HEADERS.items():
        cases.append(changed(f"header: {name}", lambda data, d=damage: with_header(data, d)))
    return cases


def with_header(data: bytes, damage: Callable[[dict[str, Any]], object]) -> bytes:
    """The file with a changed header of the right length."""
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    damage(header)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data[8 + length :]


def _first(header: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(value for key, value in sorted(header.items()) if key != "__metadata__")
    return found


HEADERS: dict[str, Callable[[dict[str, Any]], object]] = {
    "no metadata": lambda header: header.pop("__metadata__"),
    "metadata of numbers": lambda header: header.update(__metadata__={"format": 1}),
    "metadata is a list": lambda header: header.update(__metadata__=[]),
    "unknown dtype": lambda header: _first(header).update(dtype="F12"),
    "dtype is a number": lambda header: _first(header).update(dtype=4),
    "negative shape": lambda header: _first(header).update(shape=[-1, 4]),
    "huge shape": lambda header: _first(header).update(shape=[2**40, 2**40]),
    "another shape": lambda header: _first(header).update(shape=[999]),
    "shape is text": lambda header: _first(header).update(shape="big"),
    "offsets beyond the file": lambda header: _first(header).update(data_offsets=[0, 2**40]),
    "offsets backwards": lambda header: _first(header).update(data_offsets=[8, 0]),
    "no offsets": lambda header: _first(header).pop("data_offsets"),
    "a tensor is a number": lambda header: header.update(another=5),
}


def _pickles(file: str, read: Callable[[Path], object]) -> list[Case]:
    def raw(folder: Path) -> Read:
        (folder / file).write_bytes(pickled(folder))
        return lambda: read(folder / file)

    def saved(folder: Path) -> Read:
        torch.save({"left": Payload(marker(folder))}, folder / file)
        return lambda: read(folder / file)

    return [Case(f"{file} is a pickle", raw, (file,)), Case(f"{file} is a .pt file", saved, (file,))]


LEFT = torch.ones(2, 4)
IDS = torch.tensor([3, 5])
GATED = GatedLoraDelta({"unet.a": (torch.ones(2, 4), torch.ones(3, 2))}, IDS, torch.ones(6, 4))
SUPPRESSED = SuppressEotDelta((IDS,))
GOOD: dict[str, tuple[Tensors, Header]] = {
    "text_map": (TextMapDelta(LEFT, LEFT + 1).tensors(), {"scale": "1.0"}),
    "lora": (LoraDelta({"unet.a": (torch.ones(2, 4), torch.ones(3, 2))}).tensors(), {}),
    "sparse": (SparseDelta({"unet.a": (torch.ones(2, 4), torch.ones(3, 2))}, {"unet.a": torch.ones(3, 4) > 0}).tensors(), {}),
    "dense": (DenseDelta({"unet.a.weight": torch.ones(3, 4)}).tensors(), {}),
    "gated_lora": (GATED.tensors(), GATED.scalars()),
    "suppress_eot": (SUPPRESSED.tensors(), SUPPRESSED.scalars()),
}


ALLOWED = {"target.ids": (1,), "target.000": (1,), "target.states": (7, 5)}  # of the shapes that are tried


def deltas() -> list[Case]:
    """Every kind of delta with tensors that are missing, too many, of another shape or dtype, or no numbers."""
    file, cases = "delta.safetensors", []
    for kind, (tensors, scalars) in GOOD.items():
        header = {"format": DELTA, "version": "1", "kind": kind, **scalars}
        cases += bytes_cases(f"{kind}.{file}", tensors, header, load_delta)

        def broken(
            name: str, content: Tensors, head: Header | None = None, *says: str, k: str = kind, h: Header = header
        ) -> Case:
            return _case(f"{k}: {name}", f"{k}.{file}", content, head or h, load_delta, *says)

        for name, tensor in tensors.items():
            if kind != "dense":  # which holds any parameters
                cases.append(broken(f"no {name}", {key: value for key, value in tensors.items() if key != name}, None, kind))
            if tensor.is_floating_point():
                for value in (float("nan"), float("inf")):
                    cases.append(broken(f"{name} holds {value}", tensors | {name: torch.full_like(tensor, value)}, None, name))
            if kind != "dense":
                for shape in ((0,), (1,), (7, 5), (3, 3, 3)):
                    if shape == ALLOWED.get(name):
                        continue
                    cases.append(
                        broken(f"{name} is {shape}", tensors | {name: torch.ones(shape, dtype=tensor.dtype)}, None, kind)
                    )
        cases.append(broken("a tensor too many", tensors | {"stranger": torch.ones(2)}, None, "stranger"))
        cases.append(broken("another kind", tensors, header | {"kind": "txt_map"}, "txt_map", "text_map"))
        cases.append(broken("no kind", tensors, {"format": DELTA, "version": "1"}))
        cases.append(broken("another version", tensors, header | {"version": "2"}, "version", "'2'"))
        cases.append(broken("another format", tensors, header | {"format": DATA}, DATA))
        # dense holds parameters of any name, also those of a lora; only the pipeline knows that it has none such
        for other in sorted(set(GOOD) - {kind} - ({"dense"} if kind == "lora" else set())):
            cases.append(broken(f"called {other}", tensors, header | {"kind": other}, other))
    text_map, header = GOOD["text_map"][0], {"format": DELTA, "version": "1", "kind": "text_map"}
    for scale in ("nan", "inf", "big", ""):
        cases.append(_case(f"scale {scale!r}", file, text_map, header | {"scale": scale}, load_delta, "text_map"))
    cases.append(_case("no scale", file, text_map, header, load_delta, "scale"))
    header = {"format": DELTA, "version": "1", "kind": "suppress_eot", **SUPPRESSED.scalars()}
    for key in SUPPRESSED.scalars():
        for value in ("nan", "inf", "big", ""):
            cases.append(_case(f"{key} {value!r}", file, SUPPRESSED.tensors(), header | {key: value}, load_delta, "suppress_eot"))
    for wrong in ({"begin": "1.5"}, {"count": "-1"}, {"count": "2.5"}):
        cases.append(_case(f"{wrong}", file, SUPPRESSED.tensors(), header | wrong, load_delta, "suppress_eot"))
    header = {"format": DELTA, "version": "1", "kind": "gated_lora"}
    cases.append(_case("matching", file, GATED.tensors(), header | {"matching": "token"}, load_delta, "did you mean 'tokens'"))
    cases.append(_case("no matching", file, GATED.tensors(), header, load_delta, "matching"))
    sparse, header = GOOD["sparse"][0], {"format": DELTA, "version": "1", "kind": "sparse"}
    for shape in ([-3, 4], [10**6, 10**6], [3, 3, 3], [0, 0], []):
        wrong = sparse | {"unet.a.mask_shape": torch.tensor(shape, dtype=torch.int64)}
        cases.append(_case(f"mask of shape {shape}", file, wrong, header, load_delta, "unet.a"))
    for dtype in (torch.int64, torch.float32, torch.bool):
        wrong = sparse | {"unet.a.mask": sparse["unet.a.mask"].to(dtype)}
        cases.append(_case(f"mask of {dtype}", file, wrong, header, load_delta, "sparse"))
    dense = {"format": DELTA, "version": "1", "kind": "dense"}
    cases.append(_case("dense float64", file, {"unet.a": torch.ones(2, dtype=torch.float64)}, dense, load_delta, "unet.a"))
    cases.append(_case("no component", file, {"vae.a": torch.ones(2)}, dense, load_delta, "vae.a"))
    return cases + _pickles(file, load_delta)


def stacks() -> list[Case]:
    """Classifiers of Deep Unlearn."""
    file, header = "original.safetensors", {"format": "lethe-stack", "version": "1"}
    tensors = {"parameters/w": torch.ones(3, 4, 2), "parameters/b": torch.ones(3, 4), "buffers/mean": torch.ones(3, 4)}
    cases = bytes_cases(file, tensors, header, Stack.load)
    cases.append(_case("another format", file, tensors, {"format": DATA}, Stack.load, DATA))
    cases.append(_case("a name without a kind", file, tensors | {"w": torch.ones(3)}, header, Stack.load, "w"))
    cases.append(_case("a kind that is none", file, tensors | {"weights/w": torch.ones(3)}, header, Stack.load, "weights"))
    cases.append(
        _case("other numbers of models", file, tensors | {"parameters/b": torch.ones(2, 4)}, header, Stack.load, "parameters/b")
    )
    cases.append(_case("a number alone", file, tensors | {"parameters/b": torch.tensor(1.0)}, header, Stack.load, "parameters/b"))
    cases.append(_case("no parameters", file, {"buffers/mean": torch.ones(3, 4)}, header, Stack.load, "parameters"))
    return cases + _pickles(file, Stack.load)


def data_sets() -> list[Case]:
    """``data.safetensors``: images, labels and splits."""
    file, header = "data.safetensors", {"format": DATA, "dataset": "digits", "provider": "digits"}
    tensors: Tensors = {"images": torch.zeros(40, 8, 8, 1, dtype=torch.uint8), "labels": torch.arange(40) % 10}
    tensors["clean_labels"] = tensors["labels"].clone()
    tensors |= {name: torch.arange(10) + 10 * i for i, name in enumerate(("retain", "forget", "val", "test"))}
    cases = bytes_cases(file, tensors, header, read_data)

    def broken(name: str, change: Tensors, *says: str) -> Case:
        return _case(f"data: {name}", file, tensors | change, header, read_data, *says)

    for name, tensor in tensors.items():
        less = {key: value for key, value in tensors.items() if key != name}
        cases.append(_case(f"data: no {name}", file, less, header, read_data, name))
        for dtype in (torch.float32, torch.int32, torch.bool):
            cases.append(broken(f"{name} of {dtype}", {name: tensor.to(dtype)}, name))
        cases.append(broken(f"{name} in another shape", {name: tensor[None]}, name))
        cases.append(broken(f"{name} empty", {name: tensor[:0]}))
        if name != "images":
            for value in (-1, 40, 10**9):
                cases.append(
                    broken(
                        f"{name} holds {value}", {name: tensor.clone().index_fill(0, torch.tensor([3]), value)}, name, str(value)
                    )
                )
    cases.append(broken("a label too few", {"labels": tensors["labels"][:-1]}, "labels"))
    cases.append(broken("images in four colours", {"images": torch.zeros(40, 8, 8, 4, dtype=torch.uint8)}, "images"))
    cases.append(broken("a row in two splits", {"forget": tensors["retain"].clone()}, "0"))
    cases.append(broken("a tensor too many", {"stranger": torch.ones(2)}, "stranger"))
    for dataset in ("digit", "", "imagenet"):
        cases.append(_case(f"data: of {dataset!r}", file, tensors, header | {"provider": dataset}, read_data, f"'{dataset}'"))
    for dataset in ("", "di}its", "../digits"):
        cases.append(_case(f"data: set {dataset!r}", file, tensors, header | {"dataset": dataset}, read_data, f"'{dataset}'"))
    cases.append(_case("data: no set", file, tensors, {"format": DATA}, read_data))
    cases.append(_case("data: another format", file, tensors, header | {"format": DELTA}, read_data, DELTA))
    return cases + _pickles(file, read_data)


def embeddings() -> list[Case]:
    """``.npz`` of embeddings: damaged archives, arrays of other forms, arrays of objects."""
    file = "objects_000_uce_000_embeddings.npz"
    good: dict[str, Any] = {"receiver": np.arange(6), "seed": np.full(6, 42), "embedding": np.ones((6, 4), np.float32)}

    def changed(name: str, change: Callable[[bytes], bytes]) -> Case:
        def build(folder: Path) -> Read:
            (folder / file).write_bytes(change(npz(good)))
            return lambda: Embeddings.load(folder / file)

        return Case(f"npz: {name}", build, (file,))

    def arrays(name: str, content: dict[str, Any], *says: str) -> Case:
        def build(folder: Path) -> Read:
            (folder / file).write_bytes(npz(content))
            return lambda: Embeddings.load(folder / file)

        return Case(f"npz: {name}", build, (file, *says))

    size = len(npz(good))
    cases = [changed(f"cut at {at}", lambda data, a=at: cut(data, a)) for at in offsets(size - 22, 40)]
    for key in good:
        for at in range(0, 24, 4):  # the array's bytes, under the archive's checksum
            cases.append(changed(f"{key} byte {at}", lambda data, k=key, a=at: _array_byte(data, good[k], a)))
        cases.append(arrays(f"no {key}", {k: v for k, v in good.items() if k != key}, key))
        cases.append(arrays(f"{key} of text", good | {key: np.array(["a"] * 6)}, key))
        cases.append(arrays(f"{key} of complex numbers", good | {key: np.ones(6, complex)}, key))
        for shape in ((5,), (2, 2, 2), ()):
            cases.append(arrays(f"{key} of shape {shape}", good | {key: np.ones(shape, good[key].dtype)}))
    clip = good | {"clip": np.ones((6, 2), np.float32)}  # the field that may be missing
    cases.append(arrays("clip of text", clip | {"clip": np.array(["a"] * 6)}, "clip"))
    cases.append(arrays("clip of integers", clip | {"clip": np.ones((6, 2), np.int64)}, "clip"))
    for shape in ((5, 2), (6,), (6, 2, 2), ()):
        cases.append(arrays(f"clip of shape {shape}", clip | {"clip": np.ones(shape, np.float32)}, "clip"))
    cases.append(changed("a single array", lambda data: npy(good["embedding"])))
    cases.append(changed("empty", lambda data: b""))
    cases.append(changed("text", lambda data: b"receiver,seed\n"))
    cases.append(arrays("an empty archive", {}, "receiver"))

    def objects(key: str) -> Case:
        def build(folder: Path) -> Read:
            payload = np.empty(6, object)
            payload[:] = [Payload(marker(folder)) for _ in range(6)]
            (folder / file).write_bytes(npz(good | {key: payload}, allow_pickle=True))
            return lambda: Embeddings.load(folder / file)

        return Case(f"npz: {key} of objects", build, (file,))

    def single(folder: Path) -> Read:
        payload = np.array([Payload(marker(folder))], object)
        (folder / file).write_bytes(npy(payload, allow_pickle=True))
        return lambda: Embeddings.load(folder / file)

    cases += [objects(key) for key in good]
    return [*cases, Case("npz: a single array of objects", single, (file,)), *_pickles(file, Embeddings.load)]


def npz(arrays: dict[str, Any], allow_pickle: bool = False) -> bytes:
    """The bytes of a ``.npz``."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=allow_pickle, **arrays)
    return buffer.getvalue()


def npy(array: Any, allow_pickle: bool = False) -> bytes:
    """The bytes of a ``.npy``."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=allow_pickle)
    return buffer.getvalue()


def _array_byte(data: bytes, array: Any, at: int) -> bytes:
    place = data.index(array.tobytes()) + at
    return put(data, place, bytes([data[place] ^ 0x10]))
