"""An audit: one model, what it is to forget, what it ought to keep. It is turned into a world of one task (``lethe.audit.world``)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from lethe.settings.generation import Size
from lethe.settings.strict import Name, Strict

CONCEPT = "concept"  # the attribute of the task: what stands in the braces of `prompt`
MOST = 500  # concepts; more are a benchmark


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Concepts = Annotated[list[str], BeforeValidator(_as_list), Field(min_length=1, max_length=MOST)]


class Audit(Strict):
    """What is asked of one model."""

    model: str = Field(
        min_length=1,
        description="a diffusers folder, a hub id owner/name with its `revision`, or a key of `bases`, such as breeds; a folder is ./breeds",
    )
    revision: str = Field("", description="hub id only: the commit that is fetched")
    forget: Concepts = Field(description="what is forgotten: a concept, or several, each by a model of its own")
    keep: Concepts | None = Field(
        None,
        description="what methods are told to keep: concepts, or one file with a concept a line; null: neighbours from `vocabulary`",
    )
    watch: Concepts | None = Field(
        None, description="what is looked at and no method is told of, likewise; null: none, or neighbours where `keep` is null"
    )
    methods: Concepts | None = Field(
        None,
        description="see lethe.diffusion.methods; `none` always runs beside them; null: uce, or none where `unlearned` is given",
    )
    unlearned: str = Field(
        "",
        description="`model` without the concept, as somebody else made it: a diffusers folder, a LoRA or some weights (docs/audit.md)",
    )
    prompt: str = Field("{concept}", description="how a prompt calls a concept, e.g. 'A painting in {concept}'")
    overwrite: str = Field("", description="the concept that takes the place of what is forgotten; empty: the unconditional one")
    neighbours: int = Field(
        12,
        ge=2,
        le=MOST,
        description="how many are chosen where `keep` is null: every second one is kept, the others are watched",
    )
    vocabulary: str = Field(
        "config/audit_vocabulary.txt", min_length=1, description="a file with a concept a line; # begins a comment"
    )
    images: str = Field(
        "", description="folder of pictures {concept}/*.png, also of some that are kept: for methods that look at pictures"
    )
    size: Size | None = Field(None, description="height and width in pixels; null: what the model draws; a hub id needs it")
    metrics: list[str] | None = Field(
        None, min_length=1, description="what is measured; null: all that the evaluators of the configuration can measure here"
    )
    world: Name = Field("audit", description="results go to results/{world}/")

    @field_validator("prompt")
    @classmethod
    def _holds_the_concept(cls, value: str) -> str:
        try:
            text = value.format(concept="")
        except (ValueError, KeyError, IndexError, AttributeError):
            raise ValueError(f"'{value}' is no template; allowed: text with {{{CONCEPT}}} once, and no other braces") from None
        if value.count(f"{{{CONCEPT}}}") != 1 or len(text) != len(value) - len(CONCEPT) - 2:
            raise ValueError(f"'{value}' must hold {{{CONCEPT}}} once, and no other braces")
        return value
