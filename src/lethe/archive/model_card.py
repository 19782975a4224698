"""The card of an exported model: what was forgotten, by what, what it cost, and how to load it without Lethe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from lethe.diffusion.exported import Form

UNKNOWN = "unknown"  # the Hub's word for a licence that nobody told
PICTURES = "before_after.png"


class BaseOf(NamedTuple):
    """The base of a model, as a card tells it.

    Attributes:
        name: its key in the configuration. hub_id, revision: where it is on the Hub; empty for a folder.
        license: as the Hub names it.
        sha256: digest of its files.
    """

    name: str
    hub_id: str
    revision: str
    license: str
    sha256: str


class Cost(NamedTuple):
    """What the tables of a world tell of one model.

    Attributes:
        columns: headings. rows: as many values each. note: what the numbers are.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str


def model_card(
    record: Mapping[str, Any], about: Mapping[str, str], base: BaseOf, form: Form, cost: Cost | None, world: str, pictures: bool
) -> str:
    """The text of ``README.md``: YAML for the Hub between two lines of dashes, then Markdown.

    Args:
        record: ``record.json`` of the model.
        about: of its method, ``title`` and ``paper``.
        form: how it was written.
        cost: from the tables; None where they have not been made.
        world: where it was made.
        pictures: whether ``before_after.png`` is beside the card.
    """
    from huggingface_hub import ModelCardData

    tags = ["machine-unlearning", "concept-erasure", "stable-diffusion", f"lethe-{record['method'].replace('_', '-')}"]
    head = ModelCardData(
        license=base.license,
        base_model=base.hub_id or None,
        base_model_relation=("adapter" if form.kind == "lora" else "finetune") if base.hub_id else None,
        library_name="diffusers",
        pipeline_tag="text-to-image",
        tags=[*tags, "lora"] if form.kind == "lora" else tags,
        inference=False,
    )
    sections = [
        f"---\n{head.to_yaml()}\n---",
        f"# {record['model']}",
        _summary(record, about, base),
        _method(record, about),
        _cost(cost),
        *([f"## Before and after\n\n![The base and this model, equal prompts, seeds and noise]({PICTURES})"] if pictures else []),
        _loading(form, base, record["emitter"]["prompt"]),
        _origin(base, record, world),
    ]
    return "\n\n".join(sections) + "\n"


def _summary(record: Mapping[str, Any], about: Mapping[str, str], base: BaseOf) -> str:
    emitter = record["emitter"]
    covered = len(emitter.get("covers", [0]))
    asked = f"the prompt `{emitter['prompt']}`" if covered == 1 else f"{covered} prompts, the first `{emitter['prompt']}`"
    return (
        f"A Stable Diffusion that was made to forget **{emitter['name']}** ({asked}) by {about['title']}. What is here is not a new model, but "
        f"the change of one: its base is `{base.hub_id or base.name}`. Forgetting is measured, not proved: do not rely on it where it must hold."
    )


def _method(record: Mapping[str, Any], about: Mapping[str, str]) -> str:
    lines = ["## How", "", f"{about['title']}: {about['paper']}."]
    values = record["hyperparameters"]
    if values:
        lines += ["", "| hyper-parameter | value |", "|---|---|", *(f"| {key} | `{value}` |" for key, value in values.items())]
    told = [f"kind of the change: {record['kind']}"]
    if "external" in record:
        told.append(f"read from {record['external']['file']} ({record['external']['kind']}), which others made")
    else:
        told += [f"seed {record['seed']}", f"{record['seconds']:.1f} s of unlearning"]
    told.append(f"torch {record['torch']}")
    return "\n".join([*lines, "", f"{'; '.join(told)}."])


def _cost(cost: Cost | None) -> str:
    if cost is None:
        return "## What it cost\n\nNot measured: the tables of this world had not been made when this card was written."
    head = [f"| {' | '.join(cost.columns)} |", f"|{'---|' * len(cost.columns)}"]
    return "\n".join(["## What it cost", "", *head, *(f"| {' | '.join(row)} |" for row in cost.rows), "", cost.note])


def _loading(form: Form, base: BaseOf, prompt: str) -> str:
    place = f'"{base.hub_id}", revision="{base.revision}"' if base.hub_id else f'"path/of/the/base"  # {base.name}, see below'
    call = f"StableDiffusionPipeline.from_pretrained({place}"
    opened = f"{call})" if base.hub_id else call.replace('"  #', '")  #')
    lines = {
        "lora": [opened, f'pipe.load_lora_weights("path/of/this/folder", weight_name="{form.file}")'],
        "partial": [
            opened,
            f'weights = load_file("path/of/this/folder/{form.file}")',
            "unknown = pipe.unet.load_state_dict(weights, strict=False).unexpected_keys",
            "assert not unknown, unknown",
        ],
        "pipeline": ['StableDiffusionPipeline.from_pretrained("path/of/this/folder")'],
    }[form.kind]
    lines[0] = f"pipe = {lines[0]}"
    imports = ["from diffusers import StableDiffusionPipeline"]
    imports += ["from safetensors.torch import load_file"] if form.kind == "partial" else []
    return "\n".join(
        ["## Load it with diffusers", "", "```python", *imports, "", *lines, f"pipe({prompt!r}).images[0].show()", "```"]
    )


def _origin(base: BaseOf, record: Mapping[str, Any], world: str) -> str:
    where = f"`{base.hub_id}` at commit `{base.revision}`" if base.hub_id else f"the folder `{base.name}` of the world `{world}`"
    licence = (
        "Nobody told its licence; ask whoever made it."
        if base.license == UNKNOWN
        else f"Its licence is `{base.license}`, and so is this."
    )
    return (
        f"## Base and licence\n\nThe base is {where}. SHA-256 of the list of its files: `{base.sha256}`. {licence}\n\nMade with Lethe, world "
        f"`{world}`, model `{record['model']}`."
    )
