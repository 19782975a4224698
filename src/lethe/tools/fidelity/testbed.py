"""Effects on the testbed: training texts, and which entities are chosen."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from lethe.diffusion.testbed.balance import balanced_subsample
from lethe.settings.rules import Filter
from lethe.tools.fidelity.world import Effect, World, agreement


def training_texts(world: World) -> Iterator[Effect]:
    """Entities that are trained on another text than the one they are asked for with."""
    for task in world.tasks:
        records = world.metadata(task)
        texts: dict[int, str] = {}
        lists = [f"datasets/splits_{task}/000/train_{kind}/metadata.jsonl" for kind in ("forget", "retain")]
        if not all(map(world.has, lists)):
            continue
        for name in lists:
            texts |= {row["index"]: row["text"] for row in world.lines(name)}
        prompts = [receiver["prompt"] for receiver in world.json(f"receivers_{task}.json")]
        yield Effect(
            scope=task,
            quantity="entities trained on another text than their prompt",
            published=sum(record["name"] != asked for record, asked in zip(records, prompts, strict=True)),
            lethe=sum(texts[index] != asked for index, asked in enumerate(prompts)),
            how=f"of {len(records)}; published: the raw label. What it does to models needs training: "
            f"snakemake -c2 results/raw/tables/unlearning_{task}.csv --config world=raw fidelity=published",
        )


def _eligible(world: World, task: str) -> pd.DataFrame:
    """Candidates that every filter of the task lets pass."""
    records = world.json(f"metadata_{task}_1_enriched_but_not_filtered.json")
    filters = [rule for rule in world.tasks[task].rules if isinstance(rule, Filter)]
    return pd.DataFrame([record for record in records if all(rule.passes(record) for rule in filters)])


def text_priority(world: World) -> Iterator[Effect]:
    """Entities that would be chosen if their priority were compared letter by letter."""
    for task, settings in world.tasks.items():
        if settings.selection == "published" or settings.priority is None:
            continue
        table = _eligible(world, task)
        texts = table[settings.priority].map(str)
        ranks = {text: float(place) for place, text in enumerate(sorted(set(texts)))}
        chosen = [
            list(balanced_subsample(found, settings.balance, settings.entities, settings.priority)["name"])
            for found in (table.assign(**{settings.priority: texts.map(ranks)}), table)
        ]
        common = [name for name in chosen[1] if name in chosen[0]]
        places = [np.array([found.index(name) for name in common], dtype=np.float64) for found in chosen]
        yield Effect(
            scope=task,
            quantity="entities that comparing numbers chooses",
            published=len(common),
            lethe=len(chosen[1]),
            how=f"of {len(table)} candidates, {settings.priority} compared as text and as numbers; agreement over their order",
            agreement=agreement(*places),
        )


def trailing_blanks(world: World) -> Iterator[Effect]:
    """Raw values with a blank at an end, which make another category."""
    for task in world.tasks:
        if not world.has(f"sources/{task}.json"):
            continue
        raw = [value for record in world.json(f"sources/{task}.json") for value in record.values()]
        ours = [value for record in world.metadata(task) for value in record.values()]
        yield Effect(
            scope=task,
            quantity="values with a blank at an end",
            published=_blanks(raw),
            lethe=_blanks(ours),
            how="published: as the source has them; here: in the metadata",
        )


def _blanks(values: list[object]) -> int:
    return sum(isinstance(value, str) and value != value.strip() for value in values)


def ties(world: World) -> Iterator[Effect]:
    """Entities whose place an unstable sort leaves open."""
    for task, settings in world.tasks.items():
        table = _eligible(world, task)
        chosen = table[table["name"].isin([record["name"] for record in world.metadata(task)])]
        yield Effect(
            scope=task,
            quantity="entities whose index a tie leaves open",
            published=int(chosen[settings.priority].duplicated(keep=False).sum()),
            lethe=int(chosen.duplicated([settings.priority, "name"], keep=False).sum()),
            how=f"of {len(chosen)} with equal {settings.priority}; here the name decides",
        )
