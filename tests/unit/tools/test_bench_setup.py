"""The benchmark of the installation: what it counts, and that pip is measured without uv."""

from __future__ import annotations

import os
from pathlib import Path

from lethe.tools.speed.setup import Installed, megabytes, record, without_uv


def test_a_file_with_two_names_is_counted_once(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/a").write_bytes(os.urandom(2_000_000))
    one = megabytes(tmp_path)
    os.link(tmp_path / "folder/a", tmp_path / "b")
    assert 2 <= one == megabytes(tmp_path) < 2.1


def test_pip_is_measured_where_there_is_no_uv(tmp_path: Path) -> None:
    (tmp_path / "uv").write_text("#!/bin/sh\n")
    (tmp_path / "uv").chmod(0o755)
    assert without_uv(f"/usr/bin:{tmp_path}:/bin") == "/usr/bin:/bin"


def test_targets_are_of_both_ways_and_of_the_size() -> None:
    good = {"uv, cold": Installed(10, 9, 1700), "uv, warm": Installed(5, 3, 1700), "pip, cold": Installed(50, 99, 1710)}
    assert record(good)["value"] == {"cold": 0.2, "warm": 0.1, "megabytes": 1710} and record(good)["holds"]
    assert not record(good | {"uv, cold": Installed(16, 9, 1700)})["holds"]
    assert not record(good | {"pip, cold": Installed(50, 99, 1801)})["holds"]
