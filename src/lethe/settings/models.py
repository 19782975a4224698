"""What can be configured, with the mini world as default.

Config is *science*: what is measured and how. What belongs to a machine (cores, memory, partitions) is in a profile.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from lethe.core.records import Fidelity
from lethe.settings.archive import Archive, Publish
from lethe.settings.bases import Base, Evaluator
from lethe.settings.contradictions import contradictions
from lethe.settings.deepunlearn import DeepUnlearn
from lethe.settings.generation import Generation, Seed
from lethe.settings.names import names_in
from lethe.settings.pretraining import PretrainingSettings
from lethe.settings.rules import Derived
from lethe.settings.scoring import Scoring
from lethe.settings.statistics import Similarity, Statistics
from lethe.settings.strict import Name, Removable, Strict, check_known
from lethe.settings.tasks import Task

PUBLISHED_METRICS = ("clip", "brisque", "rmse", "ssim", "dino")  # behind the 51 columns per entity
TAKEN = ("bench",)  # folders below results/ that belong to no world


class Settings(Strict):
    """Everything that can be configured."""

    world: Name = Field("mini", description="name of this world: results go to results/{world}/")
    seed: Seed = Field(0, description="seed of everything that is trained; the shipped models were trained with 0")
    device: Literal["cpu", "cuda"] = Field("cpu", description="where models run")
    dtype: Literal["float32", "float16", "bfloat16"] = Field("float32", description="precision of sampling")
    fidelity: Fidelity = Field(
        "corrected", description="published: the reference's behaviour, also where it is wrong (docs/fidelity.md)"
    )
    methods: list[str] = Field(
        default=["none", "uce", "distil", "munba", "retrain"], min_length=1, description="see lethe.diffusion.methods"
    )
    hyperparameters: Name = Field("mini", description="which `settings` of config/methods/diffusion/{method}.yaml")
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
    def _names_exist(self, info: ValidationInfo) -> Settings:
        if names := names_in(info):
            for key, methods in (("methods", self.methods), ("similarity.weights", self.similarity.weights)):
                for method in methods:
                    check_known(key, method, names.methods)
            for name in self.scoring.metrics:
                check_known("scoring.metrics", name, names.metrics)
            for name, task in self.tasks.items():
                check_known(f"tasks.{name}.source", task.source, names.sources)
        for name in self.demo_tasks:
            check_known("demo_tasks", name, list(self.tasks))
        for name, task in self.tasks.items():
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
    def _no_contradictions(self, info: ValidationInfo) -> Settings:
        if found := contradictions(self, names_in(info)):
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
