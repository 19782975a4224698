"""Broken configurations, method files, found hyper-parameters and citations."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from copy import deepcopy
from itertools import product
from pathlib import Path
from typing import Any

import yaml
from tests.fuzz.harness import Case, Read, marker, offsets, pickled, put

from lethe.archive.citation import zenodo_metadata
from lethe.classifiers.hyperparameters import shipped
from lethe.settings.methods import load_method
from lethe.settings.models import Settings
from lethe.workflow.configuration import load_configuration

ROOT = Path(__file__).parents[2]
BASE = yaml.safe_load((ROOT / "config/config.yaml").read_text())
SCHEMA = Settings.model_json_schema()
MAPS = {("tasks",), ("bases",), ("evaluators",), ("deepunlearn", "datasets"), ("deepunlearn", "lira")}  # names -> settings

Place = tuple[str, ...]


def walk(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every node of a configuration with its place."""
    yield place, value
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from walk(entry, (*place, key))


def changed(place: Place, value: Any) -> dict[str, Any]:
    """The default configuration with another value at a place."""
    config = deepcopy(BASE)
    node = config
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = value
    return config


def schema_of(place: Place) -> dict[str, Any]:
    """The JSON schema of a place."""
    if place[0] in ("bases", "evaluators") and "pretraining" in place:
        place = place[2:]  # a part of the tree `pretraining`
    node: dict[str, Any] = SCHEMA
    for key in place:
        kinds = _kinds(node)
        node = next((kind for kind in kinds if key in kind.get("properties", {})), kinds[0])
        node = node["properties"][key] if key in node.get("properties", {}) else _values(node)
    return _kinds(node)[0]


def _kinds(node: dict[str, Any]) -> list[dict[str, Any]]:
    """What a reference names; of several kinds of one thing all, that of most of the default configuration first."""
    if "$ref" in node:
        return _kinds(SCHEMA["$defs"][node["$ref"].rpartition("/")[2]])
    if "oneOf" in node or ("anyOf" in node and any("$ref" in kind for kind in node["anyOf"])):
        return [found for kind in node.get("oneOf", node.get("anyOf")) for found in _kinds(kind)]
    return [node]


def _values(node: dict[str, Any]) -> dict[str, Any]:
    found = node.get("additionalProperties") or next(iter(node["patternProperties"].values()))
    assert isinstance(found, dict)
    return found


def wrong_types(value: Any) -> list[Any]:
    """Values of other types than a leaf's."""
    if isinstance(value, bool):
        return ["perhaps", 7]
    if isinstance(value, int | float):
        return ["many", [1, 2]]
    return [7] if value is None else [7, {"a": 1}]  # of what is not given; of a text or a list


def out_of_range(schema: dict[str, Any]) -> list[Any]:
    """Numbers just outside what a schema allows."""
    found: list[Any] = []
    if "minimum" in schema:
        found.append(schema["minimum"] - 1)
    if "exclusiveMinimum" in schema:
        found.append(schema["exclusiveMinimum"])
    if "maximum" in schema:
        found.append(schema["maximum"] + 1)
    if "exclusiveMaximum" in schema:
        found.append(schema["exclusiveMaximum"])
    if "multipleOf" in schema:
        found.append(schema.get("minimum", 0) + 2 * schema["multipleOf"] + 1)
    return found


def _config(name: str, config: Any, *says: str) -> Case:
    def build(folder: Path) -> Read:
        del folder
        return lambda: load_configuration(config)

    return Case(name, build, says)


def settings() -> list[Case]:
    """Every leaf with wrong types and out of range, every level with an unknown key, misspelt names, contradictions."""
    cases = []
    for place, value in walk(BASE):
        dotted = ".".join(place)
        if value is None and (place[2:3] == ("generation",) or place[-1] == "seed"):
            continue  # as the world's, so a number is no fault
        if isinstance(value, dict):
            wrong = "zz_unknown" if place in MAPS or not value else f"{next(iter(value))}x"
            new: Any = {} if place == ("evaluators",) else 5  # whose entries may be empty: the name alone is wrong
            cases.append(_config(f"unknown key in {dotted or 'the root'}", changed((*place, wrong), new), wrong))
            if place:
                cases.append(_config(f"{dotted} is text", changed(place, "text"), dotted, "'text'"))
            continue
        wrong_values = wrong_types(value) + out_of_range(schema_of(place))
        for other in wrong_values[place == ("archive", "record") :]:  # whose first, a number, is the number of a record
            cases.append(_config(f"{dotted} is {other!r}", changed(place, other), *_said(place), repr(other)))
        if isinstance(value, list) and value and isinstance(value[0], str):
            cases.append(_config(f"{dotted} holds a number", changed(place, [*value[:-1], 3.5]), dotted, "3.5"))
    for other in ([], "text", 5, [BASE]):
        cases.append(_config(f"the root is {str(other)[:20]}", other, "configuration"))
    return cases + misspelt() + contradictions()


def _said(place: Place) -> tuple[str, ...]:
    """How a message names a place; an option of a source by its task and itself."""
    if "source_options" in place[:-1]:
        return ".".join(place[:-1]), f"{place[-1]}: "
    return (".".join(place),)


def misspelt() -> list[Case]:
    """Names that are nearly right; the message holds the right one."""
    places: list[tuple[Place, str, str]] = [
        (("deepunlearn", "datasets", "digits", "architectures"), "mpl", "mlp"),
        (("deepunlearn", "datasets", "digits", "methods"), "slaun", "salun"),
        (("deepunlearn", "lira", "digits", "methods"), "scrb", "scrub"),
        (("deepunlearn", "lira", "digits", "architectures"), "tinycn", "tinycnn"),
        (("methods",), "munbaa", "munba"),
        (("methods",), "dstil", "distil"),
        (("methods",), "retrian", "retrain"),
        (("demo_tasks",), "object", "objects"),
        (("demo_tasks",), "breds", "breeds"),
        (("similarity", "kinds"), "clpi", "clip"),
    ]
    cases = [_config(f"{'.'.join(at)}: {bad}", changed(at, [bad]), at[-1], f"'{bad}'", f"'{good}'") for at, bad, good in places]
    single: list[tuple[Place, str, str]] = [
        (("device",), "cpuu", "cpu"),
        (("dtype",), "flaot32", "float32"),
        (("fidelity",), "publishd", "published"),
        (("generation", "scheduler"), "ddmi", "ddim"),
        (("deepunlearn", "demo_architecture"), "mpl", "mlp"),
        (("deepunlearn", "hyperparameters"), "shiped", "shipped"),
        (("deepunlearn", "search", "protocol"), "heldout", "held_out"),
    ]
    for task in BASE["tasks"]:
        single += [
            (("tasks", task, "source"), "rendered_bredes", "rendered_breeds"),
            (("tasks", task, "base"), "peopel", "people"),
        ]
        if BASE["tasks"][task]["kind"] == "entities":
            single += [(("tasks", task, "prompt_style"), "thingy", "thing")]
    cases += [_config(f"{'.'.join(at)}: {bad}", changed(at, bad), at[-1], f"'{bad}'", f"'{good}'") for at, bad, good in single]
    for at, bad in ((("deepunlearn", "datasets"), "digit"), (("deepunlearn", "lira"), "digist")):
        node = {bad: BASE["deepunlearn"][at[1]]["digits"]}
        cases.append(_config(f"{'.'.join(at)}: {bad}", changed(at, node), ".".join(at), f"'{bad}'"))
    return cases


def contradictions() -> list[Case]:
    """Values that are fine alone and not together."""
    cases = []
    for task in (name for name, entry in BASE["tasks"].items() if entry["kind"] == "entities"):  # of ten entities each
        for key in ("tuning_emitters", "retrain_emitters"):
            for index in (-1, 10, 999):
                cases.append(
                    _config(f"{task}.{key} {index}", changed(("tasks", task, key), [index]), f"tasks.{task}.{key}", str(index))
                )
    for kind, names in (("bases", BASE["bases"]), ("evaluators", BASE["evaluators"])):
        for name in names:
            for entry in ({"source": "prebuilt", "path": "somewhere"}, {"source": "pretrained"}):
                cases.append(_config(f"{kind}.{name} {entry}", changed((kind, name), entry), f"{kind}.{name}", "`path`"))
    pretrained = {"source": "pretrained", "path": "somewhere"}
    cases.append(
        _config("a pretrained base is retrained", changed(("bases", "people"), pretrained), "tasks.people.retrain_emitters")
    )
    cases.append(_config("a judge that is not there", _without("evaluators", "judge"), "judge", "scoring.metrics"))
    cases.append(_config("a base that is not there", _without("bases", "people"), "tasks.people.base", "'people'"))
    cases.append(
        _config("a demo task that is not there", changed(("demo_tasks",), ["breeds", "object"]), "demo_tasks", "'object'")
    )
    cases.append(_config("no tasks", changed(("tasks",), {}), "tasks"))
    flags = ("pretraining", "base", "unet", "cross_attention")
    cases.append(_config("one flag too many", changed(flags, [True] * 3), "cross_attention", "3"))
    seeds = ("deepunlearn", "search", "seeds")
    cases.append(_config("tuned on a reported seed", changed(seeds, [3]), "deepunlearn.search.seeds", "3"))
    fetch = ("deepunlearn", "datasets", "digits", "source")
    cases.append(_config("fetched digits", changed(fetch, "fetch"), "deepunlearn.datasets.digits", "fetch"))
    return cases


def _without(kind: str, name: str) -> dict[str, Any]:
    config = deepcopy(BASE)
    del config[kind][name]
    return config


def _method(name: str, file: str, data: bytes, *says: str) -> Case:
    def build(folder: Path) -> Read:
        (folder / f"{file}.yaml").write_bytes(data)
        return lambda: load_method(file, "mini", "objects", folder)

    return Case(name, build, says)


def method_files() -> list[Case]:
    """Every shipped method file with damaged bytes, and with keys that are missing, wrong, misspelt or given twice."""
    cases = []
    for path in sorted((ROOT / "config/methods/diffusion").glob("*.yaml")):
        name, data, content = path.stem, path.read_bytes(), _plain(path)
        where = f"{name}.yaml"
        for at in offsets(len(data), 6):
            for bad in (b"\x00", b"\x07", b"\xff"):
                cases.append(_method(f"{where}: {bad!r} at byte {at}", name, put(data, at, bad), where))
        cases.append(_method(f"{where}: empty", name, b"", where))
        cases.append(_method(f"{where}: a list", name, b"- a\n- b\n", where))
        cases.append(_method(f"{where}: key twice", name, data + b"\nname: other\n", where, "name"))
        cases.append(_method(f"{where}: unclosed", name, data + b'\n"unclosed: [\n', where))
        cases.append(_method(f"{where}: python tag", name, data + b"\nevil: !!python/object/apply:os.mkdir [gone]\n", where))
        for key in content:
            less = {other: value for other, value in content.items() if other != key}
            cases.append(_method(f"{where}: no {key}", name, _yaml(less), where, key))
            cases.append(_method(f"{where}: {key} is 7", name, _yaml(content | {key: 7}), where, key, "7"))
            cases.append(
                _method(f"{where}: {key} misspelt", name, _yaml(less | {f"{key}_x": 1, key: content[key]}), where, f"{key}_x")
            )
        defaults = content["settings"]["mini"]["defaults"] if "mini" in content["settings"] else {}
        for key in defaults:
            broken = deepcopy(content)
            broken["settings"]["mini"]["defaults"][key] = 3
            cases.append(_method(f"{where}: {key} without a source", name, _yaml(broken), where, key, "3"))
        for key, value in product(("steps", "steps_per_epoch"), (-1, 0, 1.5, True, "ten")):
            broken = deepcopy(content)
            broken["settings"]["mini"].get("tasks", {}).pop("objects", None)
            both = {"steps": {"value": 8, "source": "x"}, "steps_per_epoch": {"value": 4, "source": "x"}}
            broken["settings"]["mini"]["defaults"] |= both | {key: {"value": value, "source": "x"}}
            cases.append(_method(f"{where}: {key} {value!r}", name, _yaml(broken), where, key, repr(value)))
    return cases


def _plain(path: Path) -> Any:
    """The content of a YAML file without its aliases: each case breaks one place."""
    return json.loads(json.dumps(yaml.safe_load(path.read_text())))


def _yaml(content: Any) -> bytes:
    return yaml.safe_dump(content, sort_keys=False).encode()


def hyperparameter_files() -> list[Case]:
    """The shipped files of found hyper-parameters, damaged."""
    cases = []
    for path in sorted((ROOT / "config/methods/classifiers").glob("*.yaml")):
        data, content = path.read_bytes(), yaml.safe_load(path.read_text())
        broken: list[tuple[str, bytes, tuple[str, ...]]] = [
            (f"{bad!r} at byte {at}", put(data, at, bad), ()) for at in offsets(len(data), 5) for bad in (b"\x00", b"\xff")
        ]
        for key in content:
            less = {other: value for other, value in content.items() if other != key}
            broken.append((f"no {key}", _yaml(less), (key,)))
            broken.append((f"{key} is of another type", _yaml(content | {key: {"a": []}}), (key,)))
        broken.append(("of another data set", _yaml(content | {"dataset": "mnist"}), ("mnist",)))
        for name, bad, says in broken:
            cases.append(_found(f"{path.name}: {name}", path.name, bad, content, says))
    return cases


def _found(name: str, file: str, data: bytes, content: dict[str, Any], says: tuple[str, ...]) -> Case:
    def build(folder: Path) -> Read:
        (folder / file).write_bytes(data)
        return lambda: shipped(folder, content["dataset"], content["architecture"])

    return Case(name, build, (file, *says))


def citations() -> list[Case]:
    """CITATION.cff, damaged by bytes and by keys."""
    data = (ROOT / "CITATION.cff").read_bytes()
    content = yaml.safe_load(data)
    random_at = random.Random(0)
    broken: list[tuple[str, bytes, tuple[str, ...]]] = []
    for _ in range(10):
        at = random_at.randrange(len(data))
        broken += [(f"{bad!r} at byte {at}", put(data, at, bad), ()) for bad in (b"\x00", b"\xff")]
    for key in ("title", "abstract", "authors", "version", "license"):
        broken.append((f"no {key}", _yaml({k: v for k, v in content.items() if k != key}), (key,)))
        broken.append((f"{key} is a mapping", _yaml(content | {key: {"a": 1}}), (key,)))
    broken.append(("a python tag", data + b"evil: !!python/object/apply:os.mkdir [gone]\n", ()))
    return [_citation(name, bad, says) for name, bad, says in broken] + [_pickled_citation()]


def _citation(name: str, data: bytes, says: tuple[str, ...]) -> Case:
    def build(folder: Path) -> Read:
        (folder / "CITATION.cff").write_bytes(data)
        return lambda: zenodo_metadata(folder / "CITATION.cff")

    return Case(name, build, ("CITATION.cff", *says))


def _pickled_citation() -> Case:
    def build(folder: Path) -> Read:
        assert not marker(folder).exists()
        (folder / "CITATION.cff").write_bytes(pickled(folder))
        return lambda: zenodo_metadata(folder / "CITATION.cff")

    return Case("a pickle", build, ("CITATION.cff",))
