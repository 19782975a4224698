"""What a class says of itself is read from its text, and must be literals."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lethe.core import description
from lethe.core.description import DescriptionError, Descriptions, check_descriptions, description_of
from lethe.core.methods import MethodDescription
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
    assert (
        found.get("new", "label", "") == "New"
        and found.get("new", "constants", ()) == ()
        and found.get("nev", "label", "?") == "?"
    )
    with pytest.raises(UnknownNameError, match="did you mean 'new'"):
        found["nev"]
    with pytest.raises(KeyError, match="'version' is not among the keys that are read here: label, range, constants"):
        found.get("new", "version", "")


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


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("title=NAME, paper='p'", "about.title is `NAME`"),
        ("title='X', papr='p'", "about.papr is not known; allowed: .*did you mean 'paper'"),
        ("title='X'", "about.paper: Field required"),
        ("title='', paper='p'", "title is empty"),
        ("title='X', paper='p', needs=('convolution',)", "needs: 'convolution'; .*did you mean 'convolutions'"),
        ("title='X', paper='p', needs='noise'", "about.needs: Input should be a valid tuple"),
        ("title='X', paper='p', reference='retrain'", "reference: 'retrain'; .*did you mean 'retrained'"),
    ],
)
def test_a_method_that_says_it_wrongly_is_refused(said, keys: str, message: str) -> None:
    with pytest.raises(DescriptionError, match=f"^new_metric:New: {message}" if message.startswith("about.") else message):
        check_descriptions(said(f"about = MethodDescription({keys})"), MethodDescription)


@pytest.mark.parametrize("registry", ["diffusion.metrics.METRICS", "diffusion.methods.METHODS", "classifiers.methods.METHODS"])
def test_the_plan_refuses_what_does_not_say_what_it_is(registry: str) -> None:
    """It would be computed for hours, and no table could tell what its numbers mean."""
    module, _, name = registry.rpartition(".")
    code = (
        f"from lethe.{module} import {name}\n"
        "from lethe.workflow.configuration import load_configuration\n"
        f"{name}.register('mute', 'lethe.diffusion.metrics.embeddings:Embeddings')\n"
        "load_configuration({})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "DescriptionError: lethe.diffusion.metrics.embeddings:Embeddings does not say what it is" in done.stderr


def test_no_torch_is_needed() -> None:
    description_of("lethe.diffusion.metrics.clip:ClipScore")
    code = "import sys; from lethe.diffusion.metrics.specs import quantities; quantities(); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
