"""No two entities are one for the model, and none is what the forgotten one is replaced by.

Of two entities with one prompt each would be forgotten and retained at once, by contradictory training pairs; an emitter that is its own
guide is edited into itself. Both run to the end and give numbers, so they are refused when the metadata are made.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lethe.diffusion.testbed.receivers import Emitter, Receiver
from lethe.diffusion.testbed.schema import MetadataError
from lethe.diffusion.testbed.spelling import composed
from lethe.diffusion.testbed.tokens import PromptReader, Reading, read_tokenizer
from lethe.io.wording import by_its_ends, listed

MOST = 6  # names or words that a message lists where they may be many
log = logging.getLogger(__name__)


def check_prompts(receivers: Sequence[Receiver], emitters: Sequence[Emitter]) -> None:
    """Refuse receivers whose prompts are the same text but for case, blanks, underscores and the form of accents.

    Args:
        receivers: of a task.
        emitters: whose ``overwrite`` takes the place of what they cover; ``""`` is the unconditional concept, which is no receiver.

    Raises:
        MetadataError: several receivers have one prompt (all are named), or one would be replaced by another that its emitter covers.
    """
    prompts = {receiver.name: receiver.prompt for receiver in receivers}
    same: dict[str, list[str]] = {}
    for name in prompts:
        same.setdefault(_folded(prompts[name]), []).append(name)
    for found in same.values():
        if len(found) > 1:
            raise MetadataError(
                f"entities {listed(found)} have one prompt, '{prompts[found[0]]}', so each would be forgotten and retained at once; "
                "allowed: prompts that differ by more than case, blanks and underscores"
            )
    owner = {_folded(text): receiver for receiver in receivers for text in (receiver.text, receiver.prompt)}
    for emitter, guide in _guides(emitters):
        found_receiver = owner.get(_folded(guide))
        if found_receiver is not None and found_receiver.index in emitter.covers:
            raise MetadataError(
                f"overwrite_prompt '{guide}' is the prompt of entity '{found_receiver.name}', which would be replaced by itself; "
                "allowed: a prompt of no entity of the task, or '' for the unconditional concept"
            )


def check_tokens(receivers: Sequence[Receiver], emitters: Sequence[Emitter], reader: PromptReader) -> None:
    """Refuse entities whose prompts are different texts but the same tokens for the base; arguments as ``check_prompts``.

    Args:
        reader: how the base reads a prompt.

    Raises:
        MetadataError: naming the entities, what the base reads of both, and why: the end is cut off, or words are unknown; also where
            a name holds one of the tokenizer's own marks, such as the end of a prompt.
    """
    readings = {receiver.name: reader.read(receiver.prompt) for receiver in receivers}
    for name, reading in readings.items():
        if reading.marks:
            raise MetadataError(
                f"entity '{name}' holds {listed(reading.marks)}, a mark of the base's tokenizer; allowed: names without one"
            )
    same: dict[tuple[int, ...], list[str]] = {}
    for name, reading in readings.items():
        same.setdefault(reading.ids, []).append(name)
    for found in same.values():
        if len(found) > 1:
            raise MetadataError(
                f"entities {listed(found)} are equal for the base's tokenizer, so each would be forgotten and retained at once: "
                f"{_why([readings[name] for name in found], reader)}; allowed: names that the base can tell apart"
            )
    names = [receiver.name for receiver in receivers]
    for emitter, text in _guides(emitters):
        guide = reader.read(text)
        for name in same.get(guide.ids, []):
            if names.index(name) in emitter.covers:
                raise MetadataError(
                    f"overwrite_prompt '{text}' and entity '{name}' are equal for the base's tokenizer, so the entity would be replaced "
                    f"by itself: {_why([guide, readings[name]], reader)}; allowed: a prompt that the base can tell from all entities"
                )
    _warn(readings, reader)


def check_base(receivers: Sequence[Receiver], emitters: Sequence[Emitter], base: str | Path) -> None:
    """``check_tokens`` with the tokenizer of a pipeline's folder: for jobs that have a base which the metadata could not see yet."""
    check_tokens(receivers, emitters, read_tokenizer(Path(base) / "tokenizer"))


def _guides(emitters: Sequence[Emitter]) -> Iterator[tuple[Emitter, str]]:
    """Every text that takes the place of something, but for the unconditional concept; each once for an emitter."""
    for emitter in emitters:
        for text in dict.fromkeys(emitter.overwrite.values()):
            if _folded(text):
                yield emitter, text


def _folded(text: str) -> str:
    return composed(" ".join(text.replace("_", " ").split()).lower())


def _why(readings: Sequence[Reading], reader: PromptReader) -> str:
    unknown = list(dict.fromkeys(word for reading in readings for word in reading.unknown))
    reasons = []
    if any(reading.cut for reading in readings):
        reasons.append(f"it reads {reader.limit} tokens of a prompt, begin and end included, and what differs comes later")
    if unknown:
        reasons.append(f"it does not know {listed(unknown, MOST)}")
    read = by_its_ends(" ".join(readings[0].tokens))
    return f"{' and '.join(reasons) or 'it does not tell their spellings apart'}; what it reads is '{read}'"


def _warn(readings: Mapping[str, Reading], reader: PromptReader) -> None:
    """Say once of whom the base reads a part only; the entities differ all the same."""
    if cut := [name for name, reading in readings.items() if reading.cut]:
        log.warning("the base reads %d tokens of a prompt; it does not see the end of %s", reader.limit, listed(cut, MOST))
    if unknown := {name: reading.unknown for name, reading in readings.items() if reading.unknown}:
        words = dict.fromkeys(word for found in unknown.values() for word in found)
        log.warning("the base does not know %s, in the names of %s", listed(words, MOST), listed(unknown, MOST))
