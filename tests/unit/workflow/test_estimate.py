"""What a world would cost: every line is its own arithmetic."""

from __future__ import annotations

from pathlib import Path

import pytest

from lethe.__main__ import main
from lethe.settings.sections import CANVAS_METHODS
from lethe.workflow.estimate import CROSS, DECODER, TRAINED, UNET, estimate_of

ROOT = Path(__file__).parents[3]
PAPER = str(ROOT / "config/canvas_paper.yaml")


def test_the_published_canvas_is_counted_line_by_line() -> None:
    lines = {line.what: line for line in estimate_of([PAPER], sustained=100.0, root=ROOT)}
    methods = [name for name in CANVAS_METHODS if name != "retrain"]  # a base from outside cannot be trained again
    for task in ("canvas", "canvas_objects"):
        assert [f"{task}: {name}" for name in methods] == [what for what in lines if what.startswith(f"{task}: ")][1:-1]
    esd = lines["canvas: esd"]
    assert esd.hours == pytest.approx(50 * 1000 * (TRAINED + 1 + 50) * UNET / 100 / 3600)
    assert esd.gigabytes == pytest.approx(50 * 4 * CROSS / 1e9)
    drawn = (1 + 50 * len(methods)) * 1020 * 5
    pictures = lines["canvas: pictures and scores"]
    assert pictures.hours == pytest.approx(drawn * (100 * 2 * UNET + DECODER) / 100 / 3600)
    assert lines["canvas: none"].hours == 0 < lines["canvas_objects: sa"].hours


def test_a_faster_gpu_needs_less_time_and_as_much_disk() -> None:
    slow, fast = (estimate_of([PAPER], sustained=value, root=ROOT) for value in (100.0, 200.0))
    assert sum(line.hours for line in slow) == pytest.approx(2 * sum(line.hours for line in fast))
    assert [line.gigabytes for line in slow] == [line.gigabytes for line in fast]


def test_the_command_tells_faults(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["estimate", "--configfile", "config/none.yaml"]) == 2
    assert main(["estimate", "--configfile", PAPER, "--tflops", "0"]) == 2
    assert "config/none.yaml" in (said := capsys.readouterr().err) and "--tflops is 0; allowed: a number above 0" in said
    assert main(["estimate", "--configfile", PAPER]) == 0
    assert "287 TFLOP/s" in capsys.readouterr().out
