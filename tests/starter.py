"""Runs Python as the command line does, forked from one process that has imported what most starts import: half of their time.

``tests.started`` begins it as ``python starter.py SOCKET`` and sends requests. Nothing of the package stays imported here, since every
clone has its own. Where Snakemake then starts the standard library's fork server for its jobs, that is forked here too, with torch and others
in it, and executes the same code.
"""

from __future__ import annotations

import array
import importlib
import json
import multiprocessing.util
import os
import runpy
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

OF_PLANS = (
    "filelock",
    "nbformat",
    "numpy",
    "pandas",
    "PIL.Image",
    "psutil",
    "pyarrow.parquet",
    "pydantic",
    "requests",
    "safetensors.numpy",
    "snakemake.cli",
    "snakemake.report",
    "snakemake_executor_plugin_slurm",
    "yaml",
)
OF_JOBS = (
    "diffusers",
    "matplotlib.backends.backend_agg",
    "matplotlib.figure",
    "open_clip",
    "peft",
    "scipy.stats",
    "torch",
    "transformers",
)
LIBRARIES = ("OMP", "GOTO", "OPENBLAS", "MKL", "NUMEXPR")  # whose threads would not survive a fork
LARGEST = 1 << 20  # bytes of a request
FORK_SERVER = "from multiprocessing.forkserver import main"


def import_all() -> list[ModuleType]:
    """Import what most starts import; returns modules of the package that hold what torch needs, and are no longer among the imported."""
    compat = importlib.import_module("lethe.core.compat")
    with compat.quick_imports():
        compat.repair_torchvision()
        for name in (*OF_PLANS, *OF_JOBS):
            importlib.import_module(name)
    return [sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "lethe"]


def received(connection: socket.socket) -> tuple[Any, list[int]] | None:
    """The next request and the files that come with it; nothing once the other side is gone."""
    files = array.array("i")
    text, ancillary, _, _ = connection.recvmsg(LARGEST, socket.CMSG_SPACE(2 * files.itemsize))
    for _, _, data in ancillary:
        files.frombytes(data)
    return (json.loads(text), list(files)) if text else None


def become(request: dict[str, Any], files: list[int]) -> None:
    """In a child: what a new interpreter would have been given."""
    for number, file in enumerate(files, start=1):
        os.dup2(file, number)
        os.close(file)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(write_through=True)  # type: ignore[union-attr]
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    path = request["environment"].get("PYTHONPATH", "")
    sys.path[:0] = [os.getcwd(), *filter(None, path.split(os.pathsep))]
    sys.orig_argv[:] = [sys.executable, *request["words"]]


def execute(words: Sequence[str]) -> None:
    """``-m MODULE ...`` or ``-c CODE ...``."""
    kind, what, *arguments = words
    sys.argv[:] = [kind, *arguments]
    if kind == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})


def hold_fork_server() -> None:
    """In the parent: have ``multiprocessing`` start its fork server as a child of this process that is forked now, before there are threads.

    The child waits until it is asked, and ends with its parent. A second fork server starts as ever.
    """
    start = multiprocessing.util.spawnv_passfds
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    child = os.fork()
    if not child:
        ours.close()
        asked = received(its)
        if asked is None:
            os._exit(0)
        request, files = asked
        serve_jobs(request, files, its)
    its.close()
    waiting = [child]

    def start_or_ask(path: bytes, words: Sequence[str], files: Sequence[int]) -> int:
        if not waiting or not words[-1].startswith(FORK_SERVER):
            return start(path, words, files)
        text = json.dumps({"code": words[-1], "numbers": list(files), "environment": dict(os.environ)})
        socket.send_fds(ours, [text.encode()], list(files))
        ours.close()
        return waiting.pop()

    multiprocessing.util.spawnv_passfds = start_or_ask  # type: ignore[assignment]


def serve_jobs(request: dict[str, Any], files: list[int], connection: socket.socket) -> None:
    """Execute the code of the fork server, with its files under the numbers that the code names."""
    highest = max([*request["numbers"], *files]) + 1
    connection.close()
    moved = [os.dup2(file, highest + place) for place, file in enumerate(files)]
    for file, number in zip(moved, request["numbers"], strict=True):
        os.dup2(file, number)
    for file in {*files, *moved} - set(request["numbers"]):
        os.close(file)
    os.environ.clear()
    os.environ.update(request["environment"])
    execute(["-c", request["code"]])
    sys.exit()


def serve(connection: socket.socket) -> list[str] | None:
    """Answer requests one after the other; returns in each child, with its words, and at the end, with nothing."""
    while (asked := received(connection)) is not None:
        request, files = asked
        child = os.fork()
        if not child:
            connection.close()
            become(request, files)
            return list(request["words"])
        for file in files:
            os.close(file)
        connection.send(json.dumps(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())
    return None


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[1] / "src")  # in place of the folder of this file
    repaired = import_all()
    del sys.path[0]
    words = serve(socket.socket(fileno=int(sys.argv[1])))
    if words is not None:
        hold_fork_server()
        execute(words)
