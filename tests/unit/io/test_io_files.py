"""Atomic writes, work folders, locks of dead runs, damaged tables."""

from __future__ import annotations

import ast
import errno
import json
import math
import multiprocessing
import os
import resource
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import lethe
from lethe.execution.work import WorkFolder
from lethe.io.atomic import DiskFullError, atomic_path, write_bytes, write_text
from lethe.io.hashing import sha256_data, sha256_file
from lethe.io.lock import hold_run_lock
from lethe.io.tables import (
    CorruptFileError,
    read_json,
    read_jsonl,
    read_parquet,
    write_csv,
    write_json,
    write_jsonl,
    write_parquet,
)


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if ".part" in path.name]


def test_a_failed_write_keeps_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(RuntimeError), atomic_path(path) as part:
        part.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old" and not leftovers(tmp_path)


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    for content in ("one", "two"):
        with atomic_path(tmp_path / "folder") as part:
            part.mkdir()
            (part / content).write_text(content)
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["two"] and not leftovers(tmp_path)


def test_bytes_are_on_the_disk_before_they_get_their_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a power cut leaves the name without its bytes: every file is synced whole, and renamed after that."""
    synced: dict[int, int] = {}
    renamed: list[str] = []
    fsync, replace = os.fsync, os.replace

    def watched_fsync(descriptor: int) -> None:
        fsync(descriptor)
        status = os.fstat(descriptor)
        synced[status.st_ino] = status.st_size

    def watched_replace(source: Path, destination: Path) -> None:
        for file in [path for path in (source, *source.rglob("*")) if path.is_file()]:
            assert synced.get(file.stat().st_ino) == file.stat().st_size, f"{file.name} is renamed before it is synced"
            renamed.append(file.name)
        replace(source, destination)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "replace", watched_replace)
    write_bytes(tmp_path / "a.bin", b"abc")
    write_parquet(tmp_path / "b.parquet", pd.DataFrame({"a": [1]}))
    with atomic_path(tmp_path / "folder") as part:
        (part / "inner").mkdir(parents=True)
        (part / "inner" / "c.txt").write_text("c")
        (part / "d.txt").write_text("d")
    assert len(renamed) == 4 and set(renamed) > {"c.txt", "d.txt"}


def test_no_other_file_gets_its_name_before_it_is_synced() -> None:
    """Every function of the package that renames a file into place calls ``sync_file`` first."""
    source = Path(lethe.__file__).parent
    found = 0
    for file in source.rglob("*.py"):
        for function in [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.FunctionDef)]:
            calls = {ast.unparse(node.func): node.lineno for node in ast.walk(function) if isinstance(node, ast.Call)}
            if "os.replace" in calls:
                found += 1
                assert calls.get("sync_file", math.inf) < calls["os.replace"], f"{file.relative_to(source)}: {function.name}"
    assert found >= 2


def write_too_much(path: str, limit: int) -> None:
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # then the write fails with EFBIG instead
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        write_bytes(path, b"x" * (limit + 1))
    except DiskFullError as error:
        os._exit(0 if error.errno == errno.EFBIG and path in str(error) else 1)
    os._exit(2)


def test_a_full_disk_is_one_clear_error_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    write_bytes(path, b"old")
    process = multiprocessing.get_context("fork").Process(target=write_too_much, args=(str(path), 1000))
    process.start()
    process.join()
    assert process.exitcode == 0
    assert path.read_bytes() == b"old" and not leftovers(tmp_path)


def test_work_is_kept_between_tries_and_handed_over(tmp_path: Path) -> None:
    calls: list[str] = []

    def target(name: str):  # type: ignore[no-untyped-def]
        def write(path: Path) -> None:
            calls.append(name)
            path.write_text(name)

        return write

    first = WorkFolder(tmp_path / "work", {"seed": 1})
    first.finish("a", target("a"))
    second = WorkFolder(tmp_path / "work", {"seed": 1})
    assert second.done == {"a"}
    second.finish("a", target("a"))
    second.finish("b", target("b"))
    assert calls == ["a", "b"]
    second.hand_over({"a": tmp_path / "out" / "a", "b": tmp_path / "out" / "b"})
    assert (tmp_path / "out" / "b").read_text() == "b"
    assert WorkFolder(tmp_path / "work", {"seed": 1}).done == {"a", "b"}  # the run is not over: Snakemake may not know yet


def test_work_with_another_key_begins_anew(tmp_path: Path) -> None:
    WorkFolder(tmp_path / "work", {"seed": 1}).finish("a", lambda path: path.write_text("a"))
    assert WorkFolder(tmp_path / "work", {"seed": 2}).done == set()


def test_damaged_or_half_written_work_is_not_believed(tmp_path: Path) -> None:
    work = WorkFolder(tmp_path / "work", 0)
    for name in ("a", "b", "c"):
        work.finish(name, lambda path: path.write_text("content"))
    (tmp_path / "work" / "a").write_text("conten")
    (tmp_path / "work" / "b.done.json").write_text("{")
    assert WorkFolder(tmp_path / "work", 0).done == {"c"}


def test_a_target_of_two_files_is_finished_when_both_are(tmp_path: Path) -> None:
    work = WorkFolder(tmp_path / "work", 0)

    def write(first: Path, second: Path) -> None:
        first.write_text("1")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        work.finish(("a", "b"), write)
    assert work.done == set() and WorkFolder(tmp_path / "work", 0).done == set()


def test_one_lost_file_of_two_is_the_whole_target_again(tmp_path: Path) -> None:
    def write(first: Path, second: Path) -> None:
        first.write_text("1")
        second.write_text("2")

    WorkFolder(tmp_path / "work", 0).finish(("a", "b"), write)
    (tmp_path / "work" / "b").write_text("damaged")
    work = WorkFolder(tmp_path / "work", 0)
    assert work.done == {"a"}
    work.finish(("a", "b"), write)
    assert work.done == {"a", "b"} and work.path("b").read_text() == "2"


def test_marks_of_a_dead_run_are_removed_and_of_a_live_one_kept(tmp_path: Path) -> None:
    mark = tmp_path / "locks" / "0.output.lock"
    mark.parent.mkdir()
    mark.write_text("results/a\n")
    code = "import sys; from lethe.io.lock import hold_run_lock; lock = hold_run_lock(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None and run.stdout.readline() == "held\n"
        assert not mark.exists()  # it was alone
        mark.write_text("results/a\n")  # now the run marks its own files
        second = hold_run_lock(tmp_path)
        assert second is not None and mark.exists()
        run.kill()
    third = [
        sys.executable,
        "-c",
        "import sys; from lethe.io.lock import hold_run_lock; hold_run_lock(sys.argv[1])",
        str(tmp_path),
    ]
    subprocess.run(third, check=True)
    assert mark.exists()  # the first run is dead, the second is not
    second.close()
    assert hold_run_lock(tmp_path) is not None  # the other run is dead, so this one is alone and its marks are nobody's
    assert not mark.exists()


def test_hashes(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a", b"abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256_file(tmp_path / "a") == known
    assert sha256_data({"b": 1, "a": 2}) == sha256_data({"a": 2, "b": 1}) != sha256_data({"a": 2, "b": 2})


def test_tables_round_trip_and_are_deterministic(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": [0.5, float("nan")]})
    write_parquet(tmp_path / "one.parquet", table)
    write_parquet(tmp_path / "two.parquet", table)
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()
    pd.testing.assert_frame_equal(read_parquet(tmp_path / "one.parquet"), table)
    write_jsonl(tmp_path / "a.jsonl", [{"a": "é"}, {"b": None}])
    assert read_jsonl(tmp_path / "a.jsonl") == [{"a": "é"}, {"b": None}]
    with pytest.raises(ValueError):
        write_json(tmp_path / "a.json", {"a": float("nan")})
    write_csv(tmp_path / "a.csv", pd.DataFrame({"a": [1, 2], "b": [1 / 3, 1e-9], "c": ["x", None]}))
    assert (tmp_path / "a.csv").read_text() == "a,b,c\n1,0.333333,x\n2,1e-09,\n"


@pytest.mark.parametrize("damage", [b"", b"{", b"PAR1 nothing"])
def test_a_damaged_table_names_its_file(tmp_path: Path, damage: bytes) -> None:
    for name, read in (("a.json", read_json), ("a.parquet", read_parquet)):
        (tmp_path / name).write_bytes(damage)
        with pytest.raises(CorruptFileError, match=name):
            read(tmp_path / name)
    (tmp_path / "a.jsonl").write_text(json.dumps({"a": 1}) + "\n{\n")
    with pytest.raises(CorruptFileError, match="line 2"):
        read_jsonl(tmp_path / "a.jsonl")
