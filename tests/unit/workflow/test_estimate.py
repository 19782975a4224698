"""What a world would cost: every line is its own arithmetic."""

from __future__ import annotations

from pathlib import Path

import pytest

from lethe.__main__ import main
from lethe.settings.sections import CANVAS_METHODS
from lethe.workflow.estimate import estimate_of
from lethe.workflow.passes import CROSS, DECODER, SEARCHED, TRAINED, UNET

ROOT = Path(__file__).parents[3]
PAPER = str(ROOT / "config/canvas_paper.yaml")


def test_the_published_canvas_is_counted_line_by_line() -> None:
    lines = {line.what: line for line in estimate_of([PAPER], sustained=100.0, root=ROOT)}
    methods = [name for name in CANVAS_METHODS if name != "retrain"]  # a base from outside cannot be trained again
    for task in ("canvas", "canvas_objects"):
        of_task = [what for what in lines if what.startswith(f"{task}: ")]
        assert of_task[1 : 1 + len(methods)] == [f"{task}: {name}" for name in methods]
    esd = lines["canvas: esd"]
    assert esd.hours == pytest.approx(50 * 1000 * (TRAINED + 1 + 50) * UNET / 100 / 3600)
    assert esd.gigabytes == pytest.approx(50 * 4 * CROSS / 1e9)
    drawn = (1 + 50 * len(methods)) * 1020 * 5
    pictures = lines["canvas: pictures and scores"]
    assert pictures.hours == pytest.approx(drawn * (100 * 2 * UNET + DECODER) / 100 / 3600)
    assert lines["canvas: none"].hours == 0 < lines["canvas_objects: sa"].hours


def test_sequences_pairs_and_attacks_are_counted() -> None:
    """12 concepts: 12 runs alone, 11 further ones, and one of k times the steps for each k from 2; 50 pairs; 6 attacked concepts."""
    lines = {line.what: line for line in estimate_of([PAPER], sustained=100.0, root=ROOT)}
    run, picture = 1000 * (TRAINED + 1 + 50) * UNET / 100 / 3600, (100 * 2 * UNET + DECODER) / 100 / 3600
    weaker = 3 * 3  # strengths of the last model of three arms
    assert lines["canvas: sequence, esd"].hours == pytest.approx(
        (12 + 11 + sum(range(2, 13))) * run + (12 + 3 * 11 + weaker) * 1020 * 5 * picture
    )
    assert lines["canvas: pairs, esd"].hours == pytest.approx(50 * run + 50 * (1020 * 2 + 20) * picture)
    assert lines["canvas: pairs, none"].hours == pytest.approx((1020 * 2 + 50 * 20) * picture)
    assert "canvas_objects: pairs, esd" not in lines
    search = (2 * 100 * 18 + 40 * 9) * 4 * SEARCHED * UNET / 100 / 3600
    assert lines["canvas: attacks"].hours == pytest.approx(6 * 14 * (search + (7 * 18 * 2 + 2 * 9) * picture))
    assert {what.partition(": ")[2] for what in lines if "canvas_objects: s" in what and "sequence" in what} == {
        f"sequence, {method}" for method in ("esd", "ca", "salun", "uce")
    }


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
