"""Receivers and emitters of a task: what is asked for, with its prompt, and what is forgotten, with the receivers that it covers.

Both are written once, by the rule ``receivers``; whoever needs a prompt reads it there. A training image shows a receiver, and is an
image of every emitter that covers it. An entity is both: it covers itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lethe.core.records import Fidelity
from lethe.core.registry import nearest
from lethe.diffusion.testbed.names import prompt_name, prompt_of
from lethe.diffusion.testbed.schema import MetadataError, check_required
from lethe.io.tables import CorruptFileError, read_json
from lethe.io.wording import listed
from lethe.settings.tasks import CellTask


@dataclass(frozen=True)
class Receiver:
    """What is asked for, and what a training image shows.

    Attributes:
        index: its place in the list, 0..9999.
        name: of the entity in the source, e.g. ``"giant_schnauzer"``: whose images it is shown by.
        text: how a prompt calls it, e.g. ``"a giant schnauzer dog"``; of a cell its prompt.
        prompt: of generation, and caption of its images.
        attributes: of a cell, column of the source -> value as text.
    """

    index: int
    name: str
    text: str
    prompt: str
    attributes: Mapping[str, str] = field(default_factory=dict)

    def caption(self, fidelity: Fidelity) -> str:
        """The text that a method trains on: the prompt; of ``published`` the raw label (``George_W_Bush``)."""
        return self.name if fidelity == "published" else self.prompt

    def value(self, attribute: str) -> str:
        """The value of an attribute; ``name`` is one too.

        Raises:
            KeyError: naming the attribute and those that there are.
        """
        known = {"name": self.name, **self.attributes}
        if attribute not in known:
            raise KeyError(
                f"receiver '{self.name}' has no attribute '{attribute}'; it has {', '.join(known)}{nearest(attribute, list(known))}"
            )
        return known[attribute]


@dataclass(frozen=True)
class Emitter:
    """What is forgotten.

    Attributes:
        index: its place in the list, 0..9999.
        name: how a prompt calls it, e.g. ``"a giant schnauzer dog"`` or ``"red"``.
        covers: indices of the receivers that show it, rising, at least one.
        texts: the prompt of each of them.
        overwrite: index of each of them -> the prompt that takes its place; ``""`` is the unconditional concept.

    Raises:
        ValueError: these do not fit together.
    """

    index: int
    name: str
    covers: tuple[int, ...]
    texts: tuple[str, ...]
    overwrite: Mapping[int, str]

    def __post_init__(self) -> None:
        if not self.covers or list(self.covers) != sorted(set(self.covers)):
            raise ValueError(
                f"emitter {self.index} ('{self.name}') covers {list(self.covers)}; allowed: different receivers, rising"
            )
        if len(self.texts) != len(self.covers) or set(self.overwrite) != set(self.covers):
            raise ValueError(
                f"emitter {self.index} ('{self.name}') covers {list(self.covers)}, but has {len(self.texts)} texts and overwrites "
                f"{sorted(self.overwrite)}; allowed: one of each for every receiver that it covers"
            )

    @classmethod
    def of_one(cls, index: int, name: str, prompt: str, overwrite: str = "") -> Emitter:
        """An emitter that covers the receiver of its own index, as every entity does."""
        return cls(index, name, (index,), (prompt,), {index: overwrite})


def of_entities(
    metadata: Sequence[Mapping[str, Any]], style: str, overwrite_prompt: str = ""
) -> tuple[list[Receiver], list[Emitter]]:
    """Receivers and emitters of a task of entities, in index order: every entity is both.

    Args:
        metadata: of the chosen entities (``name``); an index is a place in it.
        style: of prompts, see ``lethe.diffusion.testbed.names.prompt_name``.
        overwrite_prompt: what takes the place of each of them.

    Raises:
        MetadataError: a name that has no prompt in this style.
    """
    try:
        receivers = [
            Receiver(index, str(record["name"]), prompt_name(style, str(record["name"])), prompt_of(style, record))
            for index, record in enumerate(metadata)
        ]
    except ValueError as error:  # names that begin with an article, or hold no word
        raise MetadataError(str(error)) from None
    return receivers, [Emitter.of_one(r.index, r.text, r.prompt, overwrite_prompt) for r in receivers]


def of_cells(records: Sequence[Mapping[str, Any]], settings: CellTask) -> tuple[list[Receiver], list[Emitter]]:
    """Receivers and emitters of a task of cells: every record of the source is asked for, in its order.

    Args:
        records: of the source, with a value for each of the task's attributes.

    Raises:
        MetadataError: a record without an attribute, or an emitter that covers no cell, or all of them.
    """
    check_required(records)
    receivers = []
    for index, record in enumerate(records):
        if lacking := [name for name in settings.attributes if record.get(name) is None]:
            raise MetadataError(f"cell '{record['name']}' has no '{lacking[0]}'{nearest(lacking[0], list(record))}")
        prompt = prompt_of(settings.prompt_style, record)
        values = {name: str(record[name]) for name in settings.attributes}
        receivers.append(Receiver(index, str(record["name"]), prompt, prompt, values))
    emitters = []
    for index, asked in enumerate(settings.emitters):
        for attribute, value in asked.covers.items():
            there = list(dict.fromkeys(receiver.attributes[attribute] for receiver in receivers))
            if value not in there:
                raise MetadataError(
                    f"emitters.{index}.covers.{attribute}: no cell has '{value}'; there are: {', '.join(there)}{nearest(value, there)}"
                )
        covered = [r for r in receivers if asked.covers.items() <= r.attributes.items()]
        if len(covered) in (0, len(receivers)):
            raise MetadataError(
                f"emitters.{index}.covers: {dict(asked.covers)} covers {len(covered)} of {len(receivers)} cells; "
                "allowed: at least one, and not all"
            )
        overwrite = {
            r.index: prompt_of(settings.prompt_style, {**r.attributes, **asked.overwrite}) if asked.overwrite else ""
            for r in covered
        }
        emitters.append(
            Emitter(
                index,
                " ".join(asked.covers.values()),
                tuple(r.index for r in covered),
                tuple(r.prompt for r in covered),
                overwrite,
            )
        )
    return receivers, emitters


def receiver_records(receivers: Sequence[Receiver]) -> list[dict[str, Any]]:
    """``receivers_{task}.json``: what ``read_receivers`` reads."""
    return [asdict(receiver) for receiver in receivers]


def emitter_records(emitters: Sequence[Emitter]) -> list[dict[str, Any]]:
    """``emitters_{task}.json``: ``overwrite`` is a list, one text for each of ``covers``."""
    return [asdict(emitter) | {"overwrite": [emitter.overwrite[index] for index in emitter.covers]} for emitter in emitters]


def read_receivers(path: str | Path) -> list[Receiver]:
    """The receivers of a task, in index order.

    Raises:
        CorruptFileError: not of the form of ``receiver_records``; names the file and the record.
    """
    return [Receiver(**record) for record in _records(path, set(Receiver.__dataclass_fields__))]


def read_emitters(path: str | Path) -> list[Emitter]:
    """The emitters of a task, in index order; errors as ``read_receivers``."""
    found = []
    for record in _records(path, set(Emitter.__dataclass_fields__)):
        covers = tuple(record["covers"])
        try:
            overwrite = dict(zip(covers, record["overwrite"], strict=True))
            found.append(Emitter(record["index"], record["name"], covers, tuple(record["texts"]), overwrite))
        except ValueError as error:
            raise CorruptFileError(f"{path}: {error}") from None
    return found


def chosen(emitters: Sequence[Emitter], indices: Sequence[int]) -> list[Emitter]:
    """The emitters with these indices, in this order; a ``ValueError`` names those that do not exist."""
    if missing := [index for index in indices if index not in range(len(emitters))]:
        raise ValueError(f"emitters {missing} do not exist; indices there: 0 to {len(emitters) - 1}")
    return [emitters[index] for index in indices]


def _records(path: str | Path, fields: set[str]) -> list[dict[str, Any]]:
    records = read_json(path)
    if not isinstance(records, list) or not records:
        raise CorruptFileError(f"{path}: holds no list of records")
    for number, record in enumerate(records):
        if not isinstance(record, dict) or set(record) != fields:
            raise CorruptFileError(f"{path}: record {number} has not the fields {listed(sorted(fields), len(fields))}")
        if record["index"] != number:
            raise CorruptFileError(f"{path}: 'index' of record {number} is {record['index']!r}; allowed: its place in the list")
    return records
