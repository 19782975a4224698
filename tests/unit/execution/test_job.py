"""What a job depends on, what it leaves at its end, and how it ends with its run."""

from __future__ import annotations

import ast
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from lethe.execution.parent import VARIABLE
from lethe.execution.work import HANDED_OVER, WorkFolder, sweep
from lethe.io import checksums

SCRIPTS = sorted((Path(__file__).parents[3] / "scripts").glob("*.py"))
PACKAGE = Path(__file__).parents[3] / "src/lethe"


class Named(list[Any]):
    """A list some of whose items have names, as Snakemake gives it."""

    def __init__(self, **named: Any) -> None:
        super().__init__(item for value in named.values() for item in (value if isinstance(value, list) else [value]))
        self.named = named
        for name, value in named.items():
            setattr(self, name, value)

    def items(self) -> Any:
        return self.named.items()


def job(folder: Path, **changed: Any) -> SimpleNamespace:
    params = {"code": "1234", "seed": 0, "task": {"rules": [], "entities": 10}, "dtype": "float32", "note": None} | changed
    return SimpleNamespace(
        rule="unlearn",
        wildcards=Named(task="objects"),
        params=Named(work=str(folder / "work/unlearn/objects"), **params),
        input=Named(base=str(folder / "base"), metadata=str(folder / "metadata.json"), tars=[str(folder / "a.tar")]),
        output=Named(),
        log=[str(folder / "job.log")],
        threads=1,
    )


@pytest.fixture
def started(tmp_path: Path) -> Path:
    """A folder in which a job was killed after it had finished one target."""
    (tmp_path / "base/unet").mkdir(parents=True)
    for file in ("base/unet/weights", "base/index.json", "metadata.json", "a.tar"):
        (tmp_path / file).write_text(file)
    WorkFolder.of_job(job(tmp_path)).finish("a", lambda path: path.write_text("old"))
    return tmp_path


def test_the_same_job_goes_on(started: Path) -> None:
    assert WorkFolder.of_job(job(started)).done == {"a"}


@pytest.mark.parametrize("file", ["base/unet/weights", "base/index.json", "base/added", "metadata.json", "a.tar"])
def test_another_input_begins_anew(started: Path, file: str) -> None:
    (started / file).write_text("another")
    assert WorkFolder.of_job(job(started)).done == set()


@pytest.mark.parametrize(
    "changed",
    [{"code": "1235"}, {"seed": 1}, {"task": {"rules": [], "entities": 9}}, {"dtype": "bfloat16"}, {"note": ""}, {"added": 1}],
)
def test_another_parameter_begins_anew(started: Path, changed: dict[str, Any]) -> None:
    assert WorkFolder.of_job(job(started, **changed)).done == set()


@pytest.mark.parametrize("attribute", ["rule", "wildcards"])
def test_another_rule_or_wildcard_begins_anew(started: Path, attribute: str) -> None:
    other = job(started)
    setattr(other, attribute, {"rule": "retrain", "wildcards": Named(task="breeds")}[attribute])
    assert WorkFolder.of_job(other).done == set()


def test_a_work_folder_is_bound_to_its_whole_job() -> None:
    """A key made by hand forgets an input; so there is one way to a work folder: the function of a job is given it."""
    made = {}
    for path in [*SCRIPTS, *PACKAGE.rglob("*.py")]:
        calls = [ast.unparse(node) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        if found := [call for call in calls if call.startswith("WorkFolder")]:
            made[path.name] = found
    measured = ["WorkFolder(folder / 'work', 'measured')"]  # of no job: what a tool measures is thrown away
    assert made == {"run.py": ["WorkFolder.of_job(job)"], "model_memory.py": measured}


def test_a_second_process_waits_for_the_work_folder(started: Path) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parents[3])!r})\n"
        "from pathlib import Path; from tests.unit.execution.test_job import job; from lethe.execution.work import WorkFolder\n"
        f"work = WorkFolder.of_job(job(Path({str(started)!r})))\n"
        "print('held', flush=True); sys.stdin.readline()\n"
        "work.finish('b', lambda path: path.write_text('b'))\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdin is not None and first.stdout is not None and first.stdout.readline() == "held\n"
        second = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert second.stdin is not None and second.stdout is not None
        assert not select.select([second.stdout], [], [], 2)[0]  # it waits
        first.stdin.write("\n")
        first.stdin.flush()
        assert first.wait(60) == 0
        assert second.stdout.readline() == "held\n"
        second.communicate("\n", timeout=60)
    assert (started / "work/unlearn/objects/b").read_text() == "b"


def test_work_folders_are_swept_when_their_targets_are_at_their_places(started: Path) -> None:
    work = WorkFolder.of_job(job(started))
    work.hand_over({"a": started / "out/a"})
    folder, lock = work.folder, work.folder.with_name("objects.lock")
    sweep(started / "work")
    assert (folder / HANDED_OVER).exists()  # its process lives
    del work
    sweep(started / "work")
    assert not folder.exists() and not lock.exists() and (started / "out/a").read_text() == "old"


def test_work_is_kept_where_snakemake_took_the_outputs_away_again(started: Path) -> None:
    WorkFolder.of_job(job(started)).hand_over({"a": started / "out/a"})
    (started / "out/a").unlink()
    sweep(started / "work")
    assert WorkFolder.of_job(job(started)).done == {"a"}


SCRIPT = """
import sys
from types import SimpleNamespace
snakemake = SimpleNamespace(log=["job.log"], threads=1, input={inputs!r}, output={outputs!r})
from lethe.execution.runtime import start_job
start_job(snakemake, "a job")
{body}
"""


def run_script(folder: Path, body: str, inputs: tuple[str, ...] = (), outputs: tuple[str, ...] = ()) -> tuple[int, str]:
    code = SCRIPT.format(inputs=list(inputs), outputs=list(outputs), body=body)
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


OUTPUT = "results/mini/out.txt"
WRITE = f"from pathlib import Path; Path({OUTPUT!r}).parent.mkdir(parents=True, exist_ok=True); Path({OUTPUT!r}).write_text('x')"


def test_a_job_that_ends_well_leaves_hashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_script(tmp_path, WRITE, outputs=(OUTPUT,))[0] == 0
    monkeypatch.chdir(tmp_path)
    assert checksums.check(OUTPUT)


@pytest.mark.parametrize("end", ["raise ValueError('no')", "sys.exit(3)", "raise KeyboardInterrupt"])
def test_a_job_that_fails_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    run_script(tmp_path, WRITE, outputs=(OUTPUT,))
    assert run_script(tmp_path, f"{'' if 'exit' in end else WRITE}\n{end}", outputs=(OUTPUT, "results/mini/second.txt"))[0] != 0
    monkeypatch.chdir(tmp_path)
    assert not checksums.check(OUTPUT)


def test_a_job_refuses_damaged_inputs_all_at_once(tmp_path: Path) -> None:
    names = ("results/mini/a.txt", "results/mini/b.txt", "results/mini/c.txt")
    for name in names:
        body = WRITE.replace(OUTPUT, name)
        assert run_script(tmp_path, body, outputs=(name,))[0] == 0
    for name in names[:2]:
        (tmp_path / name).write_text("y")
    status, said = run_script(tmp_path, "print('begun', file=sys.stderr)", inputs=names)
    assert status == 1 and "begun" not in said
    assert all(f"{name} is damaged" in said and f"--force {name}" in said for name in names[:2]) and f"{names[2]} is" not in said


def test_an_input_without_hash_is_told(tmp_path: Path) -> None:
    (tmp_path / "results/mini").mkdir(parents=True)
    (tmp_path / "results/mini/own.txt").write_text("x")
    status, said = run_script(tmp_path, "", inputs=("results/mini/own.txt", "config.yaml"))
    assert status == 0 and "results/mini/own.txt has no checksum" in said and "config.yaml has" not in said


def test_hashes_that_cannot_be_written_fail_the_job(tmp_path: Path) -> None:
    in_the_way = "Path('results/mini/.checksums').write_text('a file where a folder should be')"
    status, said = run_script(tmp_path, f"{WRITE}; {in_the_way}", outputs=(OUTPUT,))
    assert status == 1 and "the checksums of the outputs could not be written" in said


PARENT = """
import subprocess, sys, time
from lethe.execution.parent import announce_parent
announce_parent()
code = "import time; from lethe.execution.parent import end_with_parent; end_with_parent(); print('begun', flush=True); time.sleep(60)"
child = subprocess.Popen(["bash", "-c", f'"$0" -c "$1"; true', sys.executable, code])
print(child.pid, flush=True)
time.sleep(60)
"""


def test_a_job_ends_with_the_run_that_started_it() -> None:
    """Also where a shell stands between the two, which outlives a killed run."""
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        shell = psutil.Process(int(parent.stdout.readline()))
        assert parent.stdout.readline() == "begun\n"
        (script,) = shell.children()
        os.kill(parent.pid, signal.SIGKILL)
        psutil.wait_procs([script, shell], timeout=30)  # of the sixty that they would sleep
        assert not script.is_running() and not shell.is_running()


def test_a_job_whose_run_is_gone_does_not_begin(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", "pass"])
    gone.wait()
    code = SCRIPT.format(inputs=[], outputs=[], body="print('begun')")
    environment = os.environ | {VARIABLE: f"{gone.pid} {time.time():.0f}"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 143 and "begun" not in done.stdout and "is gone: the job ends too" in done.stderr
