"""What is asked for beside the forgotten concept: the given list, or the nearest concepts of a vocabulary for the model's own text encoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import normalize

from lethe.audit.asked import folded, prompt_for
from lethe.diffusion.sources.prompts import CONCEPT
from lethe.diffusion.testbed.receivers import Emitter, Receiver
from lethe.diffusion.tokens import encode

if TYPE_CHECKING:
    from lethe.diffusion.pipeline import Pipeline
    from lethe.diffusion.testbed.tokens import PromptReader

FORGOTTEN, KEPT, WATCHED = "forgotten", "kept", "watched"


class Concept(NamedTuple):
    """A concept that is asked for.

    Attributes:
        concept: its words. role: ``forgotten``, ``kept`` (methods are told of it) or ``watched`` (they are not). origin: ``given`` or ``vocabulary``.
        nearest: the forgotten concept that it is most like. similarity: to that one, in [-1, 1]; see ``similarities``.
    """

    concept: str
    role: str
    origin: str
    nearest: str
    similarity: float


class LeftOut(NamedTuple):
    """A concept of the vocabulary that cannot be asked for, and why."""

    concept: str
    reason: str


def similarities(pipe: Pipeline, concepts: Sequence[str], to: Sequence[str]) -> Tensor:
    """How alike the model's text encoder reads concepts, ``(len(concepts), len(to))`` in [-1, 1].

    The cosine of the states at the end token, less that of the empty prompt: what every text has in common is most of such a state.
    The end token is where CLIP reads the whole text (Radford et al. 2021, arXiv 2103.00020, section 2.4).
    """
    texts = list(dict.fromkeys(["", *concepts, *to]))
    ends = {text: one.states[one.end + 1] for text, one in encode(pipe, texts).items()}

    def directions(names: Sequence[str]) -> Tensor:
        return normalize(torch.stack([ends[name] - ends[""] for name in names]).double(), dim=1)

    return directions(concepts) @ directions(to).T


def choose(
    pipe: Pipeline, reader: PromptReader, vocabulary: Sequence[str], forget: Sequence[str], prompt: str, count: int
) -> tuple[list[str], list[LeftOut]]:
    """The ``count`` concepts of a vocabulary that are most like one of those forgotten, nearest first.

    Args:
        reader: the model's tokenizer. prompt: the template of prompts, with ``{concept}``.

    Returns:
        The concepts, and those that cannot be asked for: what is forgotten itself, words that the tokenizer does not know, and what it
        cannot tell from another concept.

    Raises:
        ValueError: nothing is left; says what the tokenizer does not know.
    """
    seen = {reader.read(prompt_for(prompt, name)).ids: name for name in forget}
    same = set(map(folded, forget))
    fit: list[str] = []
    left_out: list[LeftOut] = []
    for name in vocabulary:
        reading = reader.read(prompt_for(prompt, name))
        if folded(name) in same:
            left_out.append(LeftOut(name, "it is what is forgotten"))
        elif reading.unknown:
            left_out.append(LeftOut(name, f"the model's tokenizer does not know {', '.join(reading.unknown)}"))
        elif reading.ids in seen:
            left_out.append(LeftOut(name, f"for the model's tokenizer it is '{seen[reading.ids]}'"))
        else:
            fit.append(name)
            seen[reading.ids] = name
    if not fit:
        raise ValueError(
            f"audit.keep: the model's tokenizer knows none of the {len(vocabulary)} concepts of audit.vocabulary, so no neighbour can be "
            "chosen; name in audit.keep what the model ought to keep"
        )
    alike = similarities(pipe, fit, forget).amax(dim=1)
    order = sorted(range(len(fit)), key=lambda place: (-float(alike[place]), place))
    return [fit[place] for place in order[:count]], left_out


def named(roles: Mapping[str, str], prompt: str, overwrite: str) -> tuple[list[Receiver], list[Emitter]]:
    """Receivers and emitters of an audit: every concept is asked for, each of those forgotten covers itself.

    Args:
        roles: concept -> its role; those forgotten first, those watched last.
        prompt: the template of prompts. overwrite: the concept that takes the place of what is forgotten; empty: the unconditional one.
    """
    texts = {name: prompt_for(prompt, name) for name in roles}
    receivers = [Receiver(index, name, text, text, {CONCEPT: name}) for index, (name, text) in enumerate(texts.items())]
    instead = prompt_for(prompt, overwrite) if overwrite else ""
    forgotten = [one for one in receivers if roles[one.name] == FORGOTTEN]
    return receivers, [Emitter.of_one(one.index, one.name, one.prompt, instead) for one in forgotten]


def described(pipe: Pipeline, roles: Mapping[str, str], origin: str) -> list[Concept]:
    """Every concept that is asked for.

    Args:
        roles: as in ``named``. origin: of those that are not forgotten, ``given`` or ``vocabulary``.
    """
    forget = [name for name, role in roles.items() if role == FORGOTTEN]
    alike = similarities(pipe, list(roles), forget)
    return [
        Concept(name, role, "given" if role == FORGOTTEN else origin, forget[int(row.argmax())], float(row.amax()))
        for (name, role), row in zip(roles.items(), alike, strict=True)
    ]
