"""Lethe: what does a vision model lose besides the thing it was told to forget?

As a library, in three lines::

    import lethe

    model = lethe.load("results/mini/base/objects")
    unlearned = lethe.forget(model, "four", keep=["one", "two"], prompt="An image of a {concept}")

docs/library.md goes on from there; docs/architecture.md lists the floors of the package.

Importing ``lethe`` loads no torch: the Snakefile imports it in every job, and what a name above needs is imported when it is asked for. It
does one thing: a torchvision that does not fit torch is repaired when it is imported (``lethe.core.compat``).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from lethe.core.compat import repair_at_import

if TYPE_CHECKING:
    from lethe.library.concepts import forget
    from lethe.library.models import Model, load
    from lethe.library.samples import forget_samples

repair_at_import()

__version__ = "0.1.0"
__all__ = ["Model", "forget", "forget_samples", "load"]

_PLACES = {"Model": "models", "load": "models", "forget": "concepts", "forget_samples": "samples"}


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module 'lethe' has no attribute '{name}'; it offers {', '.join(__all__)}")
    return getattr(importlib.import_module(f"lethe.library.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
