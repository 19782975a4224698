"""Streamed safetensors files: the library's layout, parts as one, and no second copy in memory."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save

from lethe.io.tensors import DTYPES, read_tensors, write_joined, write_tensors


def of_every_type() -> dict[str, torch.Tensor]:
    g = torch.Generator().manual_seed(0)
    numbers = {f"{kind} {n}": torch.randint(0, 2, (n, 3), generator=g).to(kind) for kind in reversed(DTYPES) for n in (2, 1)}
    return numbers | {"a scalar": torch.tensor(2.5), "empty": torch.zeros(0, 4), "z ü": torch.arange(6.0).view(2, 3).T}


def test_bytes_are_those_of_the_library(tmp_path: Path) -> None:
    tensors = of_every_type()
    write_tensors(tmp_path / "ours", tensors, {"format": "x"})
    assert (tmp_path / "ours").read_bytes() == save({k: t.contiguous() for k, t in tensors.items()}, metadata={"format": "x"})
    found, header = read_tensors(tmp_path / "ours", "x")
    assert header == {"format": "x"} and all(torch.equal(found[name], tensor) for name, tensor in tensors.items())


def test_parts_are_written_as_one(tmp_path: Path) -> None:
    whole = {"w": torch.arange(24.0).view(6, 4), "n": torch.arange(6)}
    parts = [{name: tensor[rows] for name, tensor in whole.items()} for rows in (slice(0, 1), slice(1, 1), slice(1, 6))]
    write_joined(tmp_path / "joined", parts, {"a": "b", "c": "d"})
    write_tensors(tmp_path / "whole", whole, {"c": "d", "a": "b"})
    assert (tmp_path / "joined").read_bytes() == (tmp_path / "whole").read_bytes()
    assert torch.equal(load_file(tmp_path / "joined")["w"], whole["w"])


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ({"w": torch.zeros(1, 3)}, r"tensor 'w' is torch.float32 \(1, 3\) in one part, torch.float32 \(2, 2\) in another"),
        ({"w": torch.zeros(1, 2, dtype=torch.int64)}, r"tensor 'w' is torch.int64"),
        ({"w": torch.tensor(1.0)}, r"tensor 'w' is torch.float32 \(\)"),
        ({"v": torch.zeros(1, 2)}, "parts hold different tensors: 'v' is not in all"),
    ],
)
def test_parts_that_do_not_fit_are_refused(tmp_path: Path, second: dict[str, torch.Tensor], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write_joined(tmp_path / "x", [{"w": torch.zeros(2, 2)}, second], {})
    assert not list(tmp_path.iterdir())


def test_an_unknown_type_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="tensor 'c' is torch.complex64; allowed: torch.bool"):
        write_tensors(tmp_path / "x", {"c": torch.zeros(2, dtype=torch.complex64)}, {})


def test_writing_copies_nothing(tmp_path: Path) -> None:
    """``tracemalloc`` sees what Python holds: the library's ``save`` made the whole file as one ``bytes``."""
    tensors = {name: torch.zeros(500_000) for name in "abcd"}
    tracemalloc.start()
    try:
        write_tensors(tmp_path / "x", tensors, {})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 0.1 * (tmp_path / "x").stat().st_size
