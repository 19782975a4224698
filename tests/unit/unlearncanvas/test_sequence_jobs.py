"""Sequences and pairs on the shipped base and judges, with eight cells and few steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from tests.unit.unlearncanvas.test_jobs import ASSETS, SETTINGS, _part, studio_settings

from lethe.benchmarks.unlearncanvas.jobs.combined_pairs import combine_pairs, tabulate_combined
from lethe.benchmarks.unlearncanvas.jobs.pairs import forget_pairs
from lethe.benchmarks.unlearncanvas.jobs.sequence import draw_retrained, forget_in_sequence
from lethe.benchmarks.unlearncanvas.jobs.sequence_tables import tabulate_pairs, tabulate_sequence
from lethe.benchmarks.unlearncanvas.sequences import models_of
from lethe.diffusion.delta import load_delta
from lethe.diffusion.folder import base_digest
from lethe.diffusion.jobs.base_folder import write_base
from lethe.diffusion.jobs.evaluator_folder import write_evaluator
from lethe.diffusion.latents import write_latents
from lethe.diffusion.methods import METHODS
from lethe.diffusion.methods.run import training_data
from lethe.diffusion.pipeline import load_pipeline
from lethe.diffusion.testbed.receivers import Emitter, Receiver, emitter_records, receiver_records
from lethe.execution.work import WorkFolder
from lethe.io.tables import write_json
from lethe.settings.unlearncanvas import Judge, UnlearnCanvas
from lethe.statistics.resampling import Inference

STYLES, OBJECTS = ("photo", "mosaic", "neon", "cartoon"), ("boat", "fish")
CELLS = [
    Receiver(2 * i + j, f"{style}_{thing}", "", f"A {thing} image in {style} style.", {"style": style, "object": thing})
    for i, style in enumerate(STYLES)
    for j, thing in enumerate(OBJECTS)
]
FORGOTTEN = [
    Emitter(k, CELLS[first].attributes["style"], (first, first + 1), (CELLS[first].prompt, CELLS[first + 1].prompt), places)
    for k, first in enumerate((2, 4))
    for places in [{first: CELLS[0].prompt, first + 1: CELLS[1].prompt}]
]
NAMES = ("style", "object")
ONE_JUDGE = UnlearnCanvas(judges=[Judge(style="style", object="object")])


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("sequence")
    of_base = SETTINGS.pretraining_of(SETTINGS.bases["canvas"])
    write_base(_part("canvas_vae"), _part("base_canvas"), ASSETS / "canvas_tokenizer.json", folder / "base", of_base)
    for name in NAMES:
        write_evaluator(_part(name), folder / name, "classifier", SETTINGS.pretraining_of(SETTINGS.evaluators[name]))
    write_json(folder / "receivers.json", receiver_records(CELLS))
    write_json(folder / "emitters.json", emitter_records(FORGOTTEN))
    generator = torch.Generator().manual_seed(0)
    write_latents(folder / "latents.safetensors", torch.randn(24, 4, 8, 8, generator=generator), torch.arange(24) % 8)
    return {
        "base": folder / "base", "receivers": folder / "receivers.json", "emitters": folder / "emitters.json",
        "evaluators": [folder / name for name in NAMES], "task": "canvas", "settings": studio_settings([188]), "threads": 1,
    }  # fmt: skip


def of_methods(given: dict[str, Any]) -> dict[str, Any]:
    return given | {"latents": given["base"].parent / "latents.safetensors", "seed": 0, "fidelity": "corrected"}


def test_a_sequence_is_run_goes_on_where_it_was_and_is_told(given: dict[str, Any], tmp_path: Path) -> None:
    asked = of_methods(given) | {"method": "uce", "hyperparameters": {}, "forget": [0, 1], "strengths": [0.5]}
    work = WorkFolder(tmp_path / "work", 1)
    forget_in_sequence(**asked, answers=tmp_path / "uce.parquet", work=work)
    table, models = pd.read_parquet(tmp_path / "uce.parquet"), models_of(2, [0.5])
    assert len(table) == len(models) * len(CELLS)
    first, second, both = (
        load_delta(tmp_path / f"work/{n}.safetensors") for n in ("independent_01", "independent_02", "sequential_02")
    )
    torch.testing.assert_close(both.matrix(), first.matrix() @ second.matrix(), rtol=1e-4, atol=1e-4)
    shares = table.groupby(["arm", "step", "strength"])["drift"].first()
    assert shares["merged", 2, 0.5] == pytest.approx(shares["merged", 2, 1.0] / 2, rel=1e-3)
    assert shares["sequential", 1, 1.0] == shares["merged", 1, 1.0], "model 1 is one model"
    (tmp_path / "work/answers.parquet.done.json").unlink()
    again = WorkFolder(tmp_path / "work", 1)
    assert {f"{model.name}.parquet" for model in models if model.made_as == model} <= again.done
    forget_in_sequence(**asked, answers=tmp_path / "again.parquet", work=again)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "again.parquet"), table)

    drawn = {key: value for key, value in given.items()}
    with pytest.raises(ValueError, match="its training saw 2 cells of the sequence, e.g. 'neon_boat'"):
        draw_retrained(**drawn, answers=tmp_path / "retrained.parquet", forget=[0, 1], never_seen=["mosaic_boat", "mosaic_fish"])
    seen = [cell.name for cell in CELLS[2:6]]
    draw_retrained(**drawn, answers=tmp_path / "retrained.parquet", forget=[0, 1], never_seen=seen)
    base = pd.read_parquet(tmp_path / "retrained.parquet").drop(columns=["arm", "step", "strength", "drift", "seconds"])
    base.assign(method="base").to_parquet(tmp_path / "base.parquet")
    common = {"receivers": given["receivers"], "emitters": given["emitters"], "settings": ONE_JUDGE, "task": "canvas"}
    tabulate_sequence(
        **common, base=tmp_path / "base.parquet", answers=[tmp_path / "uce.parquet"], table=tmp_path / "t.csv",
        matched=tmp_path / "m.csv", forget=[0, 1], kept_styles=[], kept_objects=[], seeds=[188],
        inference=Inference(bootstrap=20), retrained=[tmp_path / "retrained.parquet"],
    )  # fmt: skip
    told = pd.read_csv(tmp_path / "t.csv")
    assert set(told["arm"]) == {"base", "retrained", "sequential", "simultaneous", "independent", "merged"}
    assert told.set_index("arm").loc["base", "ua_mosaic"] == 0
    assert len(pd.read_csv(tmp_path / "m.csv")) == 3 * 3


def test_what_cannot_be_composed_is_refused_by_name(given: dict[str, Any], tmp_path: Path) -> None:
    small = {"steps": 1, "forget_batch": 2}
    with pytest.raises(ValueError, match="a 'gated_lora' delta acts while an image is made"):
        forget_in_sequence(
            **of_methods(given), method="spm", hyperparameters=small, forget=[0, 1], strengths=[],
            answers=tmp_path / "spm.parquet", work=WorkFolder(tmp_path / "spm", 1),
        )  # fmt: skip


def test_pairs_are_forgotten_and_told(given: dict[str, Any], tmp_path: Path) -> None:
    """Of a method that changes nothing the other cells are drawn once and are the same in every pair."""
    files = []
    for method, values in (("none", {}), ("uce", {})):
        files.append(tmp_path / f"{method}.parquet")
        forget_pairs(
            **of_methods(given), method=method, hyperparameters=values, cells="diagonal", target_seeds=[188, 288, 889],
            answers=files[-1], work=WorkFolder(tmp_path / method, 1),
        )  # fmt: skip
    none = pd.read_parquet(files[0])
    assert none.groupby("target").size().tolist() == [len(CELLS) - 1 + 3] * 3
    tabulate_pairs(given["receivers"], given["emitters"], files, tmp_path / "pairs.csv", "canvas", ONE_JUDGE)
    table = pd.read_csv(tmp_path / "pairs.csv").set_index(["method", "style"])
    assert table.loc["none", "object"].tolist() == ["fish", "boat", "fish"], "of styles 1, 2 and 3; the photo is style 0"
    assert np.allclose(table.loc["none"][["ua_neither", "ua_counterpart"]], 0) and (table.loc["none"][["sc", "up"]] > 0.9).all(
        axis=None
    )
    assert (table.loc["uce", "ua_not_both"] > 0.5).all() and (table["target_images"] == 3).all()


def test_two_models_are_put_together_on_a_pair(given: dict[str, Any], tmp_path: Path) -> None:
    """UCE of the style neon and of the object fish: both together forget the cell."""
    cells = tuple(cell.index for cell in CELLS if cell.attributes["object"] == "fish")
    texts = tuple(CELLS[cell].prompt for cell in cells)
    fish = Emitter(2, "fish", cells, texts, {cell: CELLS[cell - 1].prompt for cell in cells})
    write_json(tmp_path / "emitters.json", emitter_records([*FORGOTTEN, fish]))
    pipe, own = load_pipeline(given["base"]), METHODS.load("uce")()
    data = training_data(given["base"].parent / "latents.safetensors", CELLS, [*FORGOTTEN, fish], "corrected")
    deltas = []
    for made in own.unlearn(pipe, [*FORGOTTEN, fish], data, seed=0):
        deltas.append(tmp_path / f"{made.emitter.index}.safetensors")
        made.delta.save(deltas[-1], base=base_digest(given["base"]))
    combine_pairs(
        **given | {"emitters": tmp_path / "emitters.json"}, method="uce", deltas=deltas,
        models=[f"canvas_{index:03d}_uce_000" for index in range(3)], cells=[["neon", "fish"], ["cartoon", "fish"]],
        target_seeds=[188, 288], answers=tmp_path / "combined.parquet", work=WorkFolder(tmp_path / "work", 1),
    )  # fmt: skip
    found = pd.read_parquet(tmp_path / "combined.parquet")
    assert set(found["target"]) == {5} and set(found["arm"]) == {"mean", "sum"}, "nobody forgot cartoon"
    assert found.groupby("arm").size().tolist() == [len(CELLS) - 1 + 2] * 2
    direct = found[found["arm"] == "sum"].drop(columns="arm")
    direct.to_parquet(tmp_path / "direct.parquet")
    tabulate_combined(
        given["receivers"], tmp_path / "emitters.json", [tmp_path / "direct.parquet"], [tmp_path / "combined.parquet"],
        tmp_path / "combined.csv", "canvas", ONE_JUDGE,
    )  # fmt: skip
    table = pd.read_csv(tmp_path / "combined.csv").set_index("arm")
    assert table.index.tolist() == ["direct", "mean", "sum"] and table.loc["sum", "ua_not_both"] == 1
    assert table.loc["sum", "sc"] <= table.loc["mean", "sc"]
