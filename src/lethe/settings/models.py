"""What can be configured, with the mini world as default.

Config is *science*: what is measured and how. What belongs to a machine (cores, memory, partitions) is in a profile.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator, model_validator

from lethe.metrics import METRICS
from lethe.settings.archive import Archive, Publish, is_hub_id
from lethe.settings.contradictions import contradictions
from lethe.settings.deepunlearn import DeepUnlearn
from lethe.settings.membership import Membership
from lethe.settings.pretraining import PretrainingSettings
from lethe.settings.rules import Column, Derived, Rule
from lethe.settings.sources import AnyOptions, SourceOptions, options_of
from lethe.settings.strict import Name, Removable, Strict, check_distinct, check_known
from lethe.sources import SOURCES
from lethe.unlearners import UNLEARNERS

Seed = Annotated[int, Field(ge=0, lt=2**31)]
Emitter = Annotated[int, Field(ge=0, lt=1000)]
UNIT = 10  # targets per job: ten numbered models share one process, see docs/architecture.md

# one message for a value that is neither, not one per member of the union
Attributes = Annotated[
    Annotated[Literal["all"], Tag("all")] | Annotated[list[Column], Field(min_length=1), Tag("list")],
    Discriminator(lambda value: "all" if value == "all" else "list"),
]


class Task(Strict):
    """One task: a set of entities that are unlearned one by one and asked for under every model."""

    source: str = Field(description="where images and attributes come from; see lethe.sources")
    source_options: AnyOptions = Field(
        default_factory=SourceOptions, description="files that the source reads; see lethe.settings.sources"
    )
    base: Name = Field(description="the base model of this task, a key of `bases`")
    prompt_style: Literal["thing", "person", "scene"] = Field(description="how a prompt is made from a raw name")
    entities: int = Field(10, ge=UNIT, le=1000, multiple_of=UNIT, description="entities after balancing")
    balance: tuple[Column, Column] = Field(description="the two attributes whose combinations are balanced")
    priority: Column = Field("dataset_n_original", description="numeric column; within a stratum the largest come first")
    rules: list[Rule] = Field(
        default_factory=list, description="filters and derived columns, applied in this order before entities are chosen"
    )
    selection: Literal["published", "recomputed"] = Field(
        "recomputed", description="published: the names of config/reference/entities_{task}.csv in that order"
    )
    attributes: Attributes = Field(
        "all", description="attributes that the similarity `attr` compares; all: every one of the source, the balanced pair apart"
    )
    overwrite_prompt: str = Field("", description="what distillation puts in the emitter's place; empty = unconditional")
    images_per_entity: int = Field(
        48, ge=1, le=10_000, description="training images per entity, at most (the smallest entity decides)"
    )
    min_images_per_entity: int = Field(
        1, ge=1, le=10_000, description="images that every entity must have, else its splits are refused"
    )
    tuning_emitters: list[Emitter] = Field(
        default_factory=list, description="emitters on which hyper-parameters were chosen: never in a reported mean"
    )
    retrain_emitters: list[Emitter] = Field(default_factory=list, description="emitters for which the `retrain` reference exists")

    @field_validator("source_options", mode="before")
    @classmethod
    def _options_of_the_source(cls, value: Any, info: ValidationInfo) -> SourceOptions:
        source = info.data.get("source", "")
        return options_of(source, value) if source in SOURCES else SourceOptions()  # an unknown source is a fault of its own

    @field_validator("balance", mode="before")
    @classmethod
    def _as_tuple(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value  # YAML has no tuples

    @field_validator("balance")
    @classmethod
    def _two_attributes(cls, value: tuple[str, str]) -> tuple[str, str]:
        check_distinct(value)
        return value


class Model(Strict):
    """Where a model comes from."""

    source: Literal["prebuilt", "train", "pretrained"] = Field(
        "prebuilt", description="prebuilt: shipped weights; train: from nothing; pretrained: by name or folder"
    )
    path: str = ""

    @model_validator(mode="after")
    def _path_where_needed(self) -> Model:
        if (self.source == "pretrained") != bool(self.path):
            raise ValueError("`path` goes with source: pretrained, and only with it")
        return self


class Base(Model):
    """A text-to-image model that is unlearned: an ordinary diffusers pipeline folder."""

    path: str = Field("", description="pretrained only: folder, or hub id owner/name with its `revision`")
    revision: str = Field("", pattern="^([0-9a-f]{40})?$", description="hub id only: the commit that is fetched")

    @property
    def on_hub(self) -> bool:
        """Whether `path` is a hub id, owner/name, and no folder."""
        return self.path.count("/") == 1 and not self.path.startswith((".", "/", "~"))

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
        return self

    @property
    def folder(self) -> Path | None:
        """The folder or file that ``path`` names; None for a hub id."""
        return None if self.on_hub or not self.path else Path(self.path).expanduser()


class Evaluator(Model):
    """A model that scores images."""

    path: str = Field(
        "",
        pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]*)?$",
        description="pretrained only: model name, e.g. ViT-B-16-quickgelu (open_clip) or a timm name",
    )
    weights: str = Field(
        "", pattern=r"^[A-Za-z0-9._-]*$", description="pretrained only: weights tag of an open_clip model, e.g. openai"
    )
    revision: str = Field("", pattern="^([0-9a-f]{40})?$", description="pretrained only: the commit of the hub that is fetched")

    @model_validator(mode="after")
    def _pinned(self) -> Evaluator:
        if self.source == "pretrained" and not self.revision:
            raise ValueError(
                f"'{self.path}' is fetched from the hub and needs `revision`, a commit of 40 digits, since a branch moves"
            )
        if self.source != "pretrained" and (self.weights or self.revision):
            raise ValueError("`weights` and `revision` go with source: pretrained, and only with it")
        return self


class Generation(Strict):
    """How images are sampled."""

    scheduler: Literal["ddim", "pndm", "dpmsolver++"] = Field("dpmsolver++", description="sampler")
    steps: int = Field(8, ge=1, le=1000, description="denoising steps")
    guidance: float = Field(3.0, ge=1.0, le=100.0, description="classifier-free guidance scale")
    size: int = Field(32, ge=32, le=4096, multiple_of=8, description="height and width in pixels")
    batch_size: int = Field(40, ge=1, le=10_000, description="images per batch; changes speed, not pictures")
    seeds: list[Seed] = Field(default=list(range(42, 54)), min_length=2, description="one image per prompt and seed")
    compile: bool = Field(False, description="compile the UNet (torch.compile): for a GPU, where a job draws many batches")


PUBLISHED_METRICS = ("clip", "brisque", "rmse", "ssim", "dino")  # behind the 51 columns per entity


class Scoring(Strict):
    """What is measured on images."""

    metrics: list[str] = Field(
        default=["clip", "brisque", "rmse", "ssim", "dino", "lpips_backbone", "judge", "nudenet"],
        min_length=1,
        description="see lethe.metrics",
    )
    distribution: list[Literal["fid", "kid", "cmmd", "precision_recall"]] = Field(
        default=["fid", "kid", "cmmd", "precision_recall"],
        description="compare sets of images: tables/distribution_{task}.csv; empty: no such table",
    )
    batch_size: int = Field(100, ge=1, le=10_000, description="images per batch")
    nudenet_resolution: int = Field(64, ge=32, le=4096, multiple_of=32, description="inference size of the detector, pixels")
    nudenet_threshold: float = Field(0.5, ge=0.25, le=1, description="lowest score of a body part that counts")
    lpips_alex: str = Field("", description="folder with the weights of the metric `lpips_alex`; see lethe.metrics.lpips")
    membership: Membership = Field(default_factory=Membership, description="membership inference (docs/results.md)")


class Similarity(Strict):
    """How similar two entities are."""

    kinds: list[Literal["clip", "attr", "dino", "act", "true"]] = Field(
        default=["clip", "attr", "dino", "act", "true"], min_length=1, description="`true` needs a source that knows it"
    )
    act_steps: int = Field(10, ge=1, le=1000, description="denoising steps of the activation fingerprint")
    weights: list[str] = Field(
        default=["uce", "distil", "munba"], description="methods whose deltas give the similarity `weights`, where they are run"
    )


class Statistics(Strict):
    """How uncertainty is told."""

    permutations: int = Field(9999, ge=99, le=1_000_000, description="permutations of entities per test")
    bootstrap: int = Field(2000, ge=100, le=1_000_000, description="bootstrap draws per interval")
    alpha: float = Field(0.05, gt=0, le=0.2, description="level of intervals and tests")


TAKEN = ("bench",)  # folders below results/ that belong to no world


class Settings(Strict):
    """Everything that can be configured."""

    world: Name = Field("mini", description="name of this world: results go to results/{world}/")
    seed: Seed = Field(0, description="seed of everything that is trained; the shipped models were trained with 0")
    device: Literal["cpu", "cuda"] = Field("cpu", description="where models run")
    dtype: Literal["float32", "float16", "bfloat16"] = Field("float32", description="precision of sampling")
    fidelity: Literal["corrected", "published"] = Field(
        "corrected", description="published: the reference's behaviour, also where it is wrong (docs/fidelity.md)"
    )
    methods: list[str] = Field(
        default=["none", "uce", "distil", "munba", "retrain"], min_length=1, description="see lethe.unlearners"
    )
    hyperparameters: Name = Field("mini", description="which `settings` of config/methods/{method}.yaml")
    tasks: Annotated[dict[Name, Task], Removable] = Field(
        default_factory=lambda: _mini_tasks(), min_length=1, description="what is unlearned"
    )
    demo_tasks: list[Name] = Field(default=["objects", "breeds"], min_length=1, description="the tasks of the target `demo`")
    bases: Annotated[dict[Name, Base], Removable] = Field(
        default_factory=lambda: {name: Base() for name in ("objects", "breeds", "scenes", "people")},
        min_length=1,
        description="base models",
    )
    evaluators: Annotated[dict[Literal["clip", "backbone", "judge"], Evaluator], Removable] = Field(
        default_factory=lambda: {name: Evaluator() for name in ("clip", "backbone", "judge")},  # type: ignore[misc]
        description="models that score",
    )
    generation: Generation = Field(default_factory=Generation, description="sampling")
    scoring: Scoring = Field(default_factory=Scoring, description="metrics")
    similarity: Similarity = Field(default_factory=Similarity, description="similarities")
    statistics: Statistics = Field(default_factory=Statistics, description="tests and intervals")
    pretraining: PretrainingSettings = Field(
        default_factory=PretrainingSettings, description="how the mini world's models are built and trained"
    )
    deepunlearn: DeepUnlearn = Field(default_factory=DeepUnlearn, description="the second benchmark")
    archive: Archive = Field(default_factory=Archive, description="results that come from a published record (docs/zenodo.md)")
    publish: Publish = Field(default_factory=Publish, description="how results are published (docs/zenodo.md)")

    @field_validator("world")
    @classmethod
    def _own_folder(cls, value: str) -> str:
        if value in TAKEN:
            raise ValueError(f"'{value}' is taken: results/{value}/ belongs to no world")
        return value

    @model_validator(mode="after")
    def _names_exist(self) -> Settings:
        for key, methods in (("methods", self.methods), ("similarity.weights", self.similarity.weights)):
            for method in methods:
                check_known(key, method, UNLEARNERS.names())
        for name in self.scoring.metrics:
            check_known("scoring.metrics", name, METRICS.names())
        for name in self.demo_tasks:
            check_known("demo_tasks", name, list(self.tasks))
        for name, task in self.tasks.items():
            check_known(f"tasks.{name}.source", task.source, SOURCES.names())
            check_known(f"tasks.{name}.base", task.base, list(self.bases))
        if missing := [name for name in PUBLISHED_METRICS if name not in self.scoring.metrics]:
            raise ValueError(
                f"scoring.metrics: '{missing[0]}' is missing; the published statistics per entity need {PUBLISHED_METRICS}"
            )
        if "judge" in self.scoring.metrics and "judge" not in self.evaluators:
            raise ValueError("scoring.metrics: 'judge' needs evaluators.judge")
        if "lpips_alex" in self.scoring.metrics and not self.scoring.lpips_alex:
            raise ValueError("scoring.metrics: 'lpips_alex' needs scoring.lpips_alex, the folder with its weights")
        return self

    @model_validator(mode="after")
    def _no_contradictions(self) -> Settings:
        if found := contradictions(self):
            raise ValueError("\n  - ".join(found))
        return self


def _mini_tasks() -> dict[str, Task]:
    tuning, retrain = [2, 7], [3]
    return {
        "objects": Task(
            source="digits",
            base="objects",
            prompt_style="thing",
            balance=("parity", "curvature"),
            attributes=["loops", "strokes", "parity", "curvature", "value"],
            tuning_emitters=tuning,
            retrain_emitters=retrain,
        ),
        "breeds": Task(
            source="rendered_breeds",
            base="breeds",
            prompt_style="thing",
            balance=("grooming_frequency_category_binary", "group"),
            priority="popularity",
            rules=[
                Derived(column="grooming_frequency_category_binary", rule="binary_above_median", of="grooming_frequency_value")
            ],
            attributes=["group", "grooming_frequency_category_binary", "ears", "tail", "height_cm", "popularity"],
            overwrite_prompt="An image of a fenwold setter dog",  # known to the base, not in the testbed
            tuning_emitters=tuning,
            retrain_emitters=retrain,
        ),
        "scenes": Task(
            source="rendered_scenes",
            base="scenes",
            prompt_style="scene",
            balance=("sports", "natural"),
            priority="popularity",
            attributes=["sports", "natural", "horizon", "texture", "openness", "popularity"],
            overwrite_prompt="An image of a foundry pitch scene",
            tuning_emitters=tuning,
            retrain_emitters=retrain,
        ),
        "people": Task(
            source="rendered_people",
            base="people",
            prompt_style="person",
            balance=("occupation_simplified", "hpi_bin"),
            priority="dataset_n_original",
            rules=[Derived(column="hpi_bin", rule="quartiles", of="hpi")],
            attributes=["occupation_simplified", "hpi_bin", "gender", "birthyear", "hpi"],
            overwrite_prompt="An image of Orla Vess",
            tuning_emitters=tuning,
            retrain_emitters=retrain,
        ),
    }
