"""Every template is drawn: axes named, no warning, nothing global changed; and a result reaches the disk whole."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tests.unit.icare.template_world import make_task

from lethe.benchmarks.icare.figures.quantities import axis, statistic_axis
from lethe.benchmarks.icare.templates.paper import figures
from lethe.figures.jobs.figure import write
from lethe.figures.templates import TEMPLATES
from lethe.figures.templates.parameters import validate
from lethe.settings.models import Settings
from lethe.statistics.resampling import Inference

QUICK = Inference(permutations=99, bootstrap=50)
NAMED = {
    fidelity: {f.template: f for f in figures(Settings(fidelity=fidelity)) if f.name.startswith("objects_")}  # type: ignore[arg-type]
    for fidelity in ("corrected", "published")
}
OBJECTS = {"objects": make_task("objects", 10)}


def pictures(result: object) -> dict[tuple[str, str], np.ndarray]:
    rows = [row for row in result.rows if "member" in row]  # type: ignore[attr-defined]
    return {(row["row"], row["member"]): np.zeros((8, 8, 3), np.uint8) for row in rows}


@pytest.mark.parametrize("fidelity", ["corrected", "published"])
@pytest.mark.parametrize("name", sorted(NAMED["corrected"]))
def test_every_template_is_drawn(name: str, fidelity: str) -> None:
    template = TEMPLATES.load(name)
    parameters = validate(template.parameters, NAMED[fidelity][name].parameters)
    result = template.compute(parameters, OBJECTS, QUICK)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = TEMPLATES.load(name).draw(result, parameters, pictures(result))
    words = [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")) if text.get_text()]  # type: ignore[attr-defined]
    if fidelity == "published":
        assert any("published" in word for word in words)
    assert not any("nan" in word.lower().split() for word in words)
    axes = {kind: name for kind, name in result.axes.values()}
    for kind, quantity in axes.items():
        if kind in ("metric", "similarity", "statistic", "attribute"):
            assert any(axis(kind, quantity).split("\n")[0].lower() in word.lower() for word in words), (kind, quantity)


def test_a_result_is_four_files_and_the_same_bytes_again(tmp_path: Path) -> None:
    template = TEMPLATES.load("SRN")
    parameters = validate(template.parameters, NAMED["corrected"]["SRN"].parameters)
    result = template.compute(parameters, OBJECTS, QUICK)
    written = []
    for run in ("a", "b"):
        files = [tmp_path / f"{run}.{suffix}" for suffix in ("png", "pdf", "json", "csv")]
        write(template, parameters, result, {}, QUICK, files)
        written.append([file.read_bytes() for file in files])
    assert written[0] == written[1]
    record = json.loads(written[0][2])
    assert record["metadata"]["attribute"] == "value" and record["metadata"]["inference"]["permutations"] == 99
    assert record["result"]["findings"][0].keys() >= {"value", "low", "high", "p", "q", "n", "how"}
    assert Image.open(tmp_path / "a.png").width > 700
    assert list(pd.read_csv(tmp_path / "a.csv")["label"]) == [row["label"] for row in record["result"]["rows"]]
    with pytest.raises(ValueError, match="not written as '.svg'; allowed: .json, .csv, .pdf, .png"):
        write(template, parameters, result, {}, QUICK, [tmp_path / "a.svg"])


def test_directions_come_from_one_place() -> None:
    assert "higher is healthier" in statistic_axis("emitter_average_ssim")
    assert "lower is healthier" in statistic_axis("receiver_worst_interfered_brisque_diff")
    assert "difference of two sides" in statistic_axis("emitter_minus_receiver_average_ssim")
    source = Path(__file__).parents[3] / "src/lethe"
    own = {"diffusion/metrics", "benchmarks/icare/entities.py", "tools/new/skeletons"}
    for file in source.rglob("*.py"):
        if not {str(place.relative_to(source)) for place in (file, file.parent)} & own:
            assert '"\u2191"' not in file.read_text() or file.name == "quantities.py", f"{file} has a direction of its own"
