"""``lethe new KIND NAME``: the files of a new method, metric, source, task or figure, and the line that makes it known.

What is written is a skeleton that runs as it is; docs/add-a-{kind}.md says what to fill in. Skeletons are real files beside this one: Python
that is linted and type-checked as everything else. In them the name is ``skeleton``, a class is ``Skeleton`` and a title ``Skeleton title``.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import lethe
from lethe.core.registry import nearest
from lethe.io.atomic import write_text
from lethe.tools.new import known

SKELETONS = Path(__file__).parent / "skeletons"
PACKAGE = Path("src/lethe")


class NewError(ValueError):
    """Nothing can be made, and nothing was; the message says why."""


@dataclass(frozen=True)
class Kind:
    """What a command makes.

    Attributes:
        title: in words, e.g. ``"metric"``.
        pattern: what a name may be, and the same in words.
        names: names that exist -> where.
        files: skeleton -> file that is written. ``{name}`` stands for the name.
        lines: file -> line that is added after the last one of its kind. ``{module}`` stands for the name of the module, ``{Class}`` for
            that of the class.
        ends: skeleton -> file at whose end it is added.
        then: the next command.
        refused: says why a name that has the right form cannot be, empty where it can.
    """

    title: str
    pattern: tuple[str, str]
    names: Callable[[], Mapping[str, str]]
    files: Mapping[str, str]
    then: str
    lines: Mapping[str, str] = field(default_factory=dict)
    ends: Mapping[str, str] = field(default_factory=dict)
    refused: Callable[[str], str] = lambda name: ""


WORDS = (known.METHOD, "lower-case words joined by single underscores, each of which begins with a letter")
NAME = (known.NAME, "lower-case words and digits joined by single underscores, beginning with a letter")

TITLE = (r"[A-Z][A-Za-z0-9]*", "letters and digits, beginning with a capital")

KINDS = {
    "method": Kind(
        title="method",
        pattern=WORDS,
        names=known.methods,
        files={"method.py": "src/lethe/diffusion/methods/{name}.py", "method.yaml": "config/methods/diffusion/{name}.yaml"},
        lines={"src/lethe/diffusion/methods/__init__.py": 'METHODS.register("{name}", "lethe.diffusion.methods.{name}:{Class}")'},
        then=".venv/bin/python -m pytest tests/contract/test_unlearners.py -k {name}",
    ),
    "classifier-method": Kind(
        title="method of classifiers",
        pattern=WORDS,
        names=known.classifier_methods,
        files={"classifier_method.py": "src/lethe/classifiers/methods/{name}.py"},
        lines={
            "src/lethe/classifiers/methods/__init__.py": 'METHODS.register("{name}", "lethe.classifiers.methods.{name}:{Class}")'
        },
        ends={"classifier_method.yaml": "config/methods/classifiers/digits_mlp.yaml"},
        then=".venv/bin/python -m pytest tests/contract/test_deepunlearn_methods.py -k {name}",
    ),
    "metric": Kind(
        title="metric",
        pattern=NAME,
        names=known.metrics,
        refused=known.metric_refused,
        files={"metric.py": "src/lethe/diffusion/metrics/{name}.py"},
        lines={"src/lethe/diffusion/metrics/__init__.py": 'METRICS.register("{name}", "lethe.diffusion.metrics.{name}:{Class}")'},
        then="add '{name}' to scoring.metrics of an overlay",
    ),
    "source": Kind(
        title="source",
        pattern=NAME,
        names=known.sources,
        files={"source.py": "src/lethe/diffusion/sources/{name}.py"},
        lines={"src/lethe/diffusion/sources/__init__.py": 'SOURCES.register("{name}", "lethe.diffusion.sources.{name}:{Class}")'},
        then=".venv/bin/lethe new task TASK, with `source: {name}`",
    ),
    "task": Kind(
        title="task",
        pattern=NAME,
        names=known.tasks,
        files={"task.yaml": "config/{name}.yaml"},
        then=".venv/bin/snakemake -n -c2 --configfile config/{name}.yaml -- tables",
    ),
    "figure": Kind(
        title="figure",
        pattern=TITLE,
        names=known.figures,
        files={"figure.py": "src/lethe/benchmarks/icare/templates/{module}.py"},
        lines={
            "src/lethe/figures/templates/__init__.py": 'TEMPLATES.register("{name}", "lethe.benchmarks.icare.templates.{module}:TEMPLATE")'
        },
        then=".venv/bin/snakemake -c2 results/mini/figures/{name}/task=objects--method=uce--metric=ssim.png",
    ),
}


def create(kind: str, name: str, root: Path) -> list[str]:
    """Write the files of a new thing; returns what was done, a line each, and the next command.

    Args:
        kind: key of ``KINDS``.
        name: of the new thing.
        root: folder of the checkout whose package this is.

    Raises:
        NewError: no such kind, a name that is malformed or taken, a file that exists, or a checkout that this command does not belong to.
            Nothing is written then.
    """
    if kind not in KINDS:
        raise NewError(f"unknown kind '{kind}'; allowed: {', '.join(KINDS)}{nearest(kind, list(KINDS))}")
    what = KINDS[kind]
    _check_root(root)
    _check_name(what, name)
    module = _snake(name)
    class_name = name if what.pattern is TITLE else "".join(word.capitalize() for word in name.split("_"))
    words = {"name": name, "module": module, "Class": class_name}
    files = {root / place.format(**words): _filled(skeleton, module, class_name) for skeleton, place in what.files.items()}
    for file in files:
        if file.exists():
            raise NewError(f"{file.relative_to(root)} exists; it is not overwritten")
    lines = {root / place: _with_line(root / place, line.format(**words)) for place, line in what.lines.items()}
    ends = {root / place: _at_end(root / place, _filled(skeleton, module, class_name)) for skeleton, place in what.ends.items()}
    written: list[Path] = []
    before: dict[Path, str] = {}
    try:
        for file, text in files.items():
            write_text(file, text)
            written.append(file)
        for file, text in (ends | lines).items():  # lines last: before, nobody knows of the new files
            before[file] = file.read_text("utf-8")
            write_text(file, text)
    except OSError:
        for file in written:
            file.unlink()
        for file, text in before.items():
            write_text(file, text)
        raise
    told = [f"wrote {file.relative_to(root)}" for file in files]
    told += [f"added a line to {file.relative_to(root)}" for file in lines]
    told += [f"added an entry to {file.relative_to(root)}" for file in ends]
    return [*told, f"how to fill it in: docs/add-a-{kind}.md", f"then: {what.then.format(**words)}"]


def _check_root(root: Path) -> None:
    own = Path(lethe.__file__).resolve().parents[2]
    if not (root / PACKAGE).is_dir():
        raise NewError(f"{root.resolve()} has no {PACKAGE}; run this in the folder of the checkout, {own}")
    if root.resolve() != own:
        raise NewError(
            f"this `lethe` belongs to the checkout {own}, not to {root.resolve()}; use .venv/bin/lethe of the one you are in"
        )


def _check_name(what: Kind, name: str) -> None:
    pattern, words = what.pattern
    if not re.fullmatch(pattern, name):
        raise NewError(f"'{name}' cannot be the name of a {what.title}; allowed: {words}{_mended(name, pattern)}")
    if keyword.iskeyword(name):
        raise NewError(f"'{name}' cannot be the name of a {what.title}: it is a word of Python")
    if reason := what.refused(name):
        raise NewError(f"'{name}' cannot be the name of a {what.title}: {reason}")
    names = what.names()
    if name in names:
        raise NewError(f"{what.title} '{name}' exists: {names[name]}; there are: {', '.join(names)}")


def _mended(name: str, pattern: str) -> str:
    """The nearest name of the allowed form, as words to add to a message; empty where there is none."""
    words = re.sub(r"[^a-z0-9]+", "_", _snake(name)).strip("_")
    camel = "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", name))
    for candidate in (camel, words, re.sub(r"^[0-9_]+", "", words), re.sub(r"_?[0-9]+", "", words).strip("_")):
        if re.fullmatch(pattern, candidate):
            return f"; did you mean '{candidate}'?"
    return ""


def _snake(name: str) -> str:
    """``MeanDamage`` -> ``mean_damage``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _filled(skeleton: str, module: str, class_name: str) -> str:
    text = (SKELETONS / skeleton).read_text("utf-8")
    title = module.replace("_", " ").capitalize()
    return text.replace("Skeleton title", title).replace("Skeleton", class_name).replace("skeleton", module)


def _at_end(file: Path, text: str) -> str:
    return file.read_text("utf-8").rstrip("\n") + "\n" + text


def _with_line(file: Path, line: str) -> str:
    """The text of ``file`` with ``line`` after the last of its kind, those that begin as it does up to the first bracket."""
    kind = line[: line.index("(") + 1]
    there = file.read_text("utf-8").split("\n")
    places = [place for place, text in enumerate(there) if text.startswith(kind)]
    if not places:
        raise NewError(f"{file}: no line begins with '{kind}', so it is not known where the new one belongs")
    return "\n".join([*there[: places[-1] + 1], line, *there[places[-1] + 1 :]])
