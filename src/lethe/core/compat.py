"""The one place for work-arounds of other packages' faults.

A CPU build of torch beside PyPI's CUDA build of torchvision fails on ``import torchvision`` with
"operator torchvision::nms does not exist": torchvision's compiled library cannot be loaded, so its operators are
missing when its Python side registers their shapes. transformers, open_clip and timm import torchvision, so all
of them fail with it. Declaring the two operators first is enough: nothing in Lethe calls them. Whoever imports torchvision, and
in whatever order, ``repair_at_import`` has it done just before; ``lethe`` itself asks for that, so no other module has to.

diffusers, while it is imported, reads the list of files of every installed package, half a second of each job, for a
map from modules to packages that it then does not need. In ``quick_imports`` it is given a map that is read when it is asked.

Snakemake's report reads the text of an environment once a job, by PyYAML's loader in Python. ``read_yaml_by_libyaml`` has it read by the
one in C, which gives the same a tenth of the time.
"""

from __future__ import annotations

import functools
import gc
import importlib.metadata
import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType

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

    It has to happen before torchvision is imported. A healthy installation is left alone. Calling it twice is harmless.
    """
    if _KEEP or not torchvision_is_broken():
        return False
    import torch

    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _KEEP.append(library)
    return True


class _RepairingLoader(SourceFileLoader):
    """Loads torchvision."""

    def exec_module(self, module: ModuleType) -> None:
        repair_torchvision()
        super().exec_module(module)


class _RepairingFinder(MetaPathFinder):
    """Finds torchvision where it is, and gives it another loader."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != "torchvision":
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.origin is not None:
            spec.loader = _RepairingLoader(name, spec.origin)
        return spec


def repair_at_import() -> None:
    """From here on, torchvision is repaired when it is first imported; nothing is imported now. Calling it twice is harmless."""
    if not any(isinstance(finder, _RepairingFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _RepairingFinder())


class _ReadWhenAsked(Mapping[str, list[str]]):
    def __init__(self, read: Callable[[], Mapping[str, list[str]]]) -> None:
        self._read = functools.cache(read)

    def __getitem__(self, module: str) -> list[str]:
        return self._read()[module]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())


@contextmanager
def quick_imports() -> Iterator[None]:
    """Import large libraries in here: the garbage collector rests, and diffusers' list of all installed packages is read when it is asked.

    Torch and diffusers make a million objects while they are imported, and the collector would walk them again and again, a fifth of
    the time to import them. Afterwards it runs again, and passes over what was imported.
    """
    read = importlib.metadata.packages_distributions
    importlib.metadata.packages_distributions = lambda: _ReadWhenAsked(read)
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
        importlib.metadata.packages_distributions = read


def read_yaml_by_libyaml() -> None:
    """From here on, ``yaml.Loader`` is PyYAML's loader in C, where there is one: what Snakemake's report asks for."""
    import yaml

    yaml.Loader = getattr(yaml, "CLoader", yaml.Loader)  # type: ignore[misc]
