"""The entities of a task: enriched, chosen, and what an unlearner may look at of each."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lethe.core.records import Fidelity
from lethe.diffusion.testbed.distinct import check_prompts, check_tokens
from lethe.diffusion.testbed.metadata import enrich, select
from lethe.diffusion.testbed.schema import read_metadata
from lethe.diffusion.testbed.selection import read_published
from lethe.diffusion.testbed.splits import FORGET, RETAIN, make_splits
from lethe.diffusion.testbed.tokens import prompt_reader, read_tokenizer
from lethe.io.tables import read_json, read_parquet, write_json, write_jsonl
from lethe.settings.tasks import Task

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
    found = enrich(read_json(records), rules=settings.rules, fidelity=fidelity)
    pinned = read_published(published) if published else None
    chosen = select(found, settings.balance, settings.entities, settings.priority, rules=settings.rules, pinned=pinned)
    check_prompts(chosen, settings.prompt_style, settings.overwrite_prompt)
    if tokenizer:
        reader = prompt_reader(tokenizer[0], tokenizer_settings) if tokenizer_settings else read_tokenizer(tokenizer[0].parent)
        check_tokens(chosen, settings.prompt_style, settings.overwrite_prompt, reader)
    write_json(enriched, found)
    write_json(filtered, chosen)


def split(
    metadata: Path, index: Path, forget: list[Path], retain: list[Path], entities: list[int], settings: Task, fidelity: Fidelity
) -> None:
    """Write the forget and the retain list of some entities.

    Args:
        forget, retain: one file per entity.
        entities: indices of these entities.
        settings: of the task.
    """
    splits = make_splits(
        read_metadata(metadata),
        read_parquet(index),
        settings.prompt_style,
        limit=settings.images_per_entity,
        least=settings.min_images_per_entity,
        fidelity=fidelity,
    )
    log.info("training images of each entity: %d (images_per_entity: %d)", splits.n_min, settings.images_per_entity)
    if cost := splits.cost(settings.images_per_entity):
        log.warning(cost)
    for entity, forget_list, retain_list in zip(entities, forget, retain, strict=True):
        records = splits.records(entity)
        write_jsonl(forget_list, records[FORGET])
        write_jsonl(retain_list, records[RETAIN])
