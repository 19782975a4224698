"""The entities of a task, chosen from the records of its source: what the job writes, and what a plan can know before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from lethe.core.records import Fidelity
from lethe.diffusion.testbed.distinct import check_prompts, check_tokens
from lethe.diffusion.testbed.metadata import Record, enrich, select
from lethe.diffusion.testbed.receivers import of_entities
from lethe.diffusion.testbed.tokens import PromptReader
from lethe.settings.tasks import Task


class Choice(NamedTuple):
    """The two files of metadata: every record of the source, enriched, and the chosen ones in index order."""

    enriched: list[Record]
    chosen: list[Record]


def choose_entities(
    records: Sequence[Mapping[str, Any]],
    settings: Task,
    fidelity: Fidelity = "corrected",
    pinned: Sequence[str] | None = None,
    reader: PromptReader | None = None,
) -> Choice:
    """Enrich the records of a source, and choose the entities of a task: anew and balanced, or those that are ``pinned``.

    Args:
        records: of the source.
        settings: of the task.
        fidelity: of derived columns.
        pinned: names in index order.
        reader: how the base reads a prompt; None where that is not known yet.

    Raises:
        MetadataError: too few records, or two entities that are one for the model. UnknownNameError: an unknown column.
    """
    enriched = enrich(records, rules=settings.rules, fidelity=fidelity)
    places: dict[str, Any] = {"rules": settings.rules, "pinned": pinned, "unlearned": settings.unlearned}
    chosen = select(enriched, settings.balance, settings.entities, settings.priority, **places)
    told = of_entities(chosen, settings.prompt_style, settings.overwrite_prompt)
    check_prompts(*told)
    if reader is not None:
        check_tokens(*told, reader)
    return Choice(enriched, chosen)
