"""What a world needs from outside, told before a job runs."""

from __future__ import annotations

import logging
from pathlib import Path
from types import SimpleNamespace

import pytest

from lethe.planning import inputs
from lethe.planning.inputs import HAVE, MISSING, TO_FETCH, Need, check_put, tell, text
from lethe.settings.errors import SettingsError
from lethe.workflow.plan import Plan
from lethe.workflow.start import merged, plan_of

ROOT = Path(__file__).parents[3]


def plan(*overlays: str) -> Plan:
    """The plan of overlays of config."""
    files = [ROOT / "config" / name for name in overlays]
    return plan_of(merged(files, ROOT), files, ROOT)


def test_the_paper_lists_all_that_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = plan("paper.yaml")
    monkeypatch.chdir(tmp_path)
    needs = {need.name: need for need in found.inputs.needs}
    by_hand = {"lfw_race.csv", "dog_breeds_pawsomeauthority.csv", "utkface"}
    assert {name for name, need in needs.items() if need.state == MISSING} == by_hand
    models = {"CompVis/stable-diffusion-v1-4", "ViT-B-16-quickgelu", "vit_small_patch14_dinov2.lvd142m"}
    assert models | {"cifar10", "cifar100", "mnist", "fashion_mnist", "lfw_train.parquet"} <= {
        name for name, need in needs.items() if need.state == TO_FETCH
    }
    assert all(need.licence and need.source and (need.target or need.advice) for need in needs.values())
    targets = found.inputs.targets(SimpleNamespace())
    assert not any("race" in target or "pawsome" in target for target in targets) and len(targets) == len(needs) - len(by_hand)


def test_a_file_put_by_hand_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/lfw_race.csv").write_text("name,race,method,image,date\n")
    assert "resources/downloads/lfw_race.csv" in plan("paper.yaml").inputs.targets(SimpleNamespace())


def test_the_embedded_world_needs_nothing() -> None:
    assert plan().inputs.needs == [] and text([]) == "this world needs nothing from outside"


def test_missing_inputs_stand_first_and_say_how_they_are_got(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").touch()
    there, lost = (
        Need(name="b", place="there", megabytes=188),
        Need(name="a", place="data/a.csv", advice="write it", source="docs"),
    )
    assert (there.state, lost.state) == (HAVE, MISSING)
    header, first, second, how = text([there, lost]).splitlines()
    assert first[header.index("where") :].split() == ["data/a.csv", "docs"] and first.startswith("missing  a")
    assert second.startswith("have") and how == "missing: data/a.csv: write it (docs)"
    with pytest.raises(SystemExit, match="1 of 2 inputs are missing: data/a.csv: write it .docs."):
        tell([], [there, lost])
    tell([], [there])
    assert "188 MB" in capsys.readouterr().out


def test_what_is_missing_is_a_warning_of_a_plan_and_an_error_of_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in (("handlers", [caplog.handler]), ("disabled", False), ("propagate", False), ("level", logging.INFO)):
        monkeypatch.setattr(inputs._of_snakemake, name, value)  # Snakemake, once it ran in this process, has changed them
    inputs._warn.cache_clear()
    for _ in range(2):
        check_put("data/race.csv", "write it", lambda: True)
    assert [record.levelname for record in caplog.records] == ["WARNING"] and "data/race.csv" in caplog.text
    with pytest.raises(SettingsError, match="data/race.csv is missing.*write it.*lethe inputs"):
        check_put("data/race.csv", "write it", lambda: False)
