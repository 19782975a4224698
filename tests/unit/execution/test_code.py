"""The code of a job changes with what it runs: its function's imports and the entries of registries that it asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from lethe.execution import code, fingerprint

FILES = {
    "__init__.py": "",
    "registry.py": "class Registry:\n    pass\n",
    "methods/__init__.py": "from lethe.core.registry import Registry\nMETHODS = Registry('method')\n"
    "METHODS.register('plain', 'lethe.methods.plain:Plain')\nMETHODS.register('deep', 'lethe.methods.deep:Deep')\n"
    "NAMES = MethodDescriptions(METHODS, 'title')\n",
    "methods/plain.py": "class Plain:\n    about = About(title='Plain', colour='red')\n    contract = Contract(small={})\n    pass\n",
    "methods/deep.py": "from lethe.layers import LAYERS\nclass Deep:\n    about = About(title='Deep')\n    pass\n",
    "metrics/__init__.py": "from lethe.core.registry import Registry\nMETRICS = Registry('metric')\n"
    "METRICS.register('near', 'lethe.metrics.near:Near')\nMETRICS.register('far', 'lethe.metrics.far:Far')\n"
    "RATES = Descriptions(METRICS, 'rate')\nWORDS = Descriptions(METRICS, 'title', 'colour')\n",
    "metrics/near.py": "class Near:\n    about = About(rate=1, title='Near', paper='A')\n    pass\n",
    "metrics/far.py": "class Far:\n    about = About(rate=3)\n",
    "score.py": "from lethe.metrics import METRICS\ndef score(name):\n    return METRICS.load(name)\n",
    "layers.py": "from lethe.core.registry import Registry\nLAYERS = Registry('layer')\nLAYERS.register('wide', 'lethe.wide:Wide')\n",
    "wide.py": "class Wide:\n    pass\n",
    "table.py": "from lethe.metrics import RATES\ndef table(name):\n    return RATES[name]\n",
    "figure.py": "from lethe.metrics import WORDS\ndef draw(name):\n    return WORDS[name]\n",
    "train.py": "from lethe.methods import METHODS\ndef train(name):\n    return METHODS.load(name)\n",
    "name.py": "from lethe.methods import NAMES\ndef name(method):\n    return NAMES.title(method)\n",
    "both.py": "from lethe.methods import METHODS, NAMES\ndef name(method):\n    return METHODS.load(method), NAMES.title(method)\n",
    "draw.py": "def draw():\n    pass\n",
    "script.py": "# a comment\nfrom lethe.draw import draw\ndraw()\n",
}
PLAIN = {"lethe.methods.METHODS": ["plain"]}
BOTH = {"lethe.methods.METHODS": ["plain", "deep"], "lethe.layers.LAYERS": ["wide"]}


def clear() -> None:
    caches = (
        fingerprint.facts_of,
        fingerprint._imports,
        fingerprint.is_module,
        code._code_of,
        code.registries,
        code.descriptions,
    )
    for cached in caches:
        cached.cache_clear()
    fingerprint._recalled.clear()
    code._parts.clear()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package ``lethe`` with two registries; the entry of one leads to the other."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(fingerprint, "PACKAGE", tmp_path)
    clear()
    yield tmp_path
    clear()


def changed(package: Path, file: str, old: str, new: str, target: str, asked: dict[str, list[str]]) -> bool:
    clear()
    before = code.code_of(target, asked)
    text = (package / file).read_text()
    assert old in text
    (package / file).write_text(text.replace(old, new))
    clear()
    return code.code_of(target, asked) != before


@pytest.mark.parametrize(
    ("file", "old", "new", "asked", "counts"),
    [
        ("methods/plain.py", "pass", "x = 1", PLAIN, True),
        ("methods/deep.py", "pass", "x = 1", PLAIN, False),
        ("methods/deep.py", "pass", "x = 1", BOTH, True),
        ("wide.py", "pass", "x = 1", PLAIN, False),
        ("wide.py", "pass", "x = 1", BOTH, True),
        ("methods/__init__.py", "METHODS.register('deep', 'lethe.methods.deep:Deep')\n", "", PLAIN, False),
        ("methods/__init__.py", "plain:Plain", "plain:Other", PLAIN, True),
        ("draw.py", "pass", "x = 1", BOTH, False),
    ],
)
def test_of_a_registry_only_what_is_asked_counts(
    package: Path, file: str, old: str, new: str, asked: dict[str, list[str]], counts: bool
) -> None:
    assert changed(package, file, old, new, "lethe.train:train", asked) is counts


@pytest.mark.parametrize(
    ("old", "new", "target", "counts"),
    [
        ("rate=1", "rate=2", "table", True),
        ("rate=1", "rate=2", "score", False),
        ("rate=1", "rate=2", "draw", False),
        ("rate=1, ", "", "table", True),
        ("title='Near'", "title='Close'", "figure", True),
        ("title='Near'", "title='Close'", "table", False),
        ("title='Near'", "title='Close'", "score", False),
        ("title='Near'", "title='Near', colour='red'", "figure", True),
        ("paper='A'", "paper='B'", "figure", False),
        ("pass", "x = 1", "figure", False),
        ("pass", "x = 1", "score", True),
    ],
)
def test_of_what_a_class_says_those_keys_count_that_are_read(
    package: Path, old: str, new: str, target: str, counts: bool
) -> None:
    assert changed(package, "metrics/near.py", old, new, f"lethe.{target}:f", {"lethe.metrics.METRICS": ["near"]}) is counts


def test_what_another_class_says_does_not_count(package: Path) -> None:
    near, both = ({"lethe.metrics.METRICS": names} for names in (["near"], ["near", "far"]))
    assert not changed(package, "metrics/far.py", "rate=3", "rate=4", "lethe.table:f", near)
    assert changed(package, "metrics/far.py", "rate=4", "rate=5", "lethe.table:f", both)


@pytest.mark.parametrize(
    ("file", "old", "new", "asked", "unlearning", "figure"),
    [
        ("methods/plain.py", "'Plain'", "'Plane'", PLAIN, False, True),
        ("methods/deep.py", "'Deep'", "'Deeper'", PLAIN, False, False),
        ("methods/deep.py", "'Deep'", "'Deeper'", BOTH, False, True),
        ("methods/plain.py", "'red'", "'blue'", PLAIN, False, False),
        ("methods/plain.py", "small={}", "small={'steps': 1}", PLAIN, False, False),
        ("methods/plain.py", "pass", "x = 1", PLAIN, True, False),
    ],
)
def test_what_a_method_says_of_itself_is_code_of_who_asks_for_it(
    package: Path, file: str, old: str, new: str, asked: dict[str, list[str]], unlearning: bool, figure: bool
) -> None:
    """A title is code of figures and of no unlearning job, what a method does the other way round."""
    before = (package / file).read_text()
    assert changed(package, file, old, new, "lethe.train:train", asked) is unlearning
    (package / file).write_text(before)
    assert changed(package, file, old, new, "lethe.name:name", asked) is figure
    (package / file).write_text(before)
    assert changed(package, file, old, new, "lethe.both:name", asked) is (unlearning or figure)


def test_of_a_script_its_text_and_its_imports_count(package: Path) -> None:
    script = str(package / "script.py")
    assert not changed(package, "script.py", "# a comment", "# another", script, {})
    assert changed(package, "script.py", "draw()", "draw(); draw()", script, {})
    assert changed(package, "draw.py", "pass", "x = 1", script, {})


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, r"lethe\.train:train loads code by name from lethe\.methods\.METHODS, but it is not said"),
        ({"lethe.methods.METHODS": ["deep"]}, r"lethe\.train:train .* from lethe\.layers\.LAYERS"),
        (
            {"lethe.methods.METHODS": ["plane"]},
            r"'plane' is not in lethe\.methods\.METHODS; there are: deep, plain; did you mean 'plain'",
        ),
        ({"lethe.methods.METHOD": ["plain"]}, r"no registry 'lethe\.methods\.METHOD'; .*did you mean 'lethe\.methods\.METHODS'"),
    ],
)
def test_what_cannot_be_known_is_an_error(package: Path, asked: dict[str, list[str]], message: str) -> None:
    with pytest.raises(code.UnknownCodeError, match=message):
        code.code_of("lethe.train:train", asked)


def test_a_hash_is_explained_later(package: Path, tmp_path: Path) -> None:
    digest = code.code_of("lethe.train:train", PLAIN)
    code.keep_parts(tmp_path / "kept")
    clear()
    parts = code.kept_parts(digest, tmp_path / "kept")
    assert parts is not None and {"lethe.train", "lethe.methods.plain", "lethe.methods.METHODS[plain]"} <= set(parts)
    assert code.kept_parts("0" * 16, tmp_path / "kept") is None


def test_every_job_of_the_package_can_be_told() -> None:
    """Each entry of each registry has a file, so no name leads to code that nobody counts."""
    clear()
    for registry in code.registries():
        for target in code._entries(registry).values():
            assert fingerprint.facts_of(target.partition(":")[0]).digest
