"""torch's compiler, as passes of a network use it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

BACKEND = "inductor"  # of torch.compile


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function``, or a module, compiled as one graph at its first call with a shape of inputs; that needs a C++ compiler.

    It then starts fewer kernels. They round otherwise than those of torch, and are as deterministic as torch is asked to be.
    """
    import torch

    # The compiler has a switch of its own for deterministic kernels, which only this call sets along with torch's
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(torch.are_deterministic_algorithms_enabled(), warn_only=warn_only)
    return torch.compile(function, backend=BACKEND, fullgraph=True, dynamic=False)
