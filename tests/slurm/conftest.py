"""A cluster for the session, and one run on it that meets every fault."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.slurm.cluster import OURS, Cluster, wait_for
from tests.workflow.conftest import Clone, clone_to

WORLD = Path("results/slurm")
SUBSET = ("--configfile", "tests/slurm/subset.yaml", "--until", "summary", "--", "all")
PATIENCE = 1800  # seconds; a busy machine is no failure


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Slurm with two nodes."""
    with Cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of the subset, run without Slurm."""
    clone = clone_to(tmp_path_factory.mktemp("local") / "le the")
    clone.snakemake("--cores", "2", *SUBSET, config=None)
    return clone.folder / WORLD


@dataclass(frozen=True)
class SlurmJob:
    """A job that runs, found by its processes."""

    slurm_id: str
    node: str
    processes: tuple[int, ...]

    def freeze(self) -> None:
        """Stop its processes where they are; for Slurm it goes on running."""
        for process in self.processes:
            os.kill(process, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let them go on."""
        for process in self.processes:
            os.kill(process, signal.SIGCONT)

    def lose(self) -> None:
        """End what is left of it, as the loss of its node does; Slurm's own order to end it may come late or not at all."""
        for process, environment in cluster_processes().items():
            if environment.get("SLURM_JOB_ID") == self.slurm_id:
                with suppress(ProcessLookupError):  # it has ended
                    os.kill(process, signal.SIGKILL)


@dataclass
class Run:
    """`snakemake --profile slurm all` in a clone of its own.

    Attributes:
        output: what each head process printed, in order.
        jobs: the job that each fault met.
        finished: the targets that were finished inside the shard when the fault came.
    """

    cluster: Cluster
    clone: Clone
    output: list[Path] = field(default_factory=list)
    jobs: dict[str, SlurmJob] = field(default_factory=dict)
    finished: dict[str, int] = field(default_factory=dict)

    def command(self, *arguments: str) -> list[str]:
        """The documented command line with the profile of the test site."""
        return self.clone.command("--profile", "slurm", "--profile", "tests/slurm/site", *arguments, config=None)

    def environment(self) -> dict[str, str]:
        """Of the head process, and so of its jobs."""
        return self.cluster.environment | self.clone.environment()

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """A head process; a second one goes on where the first was."""
        self.output.append(self.clone.folder / f"head_{len(self.output) + 1}.log")
        with open(self.output[-1], "wb") as log:
            return subprocess.Popen(
                self.command(*arguments, *SUBSET),
                cwd=self.clone.folder,
                env=self.environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def wait(self, head: subprocess.Popen[bytes], what: str, holds: Callable[[], bool]) -> None:
        """Wait until something holds, as long as the head process lives."""

        def checked() -> bool:
            if holds():
                return True
            assert head.poll() is None, f"the run ended before {what}:\n{self.text()[-5000:]}"
            return False

        wait_for(what, checked, PATIENCE, self.text)

    def text(self) -> str:
        """All that the head processes printed."""
        return "\n".join(log.read_text() for log in self.output)

    def log(self, rule: str, method: str) -> str:
        """The log of a rule's job."""
        return next((self.clone.folder / "logs/slurm" / rule).glob(f"*_{method}_*.log")).read_text()

    def freeze(self, head: subprocess.Popen[bytes], rule: str, **faults: str) -> list[SlurmJob]:
        """Freeze jobs of a rule, each as soon as it has finished one of its targets.

        Args:
            head: the head process.
            rule: the rule.
            faults: the fault that a job is to meet = its method.
        """

        def finished(method: str) -> int:
            return len(list((self.clone.folder / WORLD / ".work" / rule).glob(f"*_{method}_*/*.done.json")))

        def all_frozen() -> bool:
            for fault, method in faults.items():
                if fault not in self.jobs and finished(method):
                    self.jobs[fault] = find_job(f"{rule}:", f"method={method},")
                    self.jobs[fault].freeze()
                    self.finished[fault] = finished(method)
            return set(faults) <= set(self.jobs)

        self.wait(head, f"jobs of {rule} with finished targets", all_frozen)
        return [self.jobs[fault] for fault in faults]

    def sent(self) -> list[dict[str, str]]:
        """What Slurm says of every job, e.g. its JobState; and its `rule`."""
        jobs = []
        for line in self.cluster.call("scontrol", "--oneliner", "show", "job").splitlines():
            job = dict(pair.split("=", 1) for pair in line.split() if "=" in pair)
            jobs.append(job | {"rule": job["Comment"].removeprefix("rule_").split("_wildcards_")[0]})
        return jobs

    def show(self, job: SlurmJob, what: str) -> str:
        """What Slurm says of one job."""
        (found,) = [each[what] for each in self.sent() if each["JobId"] == job.slurm_id]
        return found

    def active(self) -> bool:
        """Whether a job waits or runs."""
        return bool(self.cluster.call("squeue", "--noheader"))

    def update(self, **what: str) -> None:
        """`scontrol update` by the administrator."""
        self.cluster.call("scontrol", "update", *[f"{name}={value}" for name, value in what.items()])

    def start_elsewhere(self, lost: SlurmJob) -> None:
        """Start the jobs that Slurm took from a lost node; it would wait for two minutes, so that the node forgets them."""
        for job in self.sent():
            if job["JobState"] == "PENDING" and job["Restarts"] != "0":
                self.update(JobId=job["JobId"], ExcNodeList=lost.node, StartTime="now")


def cluster_processes() -> dict[int, dict[str, str]]:
    """Process of the test cluster -> its environment."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            pairs = [pair.partition("=") for pair in (folder / "environ").read_bytes().decode(errors="replace").split("\0")]
        except OSError:  # it has ended
            continue
        environment = {name: value for name, _, value in pairs}
        if OURS.items() <= environment.items():
            found[int(folder.name)] = environment
    return found


def find_job(*words: str) -> SlurmJob:
    """The job of Slurm in which a command line of Snakemake holds all ``words``."""
    jobs = {process: environment for process, environment in cluster_processes().items() if "SLURM_JOB_ID" in environment}
    number = None
    for process, environment in jobs.items():
        try:
            command = Path(f"/proc/{process}/cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if all(word in command for word in words):
            number = environment["SLURM_JOB_ID"]
    assert number is not None, f"no job of Slurm has {words} in a command line"
    own = {process: environment for process, environment in jobs.items() if environment["SLURM_JOB_ID"] == number}
    known = {name: value for environment in own.values() for name, value in environment.items()}
    return SlurmJob(number, known["SLURMD_NODENAME"], tuple(own))
