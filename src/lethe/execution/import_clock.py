"""The CPU time that imports cost a process, at its start and later, inside functions of its own or of others."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

DECIDES_NO_RESULT = "tells how long imports take"


class ImportClock(MetaPathFinder):
    """Counts from ``start`` on, as the first to be asked where a module is; an import within an import is part of the outer one.

    It leaves the search to the finders behind it, and times that and the two functions by which the module is then loaded.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self._importing = False

    def start(self, seconds: float) -> None:
        """Go on from ``seconds``. Starting twice is harmless."""
        self.seconds = seconds
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """What the other finders say."""
        if self._importing:
            return None  # they are asked next
        spec = self._timed(self._search)(name, path, target)
        if spec is not None and not isinstance(spec.loader, type):  # a class loads what is built in: nothing to time
            for function in ("create_module", "exec_module"):
                if hasattr(spec.loader, function):
                    setattr(spec.loader, function, self._timed(getattr(spec.loader, function)))
        return spec

    def _search(self, *module: Any) -> ModuleSpec | None:
        others = (finder for finder in sys.meta_path if finder is not self)
        return next((spec for finder in others if (spec := finder.find_spec(*module)) is not None), None)

    def _timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any) -> Any:
            if self._importing:
                return function(*arguments)
            self._importing, begin = True, time.process_time()
            try:
                return function(*arguments)
            finally:
                self._importing = False
                self.seconds += time.process_time() - begin

        return timed
