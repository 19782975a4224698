"""What a world would cost: every line is its own arithmetic."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lethe.__main__ import main
from lethe.classifiers.search import most_epochs
from lethe.settings.sections import CANVAS_METHODS
from lethe.workflow.classifier_cost import SHARE
from lethe.workflow.cost import estimate_of, text
from lethe.workflow.passes import CROSS, DECODER, FEATURES, PICTURE, SEARCHED, TRAINED, UNET, Line

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
    hours, fewer = (sum(line.hours for line in lines if not line.what.startswith("digits")) for lines in (slow, fast))
    assert hours == pytest.approx(2 * fewer)  # seconds of classifiers are no TFLOPs
    assert [line.gigabytes for line in slow] == [line.gigabytes for line in fast]


def test_the_command_tells_faults(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["cost", "--configfile", "config/none.yaml"]) == 2
    assert main(["cost", "--configfile", PAPER, "--tflops", "0"]) == 2
    assert main(["cost", "--gpus", "0"]) == 2
    assert main(["cost", "--configfile", "config/papr.yaml"]) == 2
    assert "there is no file config/papr.yaml; did you mean 'config/paper.yaml'?" in (said := capsys.readouterr().err)
    assert "config/none.yaml" in said and "--tflops is 0; allowed: a number above 0" in said
    assert "--gpus is 0" in said
    assert main(["cost", "--configfile", PAPER]) == 0
    assert "287 TFLOP/s" in (told := capsys.readouterr().out)
    assert "Jobs are not counted, since there is no plan of all yet" in told and "data/unlearncanvas" in told


@pytest.mark.parametrize("command", ["cost", "why"])
def test_an_unknown_target_is_told_with_the_nearest(command: str) -> None:
    words = [sys.executable, "-m", "lethe", command, "demmo"]  # Snakemake leaves its logging behind in a process
    asked = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert asked.returncode == 2 and not asked.stdout
    assert f"lethe {command}: no rule and no file that a rule makes is called 'demmo'; did you mean 'demo'?" in asked.stderr


def test_deep_unlearn_is_steps_times_seconds() -> None:
    lines = {line.what: line for line in estimate_of([str(ROOT / "config/paper.yaml")], root=ROOT)}
    mnist = lines["mnist resnet18: base training"]  # 70,000 images in batches of 256
    assert mnist.hours == pytest.approx(3 * 10 * 50 * 274 * 0.012 / 3600)
    assert mnist.gigabytes == pytest.approx(30 * 4 * 11.19e6 / 1e9, rel=0.01)
    searched = lines["mnist resnet18: search"]
    runs = 18 * (3 * 100 + 3 * 5 * 3)  # trials of three studies, then five finalists of each on all three models
    assert searched.hours == pytest.approx(runs * 10 * 274 * 0.012 / 3600) and searched.gigabytes == 0
    assert lines["cifar10 resnet18: U-LiRA's models"].hours == pytest.approx(64 * 11 * 91 * 118 * 0.012 / 3600, rel=0.01)
    assert "cifar10 tinyvit: U-LiRA's models" not in lines and most_epochs(50) == SHARE * 50


def test_searches_are_said_to_be_counted_at_a_bound() -> None:
    lines = [
        Line("mnist mlp: search", "how", 30.0, 0.0),
        Line("cifar10 mlp: search", "how", 45.0, 0.0),
        Line("a", "b", 25.0, 0.0),
    ]
    for device in ("cuda", "cpu"):
        told = text(lines, device)
        assert (
            f"75.0 of these 100.0 hours (75%): every trial and every run of a finalist takes the most epochs that a search may choose, {SHARE:g} x"
            in told
        )
    assert "Searches" not in text(lines[2:]) and "Searches" not in text(
        estimate_of([], root=ROOT), "cpu"
    )  # shipped hyper-parameters


def test_of_a_world_on_the_cpu_only_classifiers_are_counted() -> None:
    lines = estimate_of([], root=ROOT)
    assert {line.what.partition(":")[0] for line in lines} == {"digits mlp", "digits tinycnn"}
    assert "CPU hours" in text(lines, "cpu") and "Wall time" not in text(lines, "cpu")


def test_wall_time_is_gpu_hours_by_gpus() -> None:
    told = text([Line("a", "b", 90.0, 1.0)], gpus=8)
    assert "Wall time on 8 GPUs that are never idle: 11.2 hours = 90.0 / 8" in told and "360 CPU hours" in told


def test_disk_follows_how_pictures_are_kept(tmp_path: Path) -> None:
    overlay = tmp_path / "latents.yaml"
    overlay.write_text("keep_images: latents\n")
    png, latents = (
        {line.what: line for line in estimate_of(files, root=ROOT)}["canvas: pictures and scores"]
        for files in ([PAPER], [PAPER, str(overlay)])
    )
    drawn = png.gigabytes * 1e9 / (PICTURE + FEATURES)
    assert latents.gigabytes * 1e9 == pytest.approx(drawn * (4 * 64 * 64 * 2 + 1024 + FEATURES))  # float16
    assert "0.45 MB each" in png.how and "0.0338 MB each as latents" in latents.how and latents.hours == png.hours
