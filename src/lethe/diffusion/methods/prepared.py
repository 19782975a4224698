"""What a method prepares once for all emitters of a task, as a file that every model of it reads.

Such a method says so in its ``about`` (``prepares``) and has a ``prepare``. The seconds stand in a record beside the file, so that
set-up and unlearning can be told apart, and in the record of each model as ``seconds_shared``.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch

from lethe.diffusion.folder import base_digest
from lethe.diffusion.methods import METHODS
from lethe.diffusion.methods.base import UnlearnData
from lethe.diffusion.methods.on_bases import check_method
from lethe.io.hashing import sha256_file
from lethe.io.tables import CorruptFileError, read_json, write_json
from lethe.io.tensors import first_not_finite, read_tensors, write_tensors

FORMAT = "lethe-prepared"


class Prepared(NamedTuple):
    """What was prepared: the tensors, and what the record of a model says of them (seconds, hash of the file)."""

    tensors: dict[str, torch.Tensor]
    record: dict[str, Any]


def prepare(
    path: str | Path,
    record: str | Path,
    *,
    task: str,
    method: str,
    base: str | Path,
    data: UnlearnData,
    hyperparameters: Mapping[str, Any],
    seed: int,
    device: str,
) -> None:
    """Let a method prepare, and write the tensors to ``path`` and the seconds to ``record``.

    Raises:
        ValueError: the method prepares nothing, or NaN or infinity.
    """
    from lethe.diffusion.pipeline import load_pipeline  # here, so that a job which only reads is spared it

    check_method(method, base)
    unlearner = METHODS.load(method)(**hyperparameters)
    pipe = load_pipeline(base, device=device)
    begin = time.monotonic()
    tensors = unlearner.prepare(pipe, data, seed=seed)
    seconds = time.monotonic() - begin
    if not tensors:
        raise ValueError(f"method '{method}' prepares nothing, but says so in `about`")
    if name := first_not_finite(tensors):
        raise ValueError(f"method '{method}' prepared '{name}' with NaN or infinity")
    header = {"format": FORMAT, "version": "1", "task": task, "method": method, "base": base_digest(base)}
    write_tensors(path, tensors, header)
    write_json(record, {"task": task, "method": method, "seconds": seconds, "sha256": sha256_file(path)})


def read_prepared(path: str | Path, record: str | Path, *, task: str, method: str, base: str | Path) -> Prepared:
    """The inverse of ``prepare``.

    Raises:
        CorruptFileError: a file of another kind, task, method or base, or not the one of which the record tells.
    """
    tensors, header = read_tensors(path, FORMAT)
    said = read_json(record)
    for key, expected in (("task", task), ("method", method), ("base", base_digest(base))):
        if header.get(key) != expected:
            raise CorruptFileError(f"{path}: {key} is '{header.get(key, '')[:12]}', expected '{expected[:12]}'")
    if said.get("sha256") != sha256_file(path):
        raise CorruptFileError(f"{path}: its hash is not the one in {record}")
    return Prepared(tensors, {"seconds_shared": said["seconds"], "prepared_sha256": said["sha256"]})
