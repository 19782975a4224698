"""What a class says of itself is read from its text, and must be literals."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lethe.core import description
from lethe.core.description import DescriptionError, Descriptions, check_descriptions, description_of
from lethe.core.registry import Registry, UnknownNameError
from lethe.diffusion.metrics.base import MetricDescription

GOOD = 'name="new", kind="pair", arrow="↓", range=(0.0, None), untouched=0.0, label="New", version="1", source="here"'


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A registry whose one class says what it is given; its module would fail if it were run."""
    monkeypatch.syspath_prepend(tmp_path)
    description.description_of.cache_clear()
    description._tree.cache_clear()

    def make(about: str) -> Registry[type]:
        (tmp_path / "new_metric.py").write_text(f"raise RuntimeError('it was run')\nclass New:\n    {about}\n")
        registry = Registry[type]("metric")
        registry.register("new", "new_metric:New")
        return registry

    yield make
    description.description_of.cache_clear()
    description._tree.cache_clear()


def test_keys_are_read_without_running_the_file(said) -> None:
    found = Descriptions(said(f"about = MetricDescription({GOOD})"), "label", "range", "constants")
    assert found["new"] == {"label": "New", "range": (0.0, None)}
    assert list(found) == ["new"] and "new" in found and "old" not in found
    with pytest.raises(UnknownNameError, match="did you mean 'new'"):
        found["nev"]


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ("pass", "new_metric:New does not say what it is"),
        (f"about = MetricDescription({GOOD.replace('0.0, None', '0.0, math.inf')})", "about.range is `.0.0, math.inf.`"),
        (f"about = MetricDescription({GOOD}, lable='x')", "about.lable is not known; .*did you mean 'label'"),
        (f"about = MetricDescription({GOOD.replace('pair', 'pairs')})", "about.kind: Input should be 'image', 'pair' or 'diff'"),
        (f"about = MetricDescription({GOOD.replace(', source=', ', unit=')})", "about.source: Field required"),
        (f"about = MetricDescription({GOOD.replace('untouched=0.0, ', '')})", "compares pairs, so it needs `untouched`"),
        (f"about = MetricDescription({GOOD.replace('untouched=0.0', 'untouched=1e999')})", "untouched is inf, so damage has no zero"),
        (f"about = MetricDescription({GOOD.replace('pair', 'image')})", "scores one image, which has no `untouched`"),
        (f"about = MetricDescription({GOOD.replace('name=', 'published_name=', 1)}, name='new')", "published_name is 'new'; allowed: 'new_diff'"),
        (f"about = MetricDescription({GOOD.replace('new', 'old', 1)})", "registered as 'new', but about.name is 'old'"),
    ],
)  # fmt: skip
def test_what_nobody_could_read_is_refused(said, about: str, message: str) -> None:
    with pytest.raises(DescriptionError, match=message):
        check_descriptions(said(about), MetricDescription)


def test_the_plan_refuses_a_metric_that_does_not_say_what_it_is() -> None:
    """It would be scored for hours, and no table could tell what its numbers mean."""
    code = (
        "from lethe.diffusion.metrics import METRICS\n"
        "from lethe.workflow.configuration import load_configuration\n"
        "METRICS.register('mute', 'lethe.diffusion.metrics.embeddings:Embeddings')\n"
        "load_configuration({})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "DescriptionError: lethe.diffusion.metrics.embeddings:Embeddings does not say what it is" in done.stderr


def test_no_torch_is_needed() -> None:
    description_of("lethe.diffusion.metrics.clip:ClipScore")
    code = "import sys; from lethe.diffusion.metrics.specs import quantities; quantities(); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
