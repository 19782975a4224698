"""Where base models and the models that score come from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from lethe.settings.editing import Editing
from lethe.settings.finetuning import Finetuning
from lethe.settings.hub import is_hub_id
from lethe.settings.rules import Column
from lethe.settings.strict import Name, Strict

Kind = Literal["clip", "backbone", "classifier", "zero_shot"]
CHECKPOINTS = (".safetensors", ".ckpt")  # endings of one file in which a whole pipeline is shared
MODEL_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)?")
NAMED_AS_KIND: dict[str, Kind] = {"clip": "clip", "backbone": "backbone"}  # evaluators that need not say their kind


class Model(Strict):
    """Where a model comes from."""

    source: Literal["prebuilt", "train", "pretrained"] = Field(
        "prebuilt", description="prebuilt: shipped weights; train: from nothing; pretrained: by name or folder"
    )
    path: str = Field("", description="pretrained only: name or folder")

    @model_validator(mode="after")
    def _path_where_needed(self) -> Model:
        if (self.source == "pretrained") != bool(self.path):
            raise ValueError("`path` goes with source: pretrained, and only with it")
        return self


class Base(Model):
    """A text-to-image model that is unlearned: an ordinary diffusers pipeline folder."""

    source: Literal["prebuilt", "train", "pretrained", "finetuned"] = Field(  # type: ignore[assignment]  # one more than other models
        "prebuilt",
        description="prebuilt: shipped weights; train: from nothing; pretrained: by name or folder; finetuned: from another base",
    )
    start: Name | None = Field(None, description="finetuned only: the base that it starts from")
    finetuning: Finetuning | None = Field(None, description="finetuned only: how it is trained; null: as its defaults say")
    editing: Editing | None = Field(
        None, description="finetuned only: makes it a model that edits pictures (InstructPix2Pix), which is no base of a task"
    )
    path: str = Field(
        "", description="pretrained only: folder, CompVis file (.safetensors, .ckpt), or hub id owner/name with its `revision`"
    )
    revision: str = Field("", pattern="^([0-9a-f]{40})?$", description="hub id only: the commit that is fetched")
    config: str = Field(
        "",
        description="CompVis file only: a pipeline folder whose configurations, tokenizer and scheduler it takes, not its weights",
    )
    averaged: bool = Field(
        False, description="CompVis file only: take the averaged weights of the UNet, by which CompVis' own scripts draw"
    )
    vae: Name = Field(
        "vae", description="not pretrained: the part that is its autoencoder, trained on the tasks of all bases that name it"
    )
    tokenizer: Name = Field("tokenizer", description="not pretrained: the part that is its tokenizer, likewise")

    like: Name | None = Field(
        None, description="not pretrained: the base whose tasks it is trained on, and with `exclude` its parts too"
    )
    exclude: list[str] = Field(default_factory=list, description="entities or cells (task/name) that its training never sees")
    pretraining: dict[str, Any] = Field(
        default_factory=dict,
        description="not pretrained: what it and its parts train in another way than `pretraining`, e.g. {base: {optimizer: {steps: 5000}}}",
    )

    @property
    def on_hub(self) -> bool:
        """Whether `path` is a hub id, owner/name, and no folder."""
        return self.path.count("/") == 1 and not self.path.startswith((".", "/", "~")) and not self.path.endswith(CHECKPOINTS)

    @property
    def in_one_file(self) -> bool:
        """Whether `path` is a CompVis file."""
        return self.path.endswith(CHECKPOINTS)

    @model_validator(mode="after")
    def _pinned(self) -> Base:
        if self.on_hub and not is_hub_id(self.path):
            raise ValueError(f"`path` '{self.path}' is neither a hub id owner/name nor, written './{self.path}', a folder")
        if self.on_hub and not self.revision:
            raise ValueError(
                f"`path` '{self.path}' is a hub id and needs `revision`, a commit of 40 digits, since a branch moves; "
                f"a folder is written './{self.path}'"
            )
        if self.revision and not self.on_hub:
            raise ValueError(f"`revision` goes with a hub id owner/name; `path` is '{self.path}'")
        if (self.source == "finetuned") != bool(self.start):
            raise ValueError("`start` goes with source: finetuned, and only with it")
        if self.source != "finetuned" and (self.finetuning or self.editing):
            raise ValueError("`finetuning` and `editing` go with source: finetuned, and only with it")
        if (self.config or self.averaged) and not self.in_one_file:
            raise ValueError(
                f"`config` and `averaged` go with a CompVis file ({', '.join(CHECKPOINTS)}); `path` is '{self.path}'"
            )
        if self.in_one_file and not self.config:
            raise ValueError(f"`path` '{self.path}' is a CompVis file and needs `config`, a pipeline folder that describes it")
        return self

    @property
    def folder(self) -> Path | None:
        """The folder or file that ``path`` names; None for a hub id."""
        return None if self.on_hub or not self.path else Path(self.path).expanduser()

    @property
    def described(self) -> Path | None:
        """The folder whose configurations are the base's; None for a hub id."""
        return Path(self.config).expanduser() if self.in_one_file else self.folder

    @property
    def provenance(self) -> dict[str, str | bool]:
        """Where a pretrained base is from, as its record says it."""
        in_file: dict[str, str | bool] = {"config": self.config, "averaged": self.averaged} if self.in_one_file else {}
        return {"path": self.path, "revision": self.revision} | in_file


class Evaluator(Model):
    """A model that scores images."""

    kind: Kind = Field(
        "classifier",
        description="clip: open_clip; backbone: timm; classifier: of an attribute, itself a metric; "
        "zero_shot: a classifier of entities that is the task's clip, and has no weights of its own",
    )
    tasks: list[Name] = Field(
        default_factory=list,
        description="tasks whose images it scores and it is trained on; empty: all that ask for it and that no other of its kind names",
    )
    attribute: Column = Field(
        "name", description="classifier only: the attribute that it tells; name: which entity or cell it is"
    )
    metric: Name | None = Field(
        None,
        description="classifier and zero_shot only: the metric that it is, e.g. judge for a task with a judge of its own; null: its own name",
    )
    features: bool = Field(
        False, description="classifier only: keep its features of every image of a task of cells, by which sets are compared"
    )
    seed: Annotated[int, Field(ge=0, lt=2**31)] | None = Field(None, description="of its training; null: the world's")
    pretraining: dict[str, Any] = Field(
        default_factory=dict,
        description="what it trains in another way than `pretraining`, e.g. {judge: {architecture: convmixer}}",
    )
    tokenizer: Name = Field("tokenizer", description="clip only, not pretrained: the part that is its tokenizer")
    path: str = Field(
        "",
        description="pretrained only: model name, e.g. ViT-B-16-quickgelu (open_clip) or a timm name; of a classifier a published checkpoint",
    )
    start: str = Field(
        "",
        description="classifier with source: train only: file of weights that its training starts from, whose head is left out",
    )
    weights: str = Field(
        "", pattern=r"^[A-Za-z0-9._-]*$", description="pretrained only: weights tag of an open_clip model, e.g. openai"
    )
    revision: str = Field("", pattern="^([0-9a-f]{40})?$", description="pretrained only: the commit of the hub that is fetched")

    @model_validator(mode="after")
    def _of_its_kind(self) -> Evaluator:
        refused = {"classifier": (), "zero_shot": ("source", "attribute", "features", "pretraining", "start")}
        for key in refused.get(self.kind, ("attribute", "metric", "features")):
            value, default = getattr(self, key), type(self).model_fields[key].get_default(call_default_factory=True)
            if value != default:
                needed = "trained classifiers" if self.kind == "zero_shot" else "kind: classifier"
                raise ValueError(f"`{key}` is {value!r}; it goes with {needed}, and only with them")
        return self

    @property
    def classifies(self) -> bool:
        """Whether it tells what an image shows, and so is a metric."""
        return self.kind in ("classifier", "zero_shot")

    @property
    def gives(self) -> str:
        """What it is to a task: its kind; one that classifies takes the place of another."""
        return "classifier" if self.classifies else self.kind

    @model_validator(mode="after")
    def _pinned(self) -> Evaluator:
        if self.start and (self.kind, self.source) != ("classifier", "train"):
            raise ValueError("`start` goes with a classifier and source: train, and only with them")
        if self.kind == "classifier" and self.source == "pretrained":
            if self.weights or self.revision:
                raise ValueError("`weights` and `revision` do not go with a classifier, whose checkpoint is a file")
            return self
        if not MODEL_NAME.fullmatch(self.path):
            raise ValueError(f"`path` '{self.path}' is no name of a model; allowed: letters, digits, '.', '_' and '-'")
        if self.source == "pretrained" and not self.revision:
            raise ValueError(
                f"'{self.path}' is fetched from the hub and needs `revision`, a commit of 40 digits, since a branch moves"
            )
        if self.source != "pretrained" and (self.weights or self.revision):
            raise ValueError("`weights` and `revision` go with source: pretrained, and only with it")
        return self


def with_kinds(entries: Any) -> Any:
    """Give the evaluators ``clip`` and ``backbone`` the kind that they are named after, where they say none."""
    if not isinstance(entries, dict):
        return entries
    return {
        name: {"kind": NAMED_AS_KIND[name], **entry} if name in NAMED_AS_KIND and isinstance(entry, dict) else entry
        for name, entry in entries.items()
    }
