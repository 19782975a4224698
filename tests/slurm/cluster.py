"""A real Slurm on this machine: munged, slurmctld and two slurmd on the loopback interface.

Needs root and Debian's packages, which the first start installs. The configuration has to lie in /etc/slurm, because Snakemake's jobs
do not inherit SLURM_CONF; a machine that has a configuration of its own is left alone.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

PACKAGES = ("slurm-wlm", "munge")
NODES = ("node1", "node2")
STATE = Path("/var/spool/lethe-slurm")
ETC = Path("/etc/slurm")
NOTICE = "# Written by Lethe's tests (tests/slurm/cluster.py) and removed at their end.\n"
OURS = {"LETHE_TEST_CLUSTER": str(STATE)}  # in the environment of every process of the cluster, so that none outlives it
FILES = (ETC / "slurm.conf", ETC / "gres.conf")
GRES = "Name=gpu File=/dev/null\nName=gpu File=/dev/zero\n"  # Slurm counts a GPU per device file, whatever it is
CONFIGURATION = """\
ClusterName=lethe
SlurmctldHost=localhost
SlurmctldPort={controller_port}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={state}/munge.socket
StateSaveLocation={state}/controller
SlurmdSpoolDir={state}/%n
SlurmctldPidFile={state}/slurmctld.pid
SlurmdPidFile={state}/slurmd-%n.pid
SlurmctldLogFile={state}/slurmctld.log
SlurmdLogFile={state}/slurmd-%n.log
# neither cgroups nor binding, so that it works in a container
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
# more cores and memory than there are, and GPUs that are only counted
SlurmdParameters=config_overrides
GresTypes=gpu
NodeName=node1 NodeHostname=localhost NodeAddr=127.0.0.1 Port={node1_port} CPUs=2 RealMemory=64000 Gres=gpu:2
NodeName=node2 NodeHostname=localhost NodeAddr=127.0.0.1 Port={node2_port} CPUs=2 RealMemory=64000 Gres=gpu:2
PartitionName=cpu Nodes=ALL Default=YES MaxTime=2-0 State=UP
PartitionName=gpu Nodes=ALL MaxTime=2-0 State=UP
# without accounting the states of ended jobs are read with squeue, which forgets them after this many seconds
MinJobAge=3600
# nobody waits: for the scheduler, for a node that comes back, for a killed process
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0
ReturnToService=2
KillWait=1
"""


class Cluster:
    """Slurm inside a ``with``; one at a time."""

    def __init__(self) -> None:
        self.environment = os.environ | OURS
        self._lock: IO[str] | None = None

    def __enter__(self) -> Cluster:
        """Install what is missing, remove what a killed run left behind, start every daemon and wait for both nodes."""
        if os.geteuid() != 0:
            raise RuntimeError("the tests with a real Slurm need root: its daemons and /etc/slurm belong to root")
        for file in FILES:
            if file.exists() and not file.read_text().startswith(NOTICE):
                raise RuntimeError(f"{file} is not ours: this machine belongs to a cluster, and the tests leave it alone")
        self._take_lock()
        try:
            self._remove()
            self._install()
            self._configure()
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End every process of the cluster and remove all its files."""
        self._remove()
        if self._lock:
            self._lock.close()
        shutil.rmtree(STATE)

    def call(self, *command: str) -> str:
        """Run a command; return what it printed.

        Raises:
            RuntimeError: where it fails, with what it said.
        """
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} failed: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def nodes(self) -> dict[str, str]:
        """node -> state; empty while the controller does not answer."""
        try:
            lines = self.call("sinfo", "--noheader", "--Node", "--partition=cpu", "--format=%N %t").splitlines()
        except RuntimeError:
            return {}
        return dict(line.split() for line in lines)

    def logs(self) -> str:
        """The end of every daemon's log."""
        return "\n".join(f"{log}:\n{log.read_text()[-1500:]}" for log in sorted(STATE.glob("*.log")))

    def _take_lock(self) -> None:
        """The system gives the lock back when this process dies, however it dies."""
        STATE.mkdir(parents=True, exist_ok=True)
        lock = open(STATE / "lock", "w")  # noqa: SIM115 - open until the end
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise RuntimeError(f"another test run holds {STATE}/lock: its Slurm is in use") from None
        self._lock = lock

    def _install(self) -> None:
        if all(shutil.which(program) for program in ("slurmctld", "slurmd", "sbatch", "munged")):
            return
        if not shutil.which("apt-get"):
            raise RuntimeError(f"Slurm is not installed and there is no apt-get to install it: {' and '.join(PACKAGES)}")
        self.environment["DEBIAN_FRONTEND"] = "noninteractive"
        self.call("apt-get", "--quiet", "update")
        self.call("apt-get", "--quiet", "install", "--yes", "--no-install-recommends", *PACKAGES)

    def _configure(self) -> None:
        controller, first, second = free_ports(3)
        for folder in ("controller", *NODES):
            (STATE / folder).mkdir()
        ETC.mkdir(exist_ok=True)
        configuration = CONFIGURATION.format(state=STATE, controller_port=controller, node1_port=first, node2_port=second)
        for file, text in zip(FILES, (configuration, GRES), strict=True):
            file.write_text(NOTICE + text)
        (STATE / "munge.key").touch(mode=0o600)
        (STATE / "munge.key").write_bytes(os.urandom(128))

    def _start(self) -> None:
        places = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
        self.call("munged", "--force", *[f"--{option}={STATE}/munge.{suffix}" for option, suffix in places.items()])
        self.call("slurmctld")
        for node in NODES:
            self.call("slurmd", "-N", node)
        wait_for("both nodes to be idle", lambda: set(self.nodes().values()) == {"idle"}, 30, self.logs)

    def _remove(self) -> None:
        """Processes, configuration and state, also of a run that was killed; the lock stays."""
        wait_for("the cluster's processes to end", end_processes, 30)
        for file in FILES:
            file.unlink(missing_ok=True)
        for path in STATE.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != "lock":
                path.unlink()


def end_processes() -> bool:
    """Kill every process of a test cluster; whether there was none left."""
    mark = next(f"{name}={value}".encode() for name, value in OURS.items())
    alive = False
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # Slurm's own processes write their title over their environment, but work where their logs lie
            ours = mark in (folder / "environ").read_bytes().split(b"\0") or os.readlink(folder / "cwd").startswith(str(STATE))
            if ours:
                alive = True
                os.kill(int(folder.name), signal.SIGKILL)
        except OSError:  # it has ended, or belongs to somebody whom even root cannot read
            continue
    return not alive


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    for open_socket in sockets:
        open_socket.bind(("127.0.0.1", 0))
    ports = [open_socket.getsockname()[1] for open_socket in sockets]
    for open_socket in sockets:
        open_socket.close()
    return ports


def wait_for(what: str, holds: Callable[[], bool], seconds: float, more: Callable[[], str] = str) -> None:
    """Return as soon as ``holds()``.

    Raises:
        TimeoutError: after ``seconds``, naming ``what``, with the text of ``more()``.
    """
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}\n{more()}")
        time.sleep(0.1)
