"""Values that are not finite, looked for before they are rounded: a picture of NaN would be a black one, and look like any other."""

from __future__ import annotations

import torch
from torch import Tensor

CAUSES = "Likely causes: float16 overflows (set dtype: float32 or bfloat16), or the weights are damaged"


class NotFiniteError(ValueError):
    """A model computed NaN or infinity; the message names it."""


def finite_rows(values: Tensor) -> Tensor:
    """(n, ...) -> (n,) bool on the same device: whether all values of a row are finite."""
    return torch.isfinite(values).flatten(1).all(1)


def check_finite(values: Tensor, what: str) -> Tensor:
    """``values`` (n, ...) themselves; a row with NaN or infinity is a ``NotFiniteError`` that names its number and ``what`` it is."""
    finite = finite_rows(values).tolist()
    if not all(finite):
        raise NotFiniteError(f"{what} {finite.index(False)} of {len(finite)} holds NaN or infinity ({values.dtype}). {CAUSES}")
    return values
