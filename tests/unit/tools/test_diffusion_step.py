"""The count of operations of a training step, on a tiny pipeline."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.tiny_pipeline import shared_tiny_pipeline

from lethe.diffusion.pipeline import load_pipeline
from lethe.io.tables import read_json
from lethe.tools.speed import diffusion_step


def test_fused_adapters_start_fewer_operations() -> None:
    found = diffusion_step.count(2, load_pipeline(shared_tiny_pipeline()))
    for counts in found.values():
        assert 0 < counts["one"] < counts["separate"] and counts["many"] < 1.5 * counts["one"]
    assert found["munba"]["one"] < 0.6 * found["munba"]["separate"]  # both players in one pass
    assert found["munba"]["one"] < 1.5 * found["spare"]["one"]


@pytest.mark.parametrize(("many", "holds"), [(2249, True), (2251, False)])
def test_what_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, many: int, holds: bool) -> None:
    counts = {"spare": {"separate": 3000, "one": 1900, "many": 1900}, "munba": {"separate": 6000, "one": 1500, "many": many}}
    monkeypatch.setattr(diffusion_step, "count", lambda emitters: counts)
    diffusion_step.measure(tmp_path / "step.json", 10)
    record = read_json(tmp_path / "step.json")
    assert record["value"] == {"spare": 1900, "munba": 1500, "of_ten": pytest.approx(many / 1500)}
    assert record["holds"] is holds and record["measured"] == counts
