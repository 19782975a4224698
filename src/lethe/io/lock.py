"""Locks that a killed run left behind.

Snakemake marks the files of a run in ``.snakemake/locks`` and takes the marks away at its end; after a kill -9 they stay and
every later run refuses to start. Whether a run is alive, the operating system knows: each run holds a shared ``flock`` on one file for as
long as its process lives. Who gets it exclusively is alone, so what marks there are belong to nobody.
"""

from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path
from typing import IO

import psutil

DECIDES_NO_RESULT = "keeps runs apart"

FILE = "lethe.lock"


def hold_run_lock(folder: str | Path = ".snakemake") -> IO[str] | None:
    """Take part in the lock of the working directory; remove the marks of dead runs if no other run is alive.

    Args:
        folder: Snakemake's folder in the working directory.

    Returns:
        A handle to keep until the process ends, or None on a file system without ``flock`` (marks are then left alone).
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    handle = open(folder / FILE, "a+")  # noqa: SIM115 - open for the life of the process
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fcntl.flock(handle, fcntl.LOCK_SH)
    except OSError:
        handle.close()
        return None
    else:
        for mark in sorted((folder / "locks").glob("*.lock")):
            mark.unlink(missing_ok=True)
        handle.truncate(0)
        fcntl.flock(handle, fcntl.LOCK_SH)
    handle.write(f"{socket.gethostname()} {os.getpid()}\n")
    handle.flush()
    return handle


def other_runs(handle: IO[str]) -> list[str]:
    """The other runs that are alive in the working directory, each as ``process 123`` or ``process 123 on HOST``.

    Args:
        handle: of ``hold_run_lock``.
    """
    handle.seek(0)
    here, found = socket.gethostname(), []
    for line in handle.read().splitlines():
        host, _, pid = line.partition(" ")
        if host != here:
            found.append(f"process {pid} on {host}")
        elif int(pid) != os.getpid() and psutil.pid_exists(int(pid)):
            found.append(f"process {pid}")
    return found
