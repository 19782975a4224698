"""Checkpoints that torch wrote, which are pickles: tensors and plain containers are read, and no code of them is run."""

from __future__ import annotations

import pickle
import re
import zipfile
from pathlib import Path
from typing import Any

import torch

from lethe.io.tables import CorruptFileError, readable


def read_checkpoint(path: str | Path) -> Any:
    """What a ``.ckpt``, ``.pt`` or ``.pth`` file holds, on the CPU; of a file in today's form a tensor is read when it is used.

    Raises:
        CorruptFileError: no such file, or one that holds more than tensors and plain containers; it says what it asks for.
    """
    path = Path(path)
    with readable(path, "a checkpoint of torch"):
        try:
            return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
        except pickle.UnpicklingError as error:
            asked = re.search(r"Unsupported (?:global|class): (?:GLOBAL )?(\S+)", str(error))
            if asked is None:
                raise
            raise CorruptFileError(
                f"{path}: a pickle that holds more than tensors, so it could run code (it asks for {asked[1]}); allowed: tensors in plain "
                "dictionaries, or a safetensors file"
            ) from error
