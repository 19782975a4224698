"""The measurements of Stable Diffusion v1.4 run here on a tiny pipeline: the same functions, small numbers."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.tiny_pipeline import shared_tiny_pipeline

from lethe.diffusion.methods import METHODS
from lethe.diffusion.pipeline import load_pipeline
from lethe.execution import fingerprint
from lethe.tools.speed import gpu as bench_gpu
from lethe.tools.speed import rates
from lethe.tools.speed import sd14 as bench_sd14


@pytest.fixture
def pipe() -> Any:
    return load_pipeline(shared_tiny_pipeline())


def state(pipe: Any) -> list[torch.Tensor]:
    return [p.clone() for module in (pipe.unet, pipe.vae, pipe.text_encoder) for p in module.parameters()]


def test_every_rate_is_measured(pipe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str | None, bool]] = []  # of the compiler: its mode, and whether kernels must be deterministic

    def compiler(part: Any, **how: Any) -> Any:
        asked.append((how.get("mode"), torch.are_deterministic_algorithms_enabled()))
        return part

    monkeypatch.setattr(torch, "compile", compiler)
    before, lines = state(pipe), []
    with rates.determinism(True):  # as in every job
        measured = bench_gpu.measure(
            pipe,
            batch_sizes=(1,),
            production=3,
            stock=2,
            images=6,
            plain_images=1,
            steps=2,
            size=32,
            training_steps=1,
            together=2,
            say=lines.append,
        )
    assert [(row["way"], row["batch"]) for row in measured["generation"]] == [
        ("stock", 1), ("stock", 2), ("eager", 1), ("eager", 3), ("compiled", 3), ("stock, compiled", 2), ("any order", 3), ("decoder", 3)
    ]  # fmt: skip
    assert [row["largest_difference"] for row in measured["generation"][-2:]] == [0, 0]  # a compiler that compiles nothing
    assert all(0 < row["job_images_per_second"] <= row["images_per_second"] for row in measured["generation"])
    assert [tuple(row[key] for key in ("method", "precision", "together", "compiled")) for row in measured["training"]] == [
        *((m, *how, False) for m in ("distil", "munba") for how in (("float32", 1), ("bfloat16", 1), ("bfloat16", 2))),
        *((method, "bfloat16", 1, True) for method in ("distil", "munba")),
    ]
    assert set(measured["best"]) == set(bench_gpu.TARGET) and all(value > 0 for value in measured["best"].values())
    assert len(lines) == 16
    own, stock, free, decoder = [(None, True)] * 2, [(rates.STOCK_MODE, True)] * 2, [(None, False)] * 2, [(None, True)] * 4
    training = [(None, True)] * 4  # to warm up and to be measured, of two methods
    assert asked == own + stock + free + decoder + training
    json.dumps(measured, allow_nan=False)
    assert all(torch.equal(a, b) for a, b in zip(before, state(pipe), strict=True))
    assert not hasattr(pipe.unet, "peft_config")


def test_the_rate_of_a_job_holds_what_it_compiles() -> None:
    assert rates.Rate(5.0, 200.0).of_job(4000) == 4.0
    rows = [
        {"way": way, "batch": batch, "job_images_per_second": rate}
        for way, batch, rate in (
            ("stock", 1, 1.0),
            ("eager", 8, 9.0),
            ("eager", 25, 3.0),
            ("compiled", 25, 5.0),
            ("any order", 25, 8.0),
        )
    ]
    best = bench_gpu._best(rows, [], 25)
    assert best["images_per_second"] == 5.0 and best["images_speed_up"] is None and best["distil_speed_up"] is None
    rows.append({"way": "stock, compiled", "batch": 16, "job_images_per_second": 4.0})
    assert bench_gpu._best(rows, [], 25)["images_speed_up"] == 1.25


def test_no_compilation_is_begun_without_time(pipe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_gpu, "METHODS", ())
    measured = bench_gpu.measure(
        pipe,
        batch_sizes=(),
        production=2,
        stock=1,
        images=2,
        plain_images=1,
        steps=1,
        size=32,
        deadline=0.0,
        say=lambda line: None,
    )
    assert [row["way"] for row in measured["generation"]] == ["stock", "stock", "eager"]
    assert measured["best"]["images_speed_up"] is None  # against a stock pipeline that is not compiled nothing is claimed
    assert "decode" not in vars(pipe.vae)


@pytest.mark.skipif(torch.cuda.is_available(), reason="says what a machine without a GPU does")
def test_without_a_gpu_it_says_so_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench_gpu.main(["--output", str(tmp_path / "gpu.json")]) == 0
    assert "no CUDA device" in capsys.readouterr().out and not (tmp_path / "gpu.json").exists()


def test_missing_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setitem(bench_gpu.NEEDED, "no_such_module", "no-such-package")
    assert bench_gpu.main(["--output", str(tmp_path / "gpu.json")]) == 1
    assert "missing packages: no-such-package" in capsys.readouterr().out


def test_needed_packages_are_complete() -> None:
    """Whatever is imported at the top of a module that a measurement reaches is in the list that is checked first."""
    reached = ["lethe.settings.load", "lethe.diffusion.pretraining.sd14", "lethe.tools.speed.rates"]
    reached += [METHODS.module_of(method) for method in bench_gpu.METHODS]
    imported = set()
    for module in fingerprint.closure(reached):
        for node in ast.parse(fingerprint._file(module).read_text()).body:
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.split(".")[0])
    assert imported - sys.stdlib_module_names - {"lethe", "torch"} <= set(bench_gpu.NEEDED)


def test_every_kind_of_delta_comes_and_goes(pipe: Any) -> None:
    before = state(pipe)
    digest = bench_sd14.weights_digest(pipe)
    trips = {name: bench_sd14.round_trip(pipe, delta, digest) for name, delta in bench_sd14.example_deltas(pipe).items()}
    assert {name: trip["kind"] for name, trip in trips.items()} == {"uce": "text_map", "lora": "lora", "dense": "dense"}
    assert all(trip["restored"] for trip in trips.values())
    assert all(torch.equal(a, b) for a, b in zip(before, state(pipe), strict=True))
    assert not bench_sd14.round_trip(pipe, bench_sd14.example_deltas(pipe)["lora"], "another digest")["restored"]
    assert 0 < bench_sd14.draw_one(pipe, bench_sd14.example_deltas(pipe)["uce"], 2, 32) < 255
