"""The one place for work-arounds of other packages' faults.

A CPU build of torch beside PyPI's CUDA build of torchvision fails on ``import torchvision`` with
"operator torchvision::nms does not exist": torchvision's compiled library cannot be loaded, so its operators are
missing when its Python side registers their shapes. transformers, open_clip and timm import torchvision, so all
of them fail with it. Declaring the two operators first is enough: nothing in Lethe calls them.

diffusers, while it is imported, reads the list of files of every installed package, half a second of each job, for a
map from modules to packages that it then does not need. ``defer_package_list`` has it read when it is asked.
"""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

DECIDES_NO_RESULT = "works around faults of other packages' installations"

_KEEP: list[object] = []  # a torch.library.Library takes its definitions with it when it is collected


def torchvision_is_broken() -> bool:
    """Whether torchvision is installed and its compiled operators cannot be loaded into this torch."""
    import torch

    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None:
        return False
    for library in Path(spec.origin).parent.glob("_C*.so"):
        try:
            torch.ops.load_library(str(library))
        except OSError:  # the loader's error for a missing libcudart or an unresolved symbol
            return True
    return False


def repair_torchvision() -> bool:
    """Declare ``torchvision::nms`` and ``qnms`` where torchvision cannot; returns whether it did.

    Call it before the first import of torchvision, transformers, diffusers, open_clip or timm. A healthy installation
    is left alone. Calling it twice is harmless.
    """
    if _KEEP or not torchvision_is_broken():
        return False
    import torch

    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _KEEP.append(library)
    return True


class _ReadWhenAsked(Mapping[str, list[str]]):
    def __init__(self, read: Callable[[], Mapping[str, list[str]]]) -> None:
        self._read = functools.cache(read)

    def __getitem__(self, module: str) -> list[str]:
        return self._read()[module]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())


def defer_package_list() -> None:
    """From here on, ``importlib.metadata.packages_distributions`` answers with a mapping that is read at its first use."""
    read = importlib.metadata.packages_distributions
    importlib.metadata.packages_distributions = lambda: _ReadWhenAsked(read)
