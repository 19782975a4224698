"""The test cluster itself: it leaves nothing behind, and takes away what a killed run left behind."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tests.slurm.cluster import ETC, STATE, Cluster, end_processes
from tests.workflow.conftest import ROOT

pytestmark = pytest.mark.slurm
DIES = """
import os, signal
from tests.slurm.cluster import Cluster
with Cluster() as cluster:
    cluster.call("sbatch", "--wrap", "sleep 600", "--output", "/dev/null")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_run_is_cleared_away() -> None:
    done = subprocess.run([sys.executable, "-c", DIES], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == -9, done.stderr
    assert (ETC / "slurm.conf").exists()
    with Cluster() as cluster:
        assert cluster.call("squeue", "--noheader", "--states=all") == ""
        with pytest.raises(RuntimeError, match="another test run holds"), Cluster():
            pass
        assert set(cluster.nodes().values()) == {"idle"}
    assert end_processes() and not STATE.exists() and not (ETC / "slurm.conf").exists()
