"""Jobs that train models are killed (-9) at random moments: each kill costs at most one model, and the files are the same to the byte.

``LETHE_KILLS`` says how often (2).
"""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from collections import Counter
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.unit.deepunlearn import killed_job

from lethe.classifiers.data.prepare import write_data
from lethe.settings.deepunlearn import Classification

SERVER = multiprocessing.get_context("forkserver")  # a process that has imported everything and run nothing
SERVER.set_forkserver_preload([killed_job.__name__])
KILLS = int(os.environ.get("LETHE_KILLS", "2"))


def lines(folder: Path) -> list[str]:
    log = folder / "made.txt"
    return log.read_text().splitlines() if log.exists() else []


def start(folder: Path, data: Path) -> BaseProcess:
    folder.mkdir(exist_ok=True)
    job = SERVER.Process(target=killed_job.main, args=(folder, data))
    job.start()
    return job


def ends_well(job: BaseProcess) -> bool:
    job.join()
    return job.exitcode == 0


def results(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*.safetensors") if "work" not in p.parts}


def test_a_kill_costs_at_most_one_model(tmp_path: Path) -> None:
    data, whole, killed = tmp_path / "data.safetensors", tmp_path / "whole", tmp_path / "killed"
    write_data(data, "digits", Classification())
    assert ends_well(start(whole, data))
    expected, made = results(whole), lines(whole)
    assert len(expected) == 7 and len(made) == killed_job.MODELS and max(Counter(made).values()) == 1

    moments = random.Random(0)
    for kill in range(KILLS):
        already = len(lines(killed))
        until = already + moments.randint(1, max(1, (len(made) - already) // (KILLS - kill)))
        job = start(killed, data)
        while len(lines(killed)) < until and job.is_alive():
            time.sleep(0.001)
        time.sleep(moments.uniform(0, 0.02))  # while it writes, or trains the next one
        job.kill()
        assert not ends_well(job)
    assert ends_well(start(killed, data))
    twice = sum(Counter(lines(killed)).values()) - len(made)
    print(f"{KILLS} kills: {len(made)} models, {twice} of them made twice")
    assert set(lines(killed)) == set(made) and twice <= KILLS
    assert results(killed) == expected
