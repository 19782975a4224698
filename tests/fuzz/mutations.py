"""Mutated configurations: every leaf with every hostile value, and what may be believed of those that are accepted.

The rules of ``nonsense`` are written without a look at the settings models: they say what a reader of a result would expect.
"""

from __future__ import annotations

import math
import random
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.fuzz.configurations import BASE, Place, changed, walk

from lethe.settings.models import Settings

PATHS = {"overwrite_prompt", "title", "identifier"}  # free text
PATHS |= {"path", "folder", "lpips_alex", "images", "pantheon", "race", "attributes", "fci", "akc", "pawsome"}
MAY_REPEAT = {"block_out_channels", "channels", "cross_attention"}  # one entry per block
MAY_BE_ZERO = {
    "seed",
    "seeds",
    "timesteps",
    "guidance",
    "weight_decay",
    "momentum",
    "warmup",
    "kl_weight",
    "caption_dropout",
    "filler_words",
}
MAY_BE_ZERO |= {
    "ema_decay",
    "word_dropout",
    "label_smoothing",
    "tuning_emitters",
    "retrain_emitters",
    "min_images_per_entity",
    "concepts",
    "limit",
    "train_size",
    "label_noise",
    "draw",
    "forget_class",
    "models_per_job",
}
ZERO_AT = {
    "unlearncanvas.canvas.attack.vectors.steps",  # pictures before the search
    "deepunlearn.lira.digits.search.splits",  # half of them
    "tasks.canvas.source_options.transfer",  # style transfer takes other pictures
}
SHARES = {"alpha", "val_share", "forget_share", "nudenet_threshold", "momentum", "warmup", "weight_decay", "caption_dropout"}
SHARES |= {"label_noise", "ema_decay", "word_dropout", "label_smoothing", "beta_start", "beta_end"}
LARGEST = 2**31


@dataclass(frozen=True)
class Mutation:
    """A configuration with one value changed; ``key`` is what a message must name."""

    name: str
    place: Place
    value: Any
    key: str

    @property
    def config(self) -> dict[str, Any]:
        """The whole configuration."""
        return changed(self.place, self.value)

    @property
    def overlay(self) -> dict[str, Any]:
        """What a user would write."""
        content = self.value
        for key in reversed(self.place):
            content = {key: content}
        return content


def hostile(value: Any) -> Iterator[tuple[str, Any]]:
    """What is put in the place of a leaf: (name, value)."""
    yield from [("null", None), ("empty text", ""), ("empty list", []), ("empty mapping", {}), ("a list of lists", [[value]])]
    yield from [("minus one", -1), ("zero", 0), ("a half", 0.5), ("1e18", 1e18), ("1e18 as integer", 10**18), ("huge", 10**5000)]
    yield from [("infinity", math.inf), ("minus infinity", -math.inf), ("NaN", math.nan), ("tiny", 1e-300)]
    yield from [("true", True), ("text of a number", "8"), ("very long text", "x" * 5000), ("a blank", " ")]
    yield from [("parent", "../x"), ("absolute", "/x"), ("NUL", "a\0b"), ("newline", "a\nb"), ("right to left", "\u202eabc")]
    yield from [
        ("lone surrogate", "\ud800"),
        ("bytes", b"x"),
        ("a set", {1, 2}),
        ("number as key", {1: 2}),
        ("mark-up", "<b>{x}$1"),
    ]
    yield ("deep", _deep(40))
    if isinstance(value, list):
        number = bool(value) and isinstance(value[0], int)
        yield from [("twice", value * 2), ("its first twice", [*value, *value[:1]]), ("with null", [*value, None])]
        yield from [
            ("with a number", [*value, -5 if number else 7]),
            ("with text", [*value, "zz_nothing"]),
            ("with 1e18", [*value, 1e18]),
        ]


def _deep(levels: int) -> Any:
    nested: Any = 1
    for _ in range(levels):
        nested = {"a": nested}
    return nested


def mutations() -> list[Mutation]:
    """Every leaf with every hostile value; every key misspelt; an unknown key everywhere."""
    found = []
    for place, value in walk(BASE):
        where = ".".join(place)
        if isinstance(value, dict):
            key = f"{next(iter(value), 'key')}z"
            found.append(Mutation(f"{where}: unknown key", (*place, key), 5, key))
            if place:
                found += [Mutation(f"{where}: {name}", place, new, place[-1]) for name, new in hostile(value)]
            continue
        found += [Mutation(f"{where}: {name}", place, new, place[-1]) for name, new in hostile(value)]
        found.append(Mutation(f"{where}: misspelt", (*place[:-1], f"{place[-1][:-1]}zz"), value, f"{place[-1][:-1]}zz"))
    return found


def sample(count: int, seed: int = 0) -> list[Mutation]:
    """``count`` of them, the same every time."""
    every = mutations()
    return random.Random(seed).sample(every, min(count, len(every)))


def nonsense(mutation: Mutation, settings: Settings) -> list[str]:
    """What nobody would believe of settings that were accepted."""
    dump = settings.model_dump()
    found = [fault for place, value in leaves(dump) if (fault := _wrong(place, value))]
    if not {"none"} < set(dump["methods"]) | {"none", "x"}:
        found.append("no method")
    for name, task in dump["tasks"].items():
        where, emitters = f"tasks.{name}", len(task["emitters"]) if task["kind"] == "cells" else task["entities"]
        for key in ("tuning_emitters", "retrain_emitters"):
            found += [f"{where}.{key}: {index}" for index in task[key] if index >= emitters]
        if len(task["tuning_emitters"]) >= emitters:
            found.append(f"{where}: nothing to report")
        if task["source"].startswith(("digits", "rendered")) and emitters > 10:
            found.append(f"{where}: more entities than the source has")
        if task["base"] not in dump["bases"]:
            found.append(f"{where}: no base")
    if not set(dump["demo_tasks"]) <= set(dump["tasks"]) or not dump["demo_tasks"]:
        found.append("demo_tasks")
    if any(step >= 1000 for step in dump["scoring"]["membership"]["timesteps"]):
        found.append("timesteps")
    return found + _not_what_was_written(mutation, dump)


def leaves(value: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every list and every value of nested data."""
    if isinstance(value, dict):
        for key, entry in value.items():
            yield (*place, key), key
            yield from leaves(entry, (*place, key))
        return
    yield place, value
    if isinstance(value, list | tuple):
        for entry in value:
            yield from leaves(entry, place)


def _wrong(place: tuple[str, ...], value: Any) -> str:
    where, key = ".".join(place), place[-1]
    if isinstance(value, list | tuple):
        twice = len({repr(entry) for entry in value}) < len(value)
        return f"{where}: an entry twice" if twice and key not in MAY_REPEAT else ""
    if isinstance(value, str):
        if len(value) > 1000 or any(unicodedata.category(letter) in ("Cc", "Cs") for letter in value) or "\u202e" in value:
            return f"{where}: text nobody can read"
        return f"{where}: leads elsewhere" if ".." in value.split("/") and key not in PATHS else ""
    if isinstance(value, bool) or value is None:
        return ""
    if (
        not math.isfinite(value)
        or abs(value) >= LARGEST
        or value < 0
        or (value == 0 and key not in MAY_BE_ZERO and where not in ZERO_AT)
    ):
        return f"{where}: {value}"
    return f"{where}: {value} is no share" if key in SHARES and not 0 <= value <= 1 else ""


def _not_what_was_written(mutation: Mutation, dump: Any) -> list[str]:
    """A value must come back as it was written: neither another type nor a default."""
    node = dump
    for key in mutation.place[:-1]:
        node = node[key]
    name, value = mutation.place[-1], mutation.value
    if value is None:  # an entry that is left out, or a value that may be missing
        return [f"null became {node[name]!r}"] if node.get(name) is not None else []
    back = node[name]
    if isinstance(value, dict):
        return [] if isinstance(back, dict) else [f"{value!r} became {back!r}"]
    if isinstance(value, list):
        return [] if list(back) == value else [f"{value!r} became {back!r}"]
    same = back == value and isinstance(back, bool) == isinstance(value, bool)
    number = mutation.place == ("archive", "record") and back == str(value)  # of a Zenodo record
    return [] if same or number else [f"{value!r} became {back!r}"]
