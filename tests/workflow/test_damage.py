"""Finished products, damaged at rest; runs killed at any moment.

Larger runs: LETHE_FLIPS=10000 LETHE_KILLS=20 python -m pytest -s tests/workflow/test_damage.py
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.started import run_python
from tests.workflow.conftest import Clone
from tests.workflow.test_run import RESULTS, hashes

from lethe.execution.job import check_inputs
from lethe.io import checksums
from lethe.io.hashing import HashMismatchError

pytestmark = pytest.mark.workflow
FLIPS = int(os.environ.get("LETHE_FLIPS", "1000"))
KILLS = int(os.environ.get("LETHE_KILLS", "2"))


ONLY_FILES = ("-c2", "--rerun-triggers", "mtime")


def verify(clone: Clone) -> tuple[int, str]:
    done = run_python(["-m", "lethe", "verify", "smoke"], clone.folder, clone.environment())
    return done.returncode, done.stdout


def test_every_finished_file_has_a_hash(finished: Clone) -> None:
    status, said = verify(finished)
    assert status == 0 and "have no checksum" not in said, said


def test_no_flipped_bit_is_silent(finished: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every kind of product as often as any other: read as a job reads its inputs, and by `lethe verify`."""
    shutil.copytree(finished.folder / RESULTS, tmp_path / RESULTS)
    monkeypatch.chdir(tmp_path)
    kinds: dict[str, list[tuple[Path, Path]]] = {}
    for product, record in checksums.products(RESULTS):
        kind = f"{product.parent.name if product.parent.parent != RESULTS else ''}{product.suffix or product.parent.name}"
        kinds.setdefault(kind, []).append((product, record))
    draw, silent = random.Random(0), []
    for number in range(FLIPS):
        product, record = draw.choice(list(kinds.values())[number % len(kinds)])
        files = [path for path in product.rglob("*") if path.is_file()] if product.is_dir() else [product]
        file = draw.choice([path for path in files if path.stat().st_size])
        place, bit = draw.randrange(file.stat().st_size), draw.randrange(8)
        with open(file, "r+b") as stream:
            stream.seek(place)
            before = stream.read(1)
            stream.seek(place)
            stream.write(bytes([before[0] ^ 1 << bit]))
        if not checksums.compare(RESULTS, product, record):
            silent.append(f"verify: {file}, byte {place}, bit {bit}")
        try:
            check_inputs(SimpleNamespace(input=[str(product)]))  # type: ignore[arg-type]
            silent.append(f"job: {file}, byte {place}, bit {bit}")
        except HashMismatchError:
            pass
        with open(file, "r+b") as stream:
            stream.seek(place)
            stream.write(before)
    print(f"{FLIPS} flips over {len(kinds)} kinds of products: {len(silent)} silent")
    assert not silent and len(kinds) > 20


@pytest.mark.parametrize(
    ("damaged", "target"),
    [  # from the end of the workflow on: Snakemake removes the outputs of a job that it begins
        ("similarity_attr_objects.json", "figures/similarity_matrix_objects.png"),
        ("models/objects_003_uce_000/delta.safetensors", "datasets/generated_objects_003_uce_000.tar"),
        ("evaluators/clip/open_clip_model.safetensors", "scores/objects_baseline.parquet"),
    ],
)
def test_the_job_that_reads_a_damaged_product_stops(copied: Clone, damaged: str, target: str) -> None:
    file, kept = copied.folder / RESULTS / damaged, hashes(copied)
    before, state = file.read_bytes(), file.stat()
    file.write_bytes(before[:-2] + bytes([before[-2] ^ 1]) + before[-1:])
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
    output = copied.snakemake(*ONLY_FILES, "--force", "--", str(RESULTS / target), check=False)
    status, said = verify(copied)
    file.write_bytes(before)
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert output.startswith("exit 1") and "HashMismatchError" in output and f"{file.name} is damaged or was replaced" in output
    assert status == 1 and f"{file.name} is damaged" in said and "make it again: snakemake -c2 --configfile" in said
    assert hashes(copied) == kept


def test_runs_killed_alone_go_on_and_make_nothing_twice(copied: Clone) -> None:
    """`kill -9` of the main process alone, twice in every round: what was finished keeps its inode, and tables their bytes."""
    kept, draw = hashes(copied), random.Random(1)
    results = copied.folder / RESULTS
    noted = 0
    for _ in range(KILLS // 2):
        for name in ("models", "datasets", "scores"):
            for path in (results / name).glob("*objects_*_distil_*"):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        finished: dict[str, int] = {}
        for models in (draw.randint(1, 9), 0):
            kill_alone(copied, models, draw.uniform(0, 12), finished)
        output = copied.snakemake(*ONLY_FILES, "--", "tables")
        assert "Error" not in output, output[-3000:]
        again = [name for name, inode in finished.items() if (results / "models" / name).stat().st_ino != inode]
        assert not again and hashes(copied) == kept
        assert not list((results / ".work").glob("*/*"))  # swept when the run was over
        noted += len(finished)
    print(f"{KILLS} kills of the main process alone, {noted} models finished before them: none made again, tables the same")
    assert noted


def kill_alone(clone: Clone, models: int, seconds: float, finished: dict[str, int]) -> None:
    """Start a run, kill its main process some time after so many models are finished, and note the inodes of all that are then."""
    command = clone.command(*ONLY_FILES, "--", "tables")
    with open(clone.folder / "killed.log", "ab") as log:
        run = subprocess.Popen(command, cwd=clone.folder, env=clone.environment(), stdout=log, stderr=log)
    while len(finished_models(clone)) < models and run.poll() is None:  # the machine may be busy
        time.sleep(0.05)
    time.sleep(seconds)
    run.kill()
    run.wait()
    for mark in finished_models(clone):
        delta = mark.with_name(mark.name.removesuffix(".done.json"))
        finished[f"{delta.name.removesuffix('.delta.safetensors')}/delta.safetensors"] = delta.stat().st_ino


def finished_models(clone: Clone) -> list[Path]:
    """The marks of models that are finished in a work folder."""
    return list((clone.folder / RESULTS / ".work").glob("unlearn/*_distil_*/*.delta.safetensors.done.json"))
