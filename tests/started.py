"""Runs ``python -m ...`` and ``python -c ...`` without the wait for imports: a drop-in for ``subprocess.run`` (``tests/starter.py``)."""

from __future__ import annotations

import functools
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.starter import LIBRARIES

STARTER = Path(__file__).with_name("starter.py")
FEWEST = 3
"""Scripts of a run from which on they are forked: most runs of tests have few, and an interpreter takes 5 s of CPU."""
SNAKEMAKE = f"""
import runpy
from lethe.execution import forked
forked.FEWEST = {FEWEST}
runpy.run_module("snakemake", run_name="__main__", alter_sys=True)
"""


@functools.cache
def _starter() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """The connection to this process's starter, and that, which ends when the connection does."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {f"{library}_NUM_THREADS": "1" for library in LIBRARIES}
    with its:
        process = subprocess.Popen([sys.executable, str(STARTER), str(its.fileno())], pass_fds=[its.fileno()], env=environment)
    return ours, process


def run_snakemake(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run ``snakemake *words`` with the package that ``PYTHONPATH`` names, to its end; see ``run_python`` and ``FEWEST``."""
    return run_python(["-c", SNAKEMAKE, *words], folder, environment)


def run_python(
    words: Sequence[str], folder: Path, environment: Mapping[str, str], *, apart: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run ``python *words`` to its end; ``words`` begin with ``-m`` or ``-c``.

    Returns exit status and output. Errors are part of the output, or ``apart`` from it. On other systems than Linux, where a process with
    torch in it cannot be forked, it is started as ever.
    """
    assert words[0] in ("-m", "-c"), words
    if sys.platform != "linux":
        errors = subprocess.PIPE if apart else subprocess.STDOUT
        command = [sys.executable, *words]
        return subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True, check=False)
    request = json.dumps({"words": list(words), "folder": str(folder), "environment": dict(environment)}).encode()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as error:
        connection, _ = _starter()
        try:
            socket.send_fds(connection, [request], [out.fileno(), (error if apart else out).fileno()])
            answer = connection.recv(1 << 10)
        except BaseException:  # such as a test's limit of time: the next command must not get this one's answer
            connection.close()
            _starter.cache_clear()
            raise
        assert answer, "the process that starts commands is gone"
        texts = []
        for stream in (out, error):
            stream.seek(0)
            texts.append(stream.read())
    return subprocess.CompletedProcess([sys.executable, *words], json.loads(answer), *texts)
