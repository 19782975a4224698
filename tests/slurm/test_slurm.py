"""`snakemake --profile slurm all` on a real Slurm: one run, five faults, the tables of a local run.

Every fault strikes a job that has finished some of its targets, and freezes it before, so that it strikes the same work on any machine.
"""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import pytest
from tests.slurm.cluster import Cluster, wait_for
from tests.slurm.conftest import PATIENCE, WORLD, Run
from tests.workflow.conftest import clone_to, planned_jobs

pytestmark = [pytest.mark.slurm, pytest.mark.timeout(3600)]
TARGETS = 20  # files that a job of ten models finishes in its work folder


@pytest.fixture(scope="session")
def run(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run that met every fault."""
    run = Run(cluster, clone_to(tmp_path_factory.mktemp("slurm") / "le the"))
    meet_faults(run)
    return run


def meet_faults(run: Run) -> None:
    """Cancel a job, drain a node, lose a node, kill the head process, enforce a time limit."""
    head = run.start()
    (cancelled,) = run.freeze(head, "unlearn", cancelled="distil")
    run.cluster.call("scancel", cancelled.slurm_id)

    draining, lost = run.freeze(head, "generate", draining="distil", lost="uce")
    run.update(NodeName=draining.node, State="DRAIN", Reason="maintenance")
    draining.thaw()
    run.wait(head, "the job on the draining node to end", lambda: run.show(draining, "JobState") == "COMPLETED")
    assert run.cluster.nodes()[draining.node].startswith("dr")
    run.update(NodeName=draining.node, State="RESUME")
    run.update(NodeName=lost.node, State="DOWN", Reason="lost")
    run.wait(head, "the lost node's job to be taken back", lambda: run.show(lost, "Restarts") == "1")
    lost.lose()
    run.start_elsewhere(lost)
    run.wait(head, "the lost node's job to run again", lambda: run.show(lost, "JobState") == "RUNNING")

    head.kill()
    head.wait()
    wait_for("the jobs without a head process to end", lambda: not run.active(), PATIENCE, run.cluster.logs)
    head = run.start()

    (late,) = run.freeze(head, "score", late="uce")
    run.update(JobId=late.slurm_id, EndTime=time.strftime("%Y-%m-%dT%H:%M:%S"))
    run.wait(head, "Slurm to enforce the time limit", lambda: run.show(late, "JobState") == "TIMEOUT")
    assert head.wait(PATIENCE) == 0, run.text()[-5000:]


def digests(results: Path) -> dict[str, str]:
    """File -> SHA-256 of every table, score, model and picture; logs, benchmarks and records hold times."""
    patterns = (
        "*.json",
        "*.parquet",
        "tables/*",
        "scores/*.parquet",
        "images/*/*.parquet",
        "models/*/*.safetensors",
        "datasets/*.tar",
    )
    files = sorted(file for pattern in patterns for file in results.glob(pattern))
    return {str(file.relative_to(results)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_tables_are_those_of_a_local_run_byte_for_byte(run: Run, local: Path) -> None:
    ours, expected = digests(run.clone.folder / WORLD), digests(local)
    assert {"pairs_objects.parquet", "images/objects/images_objects_uce.parquet", "tables/unlearning_objects.csv"} <= set(
        expected
    )
    assert ours == expected


@pytest.mark.parametrize(
    ("fault", "rule", "method", "state", "restarts"),
    [
        ("cancelled", "unlearn", "distil", "CANCELLED", "0"),
        ("lost", "generate", "uce", "COMPLETED", "1"),
        ("late", "score", "uce", "TIMEOUT", "0"),
    ],
)
def test_a_struck_job_goes_on_inside_its_shard(run: Run, fault: str, rule: str, method: str, state: str, restarts: str) -> None:
    job, finished = run.jobs[fault], run.finished[fault]
    assert (run.show(job, "JobState"), run.show(job, "Restarts")) == (state, restarts)
    assert 0 < finished < TARGETS
    assert f"resuming: {finished} finished targets" in run.log(rule, method)


def test_a_draining_node_ends_its_job(run: Run) -> None:
    job = run.jobs["draining"]
    assert (run.show(job, "JobState"), run.show(job, "Restarts"), run.show(job, "NodeList")) == ("COMPLETED", "0", job.node)
    assert "resuming" not in run.log("generate", "distil")


def test_jobs_outlive_the_head_process(run: Run) -> None:
    """What they did counts: the second head process sends none of them again."""
    second = planned_jobs(run.output[1].read_text())
    assert "score" in second and not {"unlearn", "generate"} & set(second)


def test_a_retry_has_more_memory(run: Run) -> None:
    assert {job["MinMemoryNode"] for job in run.sent() if job["rule"] == "unlearn"} == {"1000M", "2000M"}


def test_gpus_are_asked_for_on_the_partition_that_has_them(run: Run) -> None:
    with_gpu = [job for job in run.sent() if job.get("TresPerJob") == "gres:gpu:1"]
    assert {job["rule"] for job in with_gpu} == {"unlearn", "generate", "score"}
    assert {job["Partition"] for job in with_gpu} == {"gpu"}
    assert {job["Partition"] for job in run.sent() if "TresPerJob" not in job} == {"cpu"}


def test_a_second_run_does_nothing(run: Run) -> None:
    head = run.start()
    assert head.wait(PATIENCE) == 0 and not planned_jobs(run.output[-1].read_text())  # of the subset; more of `all` is not done


def test_job_arrays_are_refused(cluster: Cluster, tmp_path: Path) -> None:
    run = Run(cluster, clone_to(tmp_path / "le the"))
    head = run.start("--slurm-array-jobs", "all")
    assert head.wait(PATIENCE) == 1
    assert "slurm-array-jobs: job arrays of the Slurm plugin lose finished work" in run.text(), run.text()
