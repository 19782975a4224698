"""What can be configured, with the mini world as default.

Config is *science*: what is measured and how. What belongs to a machine (cores, memory, partitions) is in a profile.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from lethe.core.records import Fidelity
from lethe.settings.archive import Archive, Publish
from lethe.settings.bases import Base, Evaluator, with_kinds
from lethe.settings.contradictions import contradictions
from lethe.settings.deepunlearn import DeepUnlearn
from lethe.settings.generation import Generation, Seed
from lethe.settings.names import names_in
from lethe.settings.pretraining import PretrainingSettings
from lethe.settings.rules import Derived
from lethe.settings.scoring import Scoring
from lethe.settings.statistics import Similarity, Statistics
from lethe.settings.strict import Name, Removable, Strict, check_known
from lethe.settings.tasks import AnyTask, CellTask, Task

PUBLISHED_METRICS = ("clip", "brisque", "rmse", "ssim", "dino")  # behind the 51 columns per entity
JUDGE = "judge"  # the classifier behind the tables of I-CARE
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
    hyperparameters: Name = Field("mini", description="which `settings` of config/methods/{method}.yaml")
    tasks: Annotated[dict[Name, AnyTask], Removable] = Field(
        default_factory=lambda: _mini_tasks(), min_length=1, description="what is unlearned"
    )
    demo_tasks: list[Name] = Field(default=["objects", "breeds"], min_length=1, description="the tasks of the target `demo`")
    bases: Annotated[dict[Name, Base], Removable] = Field(
        default_factory=lambda: {name: Base() for name in ("objects", "breeds", "scenes", "people")},
        min_length=1,
        description="base models",
    )
    evaluators: Annotated[dict[Name, Evaluator], BeforeValidator(with_kinds), Removable] = Field(
        default_factory=lambda: {
            "clip": Evaluator(kind="clip"),
            "backbone": Evaluator(kind="backbone"),
            "judge": Evaluator(kind="classifier"),
        },
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
            for name, task in self.tasks.items():
                check_known(f"tasks.{name}.source", task.source, names.sources)
                for metric in task.metrics or []:
                    check_known(f"tasks.{name}.metrics", metric, [*names.metrics, *self.classifiers_of(name)])
            for metric in self.scoring.metrics:
                check_known("scoring.metrics", metric, names.metrics)
        for name in self.demo_tasks:
            check_known("demo_tasks", name, list(self.tasks))
        for name, task in self.tasks.items():
            check_known(f"tasks.{name}.base", task.base, list(self.bases))
        for key, metrics in [
            ("scoring.metrics", self.scoring.metrics),
            *((f"tasks.{name}.metrics", self.metrics_of(name)) for name in self.entity_tasks if self.tasks[name].metrics),
        ]:
            if missing := [name for name in PUBLISHED_METRICS if name not in metrics]:
                raise ValueError(
                    f"{key}: '{missing[0]}' is missing; the published statistics per entity need {PUBLISHED_METRICS}"
                )
        for name in self.tasks:
            key = f"tasks.{name}.metrics" if self.tasks[name].metrics else "scoring.metrics"
            if JUDGE in self.metrics_of(name) and JUDGE not in self.classifiers_of(name):
                raise ValueError(f"{key}: 'judge' needs evaluators.judge")
            if "lpips_alex" in self.metrics_of(name) and not self.scoring.lpips_alex:
                raise ValueError(f"{key}: 'lpips_alex' needs scoring.lpips_alex, the folder with its weights")
        for name, evaluator in self.evaluators.items():
            metric = self.metric_of(name)
            if names and evaluator.kind == "classifier" and metric in names.quantities and metric != JUDGE:
                raise ValueError(
                    f"evaluators.{name}: the metric '{metric}' is no classifier; allowed: judge, or a name that no metric has"
                )
            for task_name in evaluator.tasks:
                check_known(f"evaluators.{name}.tasks", task_name, list(self.tasks))
        return self

    # --- tasks of a kind, and what a task has of its own ---

    @property
    def entity_tasks(self) -> dict[str, Task]:
        """Tasks of entities, each of which is forgotten and asked for: those of I-CARE."""
        return {name: task for name, task in self.tasks.items() if isinstance(task, Task)}

    @property
    def cell_tasks(self) -> dict[str, CellTask]:
        """Tasks of cells, several of which one emitter covers."""
        return {name: task for name, task in self.tasks.items() if isinstance(task, CellTask)}

    def generation_of(self, task: str) -> Generation:
        """How images of a task are sampled."""
        own = self.tasks[task].generation
        return self.generation if own is None else own.over(self.generation)

    def metrics_of(self, task: str) -> list[str]:
        """What is measured on images of a task."""
        own = self.tasks[task].metrics
        return self.scoring.metrics if own is None else own

    def evaluators_of(self, task: str) -> list[str]:
        """Evaluators that score the images of a task: those that name it, and of a kind without one, those that name no task."""
        return [name for name in self.evaluators if task in self.tasks_of_evaluator(name)]

    def tasks_of_evaluator(self, evaluator: str) -> list[str]:
        """Tasks whose images an evaluator scores, in the order of the tasks."""
        entry = self.evaluators[evaluator]
        if entry.tasks:
            return [task for task in self.tasks if task in entry.tasks]
        taken = {task for other in self.evaluators.values() if other.kind == entry.kind for task in other.tasks}
        return [task for task in self.tasks if task not in taken]

    def classifiers_of(self, task: str) -> list[str]:
        """Metrics that are classifiers of the images of a task."""
        return [self.metric_of(name) for name in self.evaluators_of(task) if self.evaluators[name].kind == "classifier"]

    def metric_of(self, classifier: str) -> str:
        """The metric that a classifier is."""
        return self.evaluators[classifier].metric or classifier

    @model_validator(mode="after")
    def _no_contradictions(self, info: ValidationInfo) -> Settings:
        if found := contradictions(self, names_in(info)):
            raise ValueError("\n  - ".join(found))
        return self


def _mini_tasks() -> dict[str, Task | CellTask]:
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
