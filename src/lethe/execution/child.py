"""The fork server's side of ``lethe.execution.forked``: what it imports, and how a process forked from it runs a script.

A script must not notice that it was forked: it has the environment, working directory, import path, ``__main__``, exit status and functions
at exit that ``python script`` gives it. Two things are common to all scripts of a run: the seed of string hashes, and the state
of random generators that were seeded while they were imported.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import importlib
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from lethe.core.compat import quick_imports

MODULES = "LETHE_PRELOAD"  # in the environment of the server: names of the modules that it imports
PRELOAD = "lethe.execution.preload"
_PR_SET_PDEATHSIG = 1  # of prctl(2): the signal that this process gets when its parent ends

_server: dict[str, Any] = {}  # of the server, what a new interpreter would have too


def preload(modules: Sequence[str]) -> None:
    """Import ``modules``, from then on shared by all processes that are forked from this one.

    Raises:
        RuntimeError: if one cannot be imported; an ``ImportError`` the server would pass over in silence.
    """
    _server.update(pid=os.getpid(), interrupt=signal.getsignal(signal.SIGINT))
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it while it imports, without a traceback; later only runs and jobs
    begin = time.process_time()
    with quick_imports():
        for module in modules:
            try:
                importlib.import_module(module)
            except ImportError as error:
                raise RuntimeError(f"module '{module}' cannot be imported for all jobs at once: {error}") from error
        gc.collect()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _server["path"] = [entry for entry in sys.path if entry]  # multiprocessing gives a child that of Snakemake
    gc.disable()  # a collection would touch, and so copy, memory that is shared; each script turns the collector on for itself
    print(
        f"imported for all jobs to come: {len(sys.modules)} modules, {time.process_time() - begin:.1f} s of CPU", file=sys.stderr
    )


def is_preloaded() -> None:
    """Ends with 0 in a child of a server that has imported everything, with 1 in any other."""
    sys.exit(0 if PRELOAD in sys.modules else 1)


def run_script(script: str, folder: str, environment: Mapping[str, str]) -> None:
    """In a child of the server: what ``python script`` does in ``folder``, to the functions that run at exit."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # without the server nobody would learn how this ends
    if os.getppid() != _server["pid"]:
        os._exit(1)  # it ended before the line above
    signal.signal(signal.SIGINT, _server["interrupt"])
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    tempfile.tempdir = None  # asked for while modules were imported, it would be the server's
    sys.argv = [script]
    sys.path[:] = [os.path.dirname(script), *_server["path"]]
    gc.enable()
    sys.exit(_run_as_main(script))


def _run_as_main(script: str) -> Any:
    """Returns what ``sys.exit`` takes. The order is that of the interpreter: error, threads, functions at exit."""
    main = sys.modules["__main__"] = ModuleType("__main__")
    main.__file__ = script
    status: Any = 0
    try:
        with open(script, "rb") as source:
            exec(compile(source.read(), script, "exec"), main.__dict__)
    except SystemExit as end:
        status = end.code
    except BaseException as error:
        sys.last_type, sys.last_value, sys.last_traceback = type(error), error, error.__traceback__
        sys.excepthook(type(error), error, error.__traceback__)
        status = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()  # multiprocessing leaves them out
    if isinstance(getattr(sys, "last_value", None), KeyboardInterrupt):
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    return status
