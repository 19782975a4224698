"""The CPU time that imports cost a process, at its start and later, inside functions of its own or of others."""

from __future__ import annotations

import builtins
import importlib
import time
from collections.abc import Callable
from typing import Any

DECIDES_NO_RESULT = "tells how long imports take"


class ImportClock:
    """Counts from ``start`` on; an import within an import is part of the outer one."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._importing = False

    def start(self) -> None:
        """Time the two ways to import: the statement and ``importlib.import_module``, by which lazy packages load their parts."""
        for module, name in ((builtins, "__import__"), (importlib, "import_module")):
            setattr(module, name, self._timed(getattr(module, name)))

    def _timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            if self._importing:
                return function(*args, **kwargs)
            self._importing, begin = True, time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                self._importing = False
                self.seconds += time.process_time() - begin

        return timed
