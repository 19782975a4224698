"""A forked script behaves as one with an interpreter of its own, however it, its server or its run ends; and no server outlives a run."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from snakemake import api
from snakemake.script import PythonScript
from tests.forked_world import SHARED, World

from lethe.execution import forked
from lethe.execution.parent import VARIABLE

pytestmark = pytest.mark.workflow

WAIT = """
out.write_text("half")
Path("begun_{name}").write_text(str(os.getpid()))
time.sleep(float(os.environ["SECONDS_TO_WAIT"]))
out.write_text("whole")
"""
IMPORTING = "pathlib.Path('begun_server').write_text('1')"
ALONE = "import shared; out.write_text('forked' if shared.IMPORTED_BY != os.getpid() else 'alone')"


SET_BY_BASH = ("_", "SHLVL", "PWD", "OLDPWD")  # which stands between Snakemake and a script's own interpreter
SCRIPTS = {
    "looks": f"""
import json
seen = {{
    "main": [__name__, __file__, sys.modules["__main__"].__file__ == __file__, vars(sys.modules["__main__"]) is globals()],
    "argv": [os.path.dirname(text) for text in sys.argv],
    "first": sys.path[:3],
    "path": sorted({{entry for entry in sys.path if "runtime-cache" not in entry}}),
    "folder": [os.getcwd(), tempfile.gettempdir()],
    "environment": {{name: value for name, value in os.environ.items() if name not in {(*SET_BY_BASH, VARIABLE)}}},
    "interrupt": signal.getsignal(signal.SIGINT) is signal.default_int_handler,
    "umask": os.umask(0o22),
}}
out.write_text(json.dumps(seen))
""",
    "forked": ALONE,
    "ends": """
def later():
    time.sleep(0.3)
    out.write_text(out.read_text() + " thread")
out.write_text("body")
atexit.register(lambda: out.write_text(out.read_text() + " atexit"))
threading.Thread(target=later).start()
""",
    "raises": "out.write_text('x')\nraise ValueError('entity 7')",
    "exits": "out.write_text('x')\nsys.exit(3)",
    "says": "sys.exit('no such entity')",
    "dies": "out.write_text('x')\nos.kill(os.getpid(), signal.SIGKILL)",
    "wide": ALONE,
    "module": ALONE,
    "computes": """
held = bytearray(os.urandom(1 << 20)) * 300
end = time.process_time() + 1.2
while time.process_time() < end: pass
time.sleep(1.2)
out.write_text(str(len(held)))
""",
}
MORE = {"wide": "threads: 2", "module": 'envmodules: "any"', "looks": 'resources: tmpdir="../temporary"'}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[World, int, str]]:
    """The same jobs forked and each with its own interpreter: world, exit status, output."""
    done = {}
    for way, switch in (("forked", "1"), ("ordinary", "0")):
        world = World(tmp_path_factory.mktemp("world") / "wo rld", SCRIPTS, MORE)
        (world.folder / "temporary").mkdir()
        (world.folder / "modules.sh").write_text("module() { :; }\n")
        environment = {forked.SWITCH: switch, "BASH_ENV": str(world.folder / "modules.sh")}
        done[way] = (world, *world.run("--keep-going", "--sdm", "env-modules", **environment))
    return done


Both = dict[str, tuple[World, int, str]]


def test_scripts_of_one_thread_are_forked_and_no_others(both: Both) -> None:
    def how(way: str) -> list[str | None]:
        return [both[way][0].output(name) for name in ("forked", "wide", "module")]

    assert how("forked") == ["forked", "alone", "alone"] and how("ordinary") == ["alone"] * 3
    assert "imported for all jobs to come" in both["forked"][2] and "for all jobs" not in both["ordinary"][2]


def test_a_script_does_not_notice(both: Both) -> None:
    """Environment, folders, import path, ``__main__`` and its arguments are those of a new interpreter."""

    def seen(way: str) -> dict[str, object]:
        world, _, _ = both[way]
        text = world.output("looks")
        assert text is not None
        return json.loads(text.replace(str(world.folder), "WORLD").replace('"LETHE_FORK": "0"', '"LETHE_FORK": "1"'))

    assert seen("forked") == seen("ordinary")
    assert seen("forked")["folder"] == ["WORLD/at work", "WORLD/temporary"]


def test_threads_and_functions_at_exit_run(both: Both) -> None:
    for world, _, _ in both.values():
        assert world.output("ends") == "body thread atexit"
        assert "s of it to start and to import" in (world.work / "logs/ends.log").read_text()


@pytest.mark.parametrize(
    ("name", "told", "logged"),
    [
        ("raises", "returned non-zero exit status 1", "ValueError: entity 7"),
        ("exits", "returned non-zero exit status 3", ""),
        ("says", "no such entity", ""),
        ("dies", "died with <Signals.SIGKILL: 9>", ""),
    ],
)
def test_a_failure_is_told_alike(both: Both, name: str, told: str, logged: str) -> None:
    for way, (world, status, said) in both.items():
        assert status == 1, said[-3000:]
        assert told in said and logged in (world.work / f"logs/{name}.log").read_text(), way
        assert world.output(name) is None, way


def test_outputs_of_jobs_that_end_well_have_hashes_and_no_others(both: Both) -> None:
    for way, (world, _, _) in both.items():
        assert {name for name in SCRIPTS if world.output(name)} == {*SCRIPTS} - {"raises", "exits", "says", "dies"}, way
        assert {name for name in SCRIPTS if world.has_hash(name)} == {*SCRIPTS} - {"raises", "says", "dies"}, way


def test_logs_and_benchmark_files_are_the_same(both: Both) -> None:
    def files(way: str) -> list[str]:
        work = both[way][0].work
        return sorted(str(path.relative_to(work)) for part in ("logs", "benchmarks") for path in (work / part).iterdir())

    assert files("forked") == files("ordinary") and "benchmarks/computes.tsv" in files("forked")


def test_a_benchmark_is_that_of_the_job(both: Both) -> None:
    for way, (world, _, _) in both.items():
        with open(world.work / "benchmarks/computes.tsv") as file:
            (row,) = csv.DictReader(file, delimiter="\t")
        assert 1 < float(row["cpu_time"]) < 2.5 and 295 < float(row["max_uss"]) < 345, (way, row)


def ends(world: World, run: subprocess.Popen[str]) -> tuple[int, str]:
    with run:
        said, _ = run.communicate(timeout=60)
    assert not world.left()
    assert not list(world.work.glob(".snakemake/locks/*"))
    return run.returncode, said


def is_over(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE  # nobody has asked how it ended yet
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def waiting(tmp_path: Path) -> World:
    return World(tmp_path / "w", {"first": WAIT, "second": WAIT})


@pytest.mark.parametrize("switch", ["0", "1"])
def test_ctrl_c_ends_the_jobs(waiting: World, switch: str) -> None:
    """A terminal sends it to every process of the run. What a job has begun is left, and marked as not finished."""
    run = waiting.start(LETHE_FORK=switch)
    waiting.wait_for("first", "second")
    begin = time.monotonic()
    os.killpg(run.pid, signal.SIGINT)
    assert ends(waiting, run)[0] == 1 and time.monotonic() - begin < 10
    assert waiting.output("first") == "half" and not waiting.has_hash("first")
    assert list(waiting.work.glob(".snakemake/incomplete/*"))


def test_ctrl_c_ends_a_server_that_imports(tmp_path: Path) -> None:
    shared = f"import sys, time, pathlib\nif 'forkserver' in str(sys.orig_argv):\n    {IMPORTING}; time.sleep(60)\n{SHARED}"
    world = World(tmp_path / "w", {"first": WAIT}, shared=shared)
    run = world.start()
    world.wait_for("server")
    os.killpg(run.pid, signal.SIGINT)
    status, said = ends(world, run)
    assert status == -signal.SIGINT and said.count("KeyboardInterrupt") == 1  # of Snakemake, none of the server


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_snakemake_alone_waits_for_its_jobs(waiting: World, number: signal.Signals) -> None:
    run = waiting.start(SECONDS_TO_WAIT="1.5")
    waiting.wait_for("first", "second")
    run.send_signal(number)
    assert ends(waiting, run)[0] == 1
    assert waiting.output("first") == waiting.output("second") == "whole" and waiting.has_hash("first")


def test_nothing_outlives_a_killed_run(waiting: World) -> None:
    run = waiting.start()
    waiting.wait_for("first", "second")
    run.kill()
    run.communicate(timeout=60)
    assert not waiting.left()


def test_jobs_end_with_their_server_and_the_next_has_another(tmp_path: Path) -> None:
    world = World(tmp_path / "w", {"first": WAIT, "second": WAIT, "third": ALONE}, {"third": "priority: -1"})
    run = world.start("--keep-going")
    jobs = [psutil.Process(number) for number in world.wait_for("first", "second")]
    server = jobs[0].parent()
    assert server is not None and jobs[1].ppid() == server.pid and server.ppid() == run.pid
    server.kill()
    while not all(is_over(job) for job in jobs):
        time.sleep(0.02)
    assert run.poll() is None  # they did not wait for the end of the run
    status, said = ends(world, run)
    assert status == 1 and said.count("returned non-zero exit status 255") == 2
    assert world.output("first") is None and world.output("second") is None and world.output("third") == "forked"


def test_two_runs_have_two_servers(tmp_path: Path) -> None:
    worlds = [World(tmp_path / name, {"first": WAIT}) for name in ("a", "b")]
    runs = [world.start(SECONDS_TO_WAIT="1") for world in worlds]
    for world, run in zip(worlds, runs, strict=True):
        (job,) = world.wait_for("first")
        server = psutil.Process(job).parent()
        assert server is not None and server.ppid() == run.pid
    assert [ends(world, run)[0] for world, run in zip(worlds, runs, strict=True)] == [0, 0]


@pytest.mark.parametrize("error", ["ImportError", "RuntimeError"])
def test_modules_that_cannot_be_imported_are_told_once(tmp_path: Path, error: str) -> None:
    shared = f"import sys\nif 'forkserver' in str(sys.orig_argv): raise {error}('no shared library')\n{SHARED}"
    world = World(tmp_path / "w", {"first": ALONE}, shared=shared)
    status, said = world.run()
    assert status == 0 and world.output("first") == "alone"
    assert "no shared library" in said and said.count("each script starts its own interpreter") == 1


def test_another_snakemake_is_told_once(tmp_path: Path) -> None:
    before = """
from snakemake.script import PythonScript
method = PythonScript.execute_script
PythonScript.execute_script = lambda self, fname, **more: method(self, fname)
"""
    status, said = (world := World(tmp_path / "w", {"first": ALONE}, before=before)).run()
    assert status == 0 and world.output("first") == "alone"
    assert said.count("each script starts its own interpreter") == 1 and "another way than known" in said


def test_the_method_that_is_replaced_is_there() -> None:
    assert forked.is_replaceable(PythonScript.execute_script)
    assert not forked.is_replaceable(None) and not forked.is_replaceable(lambda self, fname: None)


def test_few_scripts_need_no_server(tmp_path: Path) -> None:
    status, said = (world := World(tmp_path / "w", {"first": ALONE}, later=forked.FEWEST - 2)).run()
    assert status == 0 and world.output("first") == "alone" and "for all jobs" not in said


def test_a_switch_of_another_value_is_refused(tmp_path: Path) -> None:
    status, said = World(tmp_path / "w", {"first": ALONE}).run(LETHE_FORK="no")
    assert status == 1 and "LETHE_FORK=no, allowed are 0" in said


@pytest.mark.parametrize(
    ("main", "local", "device", "system"),
    [(True, False, "cpu", "linux"), (False, True, "cpu", "linux"), (True, True, "cuda", "linux"), (True, True, "cpu", "darwin")],
    ids=["head of a cluster", "node of a cluster", "GPU", "macOS"],
)
def test_elsewhere_every_script_has_its_interpreter(
    main: bool, local: bool, device: str, system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(api.Workflow.is_main_process, property) and isinstance(api.Workflow.local_exec, property)
    monkeypatch.setattr(sys, "platform", system)
    workflow = SimpleNamespace(is_main_process=main, local_exec=local, touch=False)
    method = PythonScript.execute_script
    assert forked.fork_scripts(workflow, ["json"], device) is False
    assert PythonScript.execute_script is method


@pytest.mark.parametrize(
    ("command", "first"),
    [
        ("snakemake --cores 2 demo", True),
        ("snakemake --cores 2 all --report-after-run --report results/mini/report.html", True),
        ("snakemake -c2 -- demo", True),
        ("snakemake -c2 demo --report results/mini/report.html", False),
        ("snakemake -n demo", False),
        ("snakemake --profile slurm all", False),
        ("snakemake -c2 results/mini/figures/forget_retain_breeds.png", False),
        ("snakemake -c2", False),
    ],
)
def test_a_first_run_is_told_by_its_command(command: str, first: bool, tmp_path: Path) -> None:
    """And no run is one in a world of which something is there."""
    assert forked.is_first_run(command.split(), tmp_path / "world") is first
    assert not forked.is_first_run(command.split(), tmp_path)


@pytest.mark.parametrize("other", [{"device": "cuda"}, {"SNAKEMAKE_PROFILE": "slurm"}, {"LETHE_FORK": "0"}, {"there": "world"}])
def test_the_server_starts_early_only_where_scripts_will_be_forked(
    other: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started: list[set[str]] = []
    monkeypatch.setattr(forked, "_start", started.append)
    command = ["snakemake", "-c2", "demo"]
    assert forked.start_early(command, tmp_path / "world", {"json"}, "cpu") and started == [{"json"}]
    for name in ("SNAKEMAKE_PROFILE", "LETHE_FORK"):
        if name in other:
            monkeypatch.setenv(name, other[name])
    results = tmp_path if "there" in other else tmp_path / "world"
    assert not forked.start_early(command, results, {"json"}, other.get("device", "cpu"))
    assert len(started) == 1
