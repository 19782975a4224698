"""Where torch computes, on how many threads, and that it computes the same again."""

from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING

from lethe.core.compat import quick_imports

if TYPE_CHECKING:
    import torch

# of mallopt(3): what is larger has pages of its own, and how much freed memory at the end of the heap stays with the process
M_MMAP_THRESHOLD, M_TRIM_THRESHOLD = -3, -1
LARGE, KEPT = 32 * 2**20, 512 * 2**20  # bytes; 32 MiB is what glibc goes up to by itself


def setup_torch(threads: int) -> None:
    """Fix the number of threads and ask for deterministic kernels, so that a rerun gives the same bytes.

    Memory of tensors is kept for the next ones.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    with quick_imports():
        import torch

    torch.set_num_threads(threads)
    torch.set_deterministic_debug_mode("warn")  # use_deterministic_algorithms also imports the compiler, 2 s
    # Else every torch.empty on a GPU is one more kernel. A property of the module's class, which no type checker knows.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    keep_freed_memory()


def keep_freed_memory() -> bool:
    """Let glibc keep what tensors free, for the next tensors; returns whether it does. Other C libraries have no such setting.

    By default it hands pages back to the system after a layer and asks for them again, zeroed one by one: with layers of 5 MB a tenth of
    the time of a pass. The largest memory of a process stays what it was.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    return mallopt is not None and all([mallopt(M_MMAP_THRESHOLD, LARGE), mallopt(M_TRIM_THRESHOLD, KEPT)])


def resolve_device(device: str) -> str:
    """``cpu`` or ``cuda``; ``cuda`` without one is an error, never a silent change."""
    import torch

    if device.startswith("cuda") and not torch.cuda.is_available():
        raise RuntimeError(f"device '{device}' was asked for but torch {torch.__version__} sees no CUDA device; set device: cpu")
    return device


def to_device(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """A tensor of the CPU on ``device``; to a GPU from pinned memory, so that the host does not wait for the work before it."""
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)
