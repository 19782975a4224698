"""Jobs of UnlearnCanvas on the shipped base and judges, with four cells and few steps."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import TypeAdapter

from lethe.benchmarks.unlearncanvas.jobs.measured_run import measure_run
from lethe.benchmarks.unlearncanvas.jobs.world import measure_world
from lethe.benchmarks.unlearncanvas.plan.studios import CanvasStudios
from lethe.benchmarks.unlearncanvas.studio import CanvasStudioSettings
from lethe.diffusion.jobs.base_folder import write_base
from lethe.diffusion.jobs.evaluator_folder import write_evaluator
from lethe.diffusion.latents import write_latents
from lethe.diffusion.sources.canvas import RenderedCanvas
from lethe.diffusion.sources.pack import pack_images
from lethe.diffusion.testbed.receivers import Emitter, Receiver, emitter_records, receiver_records
from lethe.io.tables import write_json
from lethe.settings.models import Settings
from lethe.settings.scoring import Scoring

ASSETS = Path(__file__).parents[3] / "assets/mini"
SETTINGS = Settings()
STYLES, OBJECTS = ("photo", "mosaic"), ("boat", "fish")
CELLS = [
    Receiver(number, f"{style}_{thing}", "", f"A {thing} image in {style} style.", {"style": style, "object": thing})
    for number, (style, thing) in enumerate((style, thing) for style in STYLES for thing in OBJECTS)
]
MOSAIC = Emitter(0, "mosaic", (2, 3), (CELLS[2].prompt, CELLS[3].prompt), {2: CELLS[0].prompt, 3: CELLS[1].prompt})


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Base, judges, cells, concepts, latents, and two shards of rendered images."""
    folder = tmp_path_factory.mktemp("canvas")
    tokenizer = ASSETS / "canvas_tokenizer.json"
    of_base = SETTINGS.pretraining_of(SETTINGS.bases["canvas"])
    write_base(_part("canvas_vae"), _part("base_canvas"), tokenizer, folder / "base", of_base)
    for name in ("style", "object"):
        of_judge = SETTINGS.pretraining_of(SETTINGS.evaluators[name])
        write_evaluator(_part(name), folder / name, "classifier", of_judge)
    write_json(folder / "receivers.json", receiver_records(CELLS))
    write_json(folder / "emitters.json", emitter_records([MOSAIC]))
    generator = torch.Generator().manual_seed(0)
    write_latents(folder / "latents.safetensors", torch.randn(16, 4, 8, 8, generator=generator), torch.arange(16) % 4)
    world = RenderedCanvas(training=6, reference=4)
    for split in ("training", "reference"):
        shard = (folder / f"{split}.tar", folder / f"{split}.parquet")
        pack_images([cell.name for cell in CELLS], partial(world.split, split=split), *shard)
    return {path.name: path for path in folder.iterdir()}


def studio_settings(seeds: list[int]) -> CanvasStudioSettings:
    """Of the shipped world, with its first judge alone, as a rule gives them."""
    one = SETTINGS.unlearncanvas["canvas"].judges[:1]
    return TypeAdapter(CanvasStudioSettings).validate_python(CanvasStudios(SETTINGS).settings("canvas", seeds, one))


def _part(name: str) -> list[Path]:
    return [ASSETS / f"{name}.safetensors", ASSETS / f"{name}.json"]


@pytest.mark.parametrize("method", ["sa", "uce"])
def test_a_run_in_a_process_of_its_own_is_measured(files: dict[str, Path], tmp_path: Path, method: str) -> None:
    """SA prepares its Fisher information first; UCE trains nothing."""
    small: dict[str, Any] = {"sa": {"steps": 2, "forget_batch": 2, "retain_batch": 2, "importance_rows": 4}, "uce": {}}[method]
    measure_run(
        files["base"], files["receivers.json"], files["emitters.json"], files["latents.safetensors"], tmp_path / "run.json",
        method=method, hyperparameters=small, emitter=0, seed=0, device="cpu", fidelity="intended", threads=1,
    )  # fmt: skip
    told = json.loads((tmp_path / "run.json").read_text())
    assert told["method"] == method and told["seconds"] > 0 and told["peak_mb"] >= told["loaded_mb"] > 0


def test_a_world_is_measured_with_and_without_a_base_that_lacks_cells(files: dict[str, Path], tmp_path: Path) -> None:
    names = ("style", "object")
    given: dict[str, Any] = {
        "base": files["base"], "receivers": files["receivers.json"],
        "tar": files["training.tar"], "index": files["training.parquet"],
        "reference_tar": files["reference.tar"], "reference_index": files["reference.parquet"],
        "evaluators": [files[name] for name in names], "task": "canvas", "world": "mini", "style": "style",
        "scoring": Scoring(metrics=list(names)), "settings": {n: SETTINGS.evaluators[n] for n in names},
        "generation": SETTINGS.generation_of("canvas").model_copy(update={"seeds": [188]}),
        "device": "cpu", "dtype": "float32", "threads": 1,
    }  # fmt: skip
    measure_world(**given, figures=tmp_path / "with.json", never_seen=["mosaic_fish"], held_out=[files["base"]])
    measure_world(**given, figures=tmp_path / "without.json", never_seen=[])
    found, plain = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("with", "without"))
    assert {name: found[name] for name in plain} == plain and set(found) - set(plain) == {"never_seen", "seen"}
    # the base that "lacks" the cell is the base itself, which draws it
    assert found["never_seen"] == found["seen"] == found["real"] == {"style": 1.0, "object": 1.0}
    assert found["colour_kept"] > 0.9 and found["chance"] == 0.5 and set(found["decoded_mse"]) == set(STYLES)
