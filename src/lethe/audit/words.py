"""Words that a model's tokenizer does not know: it would draw something else, and nobody would be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lethe.audit.asked import prompt_for
from lethe.core.registry import nearest
from lethe.settings.errors import SettingsError

if TYPE_CHECKING:
    from lethe.diffusion.testbed.tokens import PromptReader

FEW = 100  # words of a vocabulary that a message lists in full


def check_words(reader: PromptReader, prompt: str, lists: Mapping[str, Sequence[str]]) -> None:
    """Refuse concepts with words that a tokenizer does not know.

    Args:
        reader: the model's tokenizer. prompt: the template of prompts, with ``{concept}``.
        lists: key of a setting -> its concepts.

    Raises:
        SettingsError: naming the key, the words and the nearest that it knows.
    """
    for key, names in lists.items():
        for name in names:
            if unknown := reader.read(prompt_for(prompt, name)).unknown:
                raise SettingsError(_unknown(key, prompt, name, list(unknown), known_words(reader)))


def known_words(reader: PromptReader) -> list[str]:
    """The words of a tokenizer, without its marks, sorted."""
    marks = {token.content for token in reader.tokenizer.get_added_tokens_decoder().values() if token.special}
    return sorted(set(reader.tokenizer.get_vocab()) - marks)


def _unknown(key: str, prompt: str, concept: str, words: list[str], vocabulary: list[str]) -> str:
    if words[0] not in concept:
        key = f"{key.rpartition('.')[0]}.prompt".lstrip(".")  # the template's own word, in the same section
    near = nearest(words[0].lower(), vocabulary)
    few = f"; it knows {', '.join(vocabulary)}" if len(vocabulary) <= FEW and not near else ""
    return (
        f"{key}: the model's tokenizer does not know {', '.join(map(repr, words))} of '{prompt_for(prompt, concept)}'{near}{few}"
    )
