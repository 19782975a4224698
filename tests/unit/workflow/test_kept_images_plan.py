"""Where pictures are kept as latents, whoever reads them gets the base that decodes them; where they are kept, nobody does."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from lethe.planning.memory import decoding, scoring
from lethe.settings.errors import SettingsError
from lethe.workflow.plan import Plan
from lethe.workflow.start import merged, plan_of

ROOT = Path(__file__).parents[3]


def of(**names: str) -> Any:
    return SimpleNamespace(**names)


def plan(**changes: Any) -> Plan:
    return plan_of(yaml.safe_load((ROOT / "config/config.yaml").read_text()) | changes, (), ROOT)


@pytest.fixture(scope="module")
def png() -> Plan:
    return plan()


@pytest.fixture(scope="module")
def latents() -> Plan:
    return plan(keep_images="latents")


def inputs(plan: Plan, **names: str) -> dict[str, list[str]]:
    (form,) = [form for form in plan.figures.forms if form.stem == "visual_grid_{task}_{index}"]
    return form.inputs(of(**names))


def test_readers_of_latents_get_the_base_of_their_task(png: Plan, latents: Plan) -> None:
    base = ["<results>/base/breeds"]
    assert latents.bases.decoder(of(task="breeds")) == latents.bases.decoder_of_run(of(run="breeds_003_uce_000")) == base
    assert (
        latents.bases.decoder_of_run(of(run="breeds_baseline")) == inputs(latents, task="breeds", index="003")["decoder"] == base
    )
    assert png.bases.decoder(of(task="breeds")) == png.bases.decoder_of_run(of(run="breeds_baseline")) == []
    assert "decoder" not in inputs(png, task="breeds", index="003")


def test_a_gpu_scores_all_where_it_has_to_decode() -> None:
    task = of(task="objects")
    assert plan(device="cuda").apart(task) == ["nudenet"] and plan(device="cuda").decoding_gpu == 0
    kept = plan(device="cuda", keep_images="latents")
    assert kept.apart(task) == [] and kept.decoding_gpu == 1 and kept.scored_apart()(task) == []


def test_memory_of_a_decoder(png: Plan, latents: Plan, tmp_path: Path) -> None:
    assert (decoding(png.settings), png.showing_memory(2000)) == (0, 2000)
    assert scoring(latents.settings, "objects") == scoring(png.settings, "objects") + decoding(latents.settings)
    overlay = tmp_path / "latents.yaml"
    overlay.write_text("keep_images: latents\n")
    files = [str(ROOT / "config/paper.yaml"), str(overlay)]
    paper = plan_of(merged(files, ROOT), files, ROOT)
    assert 2000 + 1500 + 1500 < paper.showing_memory(2000) < 2000 + 5000  # a process and one picture of 512 px
    assert 8 * 1500 < decoding(paper.settings) < 16_000  # eight


def test_pictures_of_a_corpus_stay_files() -> None:
    config = merged([str(ROOT / "tests/workflow/corpus.yaml")], ROOT) | {"keep_images": "latents"}
    config["archive"] |= {"record": "theirs"}
    with pytest.raises(SettingsError, match="keep_images: latents, but pictures of a corpus are files.*allowed: png"):
        plan_of(config, (), ROOT)


def test_an_unknown_way_is_refused() -> None:
    with pytest.raises(SettingsError, match="keep_images"):
        plan(keep_images="jpeg")
