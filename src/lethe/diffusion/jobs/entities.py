"""The entities of a task, enriched and chosen; its receivers and emitters; and what an unlearner may look at of each."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lethe.core.records import Fidelity
from lethe.diffusion.testbed.choice import choose_entities
from lethe.diffusion.testbed.distinct import check_prompts
from lethe.diffusion.testbed.receivers import (
    Emitter,
    Receiver,
    emitter_records,
    of_cells,
    of_entities,
    read_emitters,
    read_receivers,
    receiver_records,
)
from lethe.diffusion.testbed.receivers import chosen as chosen_emitters
from lethe.diffusion.testbed.schema import read_metadata
from lethe.diffusion.testbed.selection import read_published
from lethe.diffusion.testbed.splits import make_splits, split_of
from lethe.diffusion.testbed.tokens import prompt_reader, read_tokenizer
from lethe.io.tables import read_json, read_jsonl, read_parquet, write_json, write_jsonl
from lethe.settings.sources import Numbered
from lethe.settings.tasks import AnyTask, CellTask, Task

log = logging.getLogger(__name__)


def choose(
    records: Path,
    enriched: Path,
    filtered: Path,
    settings: Task,
    fidelity: Fidelity,
    tokenizer_settings: dict[str, Any],
    published: Path | None = None,
    tokenizer: Sequence[Path] = (),
) -> None:
    """Enrich the raw records of a task, then choose its entities: anew and balanced, or those that were published.

    Args:
        settings: of the task.
        tokenizer: files of the tokenizer of its base, where they are at hand; entities that are one for the model are refused then.
        tokenizer_settings: configuration of a tokenizer that is one file; a pipeline's folder has its own.
    """
    reader = None
    if tokenizer:
        reader = prompt_reader(tokenizer[0], tokenizer_settings) if tokenizer_settings else read_tokenizer(tokenizer[0].parent)
    found = choose_entities(read_json(records), settings, fidelity, read_published(published) if published else None, reader)
    write_json(enriched, found.enriched)
    write_json(filtered, found.chosen)


def name_entities(metadata: Path, receivers: Path, emitters: Path, settings: Task) -> None:
    """Write the receivers and emitters of a task of entities: each entity is both."""
    _write(of_entities(read_metadata(metadata), settings.prompt_style, settings.overwrite_prompt), receivers, emitters)


def name_cells(records: Path, receivers: Path, emitters: Path, settings: CellTask) -> None:
    """Write the receivers and emitters of a task of cells: every record of its source is a receiver."""
    told = of_cells(read_json(records), settings)
    check_prompts(*told)
    _write(told, receivers, emitters)


def name_known_cells(receivers: Path, emitters: Path, settings: CellTask) -> None:
    """The same of a task whose source knows its cells before it reads a file."""
    options = settings.source_options
    assert isinstance(options, Numbered)
    told = of_cells(options.cells(), settings)
    check_prompts(*told)
    _write(told, receivers, emitters)


def _write(told: tuple[list[Receiver], list[Emitter]], receivers: Path, emitters: Path) -> None:
    write_json(receivers, receiver_records(told[0]))
    write_json(emitters, emitter_records(told[1]))


def list_images(receivers: Path, index: Path, training: Path, settings: AnyTask, fidelity: Fidelity) -> None:
    """Write the training images of a task, those of every receiver.

    Args:
        settings: of the task.
    """
    splits = make_splits(
        read_receivers(receivers),
        read_parquet(index),
        limit=settings.images_per_entity,
        least=settings.min_images_per_entity,
        fidelity=fidelity,
    )
    log.info("training images of each entity: %d (images_per_entity: %d)", splits.n_min, settings.images_per_entity)
    if cost := splits.cost(settings.images_per_entity):
        log.warning(cost)
    write_jsonl(training, splits.records())


def split(training: Path, emitters: Path, forget: list[Path], retain: list[Path], indices: list[int]) -> None:
    """Write the forget and the retain list of some emitters.

    Args:
        forget, retain: one file per emitter.
        indices: of these emitters.
    """
    records = read_jsonl(training)
    asked = chosen_emitters(read_emitters(emitters), indices)
    for emitter, forget_list, retain_list in zip(asked, forget, retain, strict=True):
        found = split_of(records, emitter)
        write_jsonl(forget_list, found.forget)
        write_jsonl(retain_list, found.retain)
