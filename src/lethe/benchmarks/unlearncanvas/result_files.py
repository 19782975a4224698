"""Result files in the form in which Vision Unlearning publishes UnlearnCanvas.

Of every model one file, ``interferences_caused_by_{emitter}_{method}_{model}.json``: an object whose keys are all styles (the photo among
them) and then all objects, each with ``accuracy``, ``target_probability`` and both less those of the base (``_diff``). Of all models one
file, ``interference_per_entity_{model}.json``: a list of records with UA, IRA and CRA of every concept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

import numpy as np
import pandas as pd

from lethe.benchmarks.unlearncanvas.concepts import ATTRIBUTES, Canvas, Concept
from lethe.core.missing import mean
from lethe.core.registry import nearest
from lethe.io.tables import CorruptFileError, read_json, write_json

FIELDS = ("accuracy", "target_probability", "accuracy_diff", "target_probability_diff")
NAMES = {"ua": "Unlearning accuracy", "ira": "In domain retain accuracy", "cra": "Cross domain retain accuracy"}


class OfReceiver(TypedDict):
    """How often the judge sees a style or an object in its images, and how probable that is; less the base's."""

    accuracy: float
    target_probability: float
    accuracy_diff: float
    target_probability_diff: float


class Accuracies(NamedTuple):
    """UA, IRA and CRA of a model, in [0, 1]."""

    ua: float
    ira: float
    cra: float


def result_of(answers: pd.DataFrame, base: pd.DataFrame, canvas: Canvas, judge: int = 1) -> dict[str, OfReceiver]:
    """The content of a model's file.

    Args:
        answers, base: of one model and of the base, as many images of each cell; the published files hold those of one seed.
        canvas: no style may be called as an object is.

    Raises:
        ValueError: a style and an object have one name.
    """
    if shared := set(canvas.styles.tolist()) & set(canvas.objects.tolist()):
        raise ValueError(f"'{min(shared)}' is a style and an object; in these files each name stands for one thing")
    found: dict[str, OfReceiver] = {}
    for attribute in ATTRIBUTES:
        for value in dict.fromkeys(canvas.values(attribute).tolist()):
            on, off = (_seen(table[table[attribute] == value], attribute, judge) for table in (answers, base))
            found[value] = OfReceiver(
                accuracy=on[0],
                target_probability=on[1],
                accuracy_diff=on[0] - off[0],
                target_probability_diff=on[1] - off[1],
            )
    return found


def _seen(images: pd.DataFrame, attribute: str, judge: int) -> tuple[float, float]:
    seen = images[f"{attribute}_pred_{judge}"] == images[attribute]
    return float(seen.mean()), float(images[f"{attribute}_asked_p_{judge}"].astype(float).mean())


def file_name(emitter: str, method: str, model: str) -> str:
    """What a model's file is called.

    >>> file_name("Van Gogh", "uce", "sd_style50")
    'interferences_caused_by_Van_Gogh_uce_sd_style50.json'
    """
    return f"interferences_caused_by_{'_'.join(emitter.split())}_{method}_{model}.json"


def write_result(path: str | Path, result: Mapping[str, OfReceiver]) -> None:
    """Write a model's file."""
    write_json(path, result)


def read_result(path: str | Path) -> dict[str, OfReceiver]:
    """The content of a model's file, whoever wrote it.

    Raises:
        CorruptFileError: not of this form; names the entry.
    """
    content = read_json(path)
    if not isinstance(content, dict) or not content:
        raise CorruptFileError(f"{path}: holds no object of styles and objects")
    for name, entry in content.items():
        if not isinstance(entry, dict) or set(entry) != set(FIELDS):
            raise CorruptFileError(f"{path}: '{name}' has not the fields {', '.join(FIELDS)}")
        for field, value in entry.items():
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise CorruptFileError(f"{path}: {name}.{field} is {value!r}; allowed: a number")
    return content


def accuracies_of(
    result: Mapping[str, OfReceiver], target: str, styles: Sequence[str], objects: Sequence[str], photo: str = ""
) -> Accuracies:
    """UA, IRA and CRA, as the library takes them: means over the accuracies of the styles, and of the objects.

    Args:
        target: the style or object that the model was made to forget.
        styles, objects: which of the names are styles (with the photo) and which are objects.
        photo: a style that is left out of both means; empty: none is.

    Raises:
        KeyError: a name is not in the file.
    """
    for name in (target, *styles, *objects):
        if name not in result:
            raise KeyError(f"the result has no '{name}'{nearest(name, list(result))}")
    own, cross = (styles, objects) if target in styles else (objects, styles)
    retained = [result[name]["accuracy"] for name in own if name not in (target, photo)]
    crossed = [result[name]["accuracy"] for name in cross if name != photo]
    return Accuracies(1 - result[target]["accuracy"], mean(retained), mean(crossed))


def per_entity(canvas: Canvas, results: Mapping[int, Mapping[str, OfReceiver]], method: str) -> list[dict[str, Any]]:
    """The content of the file of all models.

    Args:
        results: index of a concept -> the content of its model's file.
        method: how columns call it.
    """
    names = {attribute: list(dict.fromkeys(canvas.values(attribute).tolist())) for attribute in ATTRIBUTES}
    records = []
    for concept in canvas.concepts:
        if concept.index in results:
            found = accuracies_of(results[concept.index], _target(concept), names["style"], names["object"])
            record: dict[str, Any] = {
                "name": _target(concept),
                "index": concept.index,
                "domain": concept.kind,
                "unlearnable": True,
            }
            columns = {f"metric_{method}_{NAMES[name]}": value for name, value in found._asdict().items()}
            records.append(record | {name: value if np.isfinite(value) else None for name, value in columns.items()})
    return records


def _target(concept: Concept) -> str:
    if concept.kind == "pair":
        raise ValueError(f"concept {concept.index} ('{concept.name}') is a pair; these files are of a style or an object")
    return concept.style or concept.object


def read_folder(folder: str | Path, styles: Sequence[str], objects: Sequence[str], photo: str) -> pd.DataFrame:
    """UA, IRA and CRA of every result file of a folder, whoever wrote it.

    Args:
        styles, objects: which names are styles (the photo among them) and which objects.
        photo: the style that one pair of columns leaves out.

    Returns:
        ``file, emitter, method`` (of the file's name, with the model), ``kind``, ``ua``, and ``ira, cra`` with the photo and without it
        (``_no_photo``), in [0, 1].

    Raises:
        CorruptFileError: there is no such file, or one is not of this form; names it.
    """
    files = sorted(Path(folder).glob("interferences_caused_by_*.json"))
    if not files:
        raise CorruptFileError(f"{folder}: no file interferences_caused_by_{{emitter}}_{{method}}_{{model}}.json")
    rows = []
    for file in files:
        named = file.stem.removeprefix("interferences_caused_by_")
        emitter = max((name for name in (*styles, *objects) if named.startswith(f"{name}_")), key=len, default="")
        if not emitter:
            raise CorruptFileError(f"{file}: its name begins with no style or object{nearest(named, [*styles, *objects])}")
        result = read_result(file)
        try:
            every, painted = (accuracies_of(result, emitter, styles, objects, left_out) for left_out in ("", photo))
        except KeyError as error:
            raise CorruptFileError(f"{file}: {error.args[0]}") from None
        row: dict[str, Any] = {"file": file.name, "emitter": emitter, "method": named.removeprefix(f"{emitter}_")}
        row |= {"kind": "style" if emitter in styles else "object", "ua": every.ua, "ira": every.ira, "cra": every.cra}
        rows.append(row | {"ira_no_photo": painted.ira, "cra_no_photo": painted.cra})
    return pd.DataFrame(rows)
