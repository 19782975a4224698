"""The one place for work-arounds of other packages' faults.

A CPU build of torch beside PyPI's CUDA build of torchvision fails on ``import torchvision`` with
"operator torchvision::nms does not exist": torchvision's compiled library cannot be loaded, so its operators are
missing when its Python side registers their shapes. transformers, open_clip and timm import torchvision, so all
of them fail with it. Declaring the two operators first is enough: nothing in Lethe calls them.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

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
