"""What can be configured, with the mini world as default.

Config is *science*: what is measured and how. What belongs to a machine (cores, memory, partitions) is in a profile.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from lethe.core.records import Fidelity
from lethe.settings.archive import Archive, Publish
from lethe.settings.attack import Attack
from lethe.settings.audit import Audit
from lethe.settings.bases import Base, Evaluator, with_kinds
from lethe.settings.checkpoints import Checkpoints
from lethe.settings.columns import KNOWN
from lethe.settings.deepunlearn import DeepUnlearn
from lethe.settings.errors import SettingsError
from lethe.settings.exporting import Export
from lethe.settings.external import External, MethodName
from lethe.settings.gates import Gates
from lethe.settings.generation import Generation, KeepImages, OwnGeneration, Seed
from lethe.settings.pretraining import PretrainingSettings
from lethe.settings.rules import Derived
from lethe.settings.scoring import NEED, Scoring
from lethe.settings.sequences import Pairs, Sequence
from lethe.settings.sources import Numbered
from lethe.settings.statistics import Similarity, Statistics
from lethe.settings.strict import Name, Removable, Strict
from lethe.settings.tasks import AnyTask, CellEmitter, CellTask, Task
from lethe.settings.tracking import Tracker
from lethe.settings.unlearncanvas import PROTOCOLS, Judge, Retained, UnlearnCanvas

TAKEN = ("bench",)  # folders below results/ that belong to no world


class Sections(Strict):
    """Every section of a configuration, each checked by itself."""

    world: Name = Field("mini", description="name of this world: results go to results/{world}/")
    seed: Seed = Field(0, description="seed of everything that is trained; the shipped models were trained with 0")
    device: Literal["cpu", "cuda"] = Field("cpu", description="where models run")
    dtype: Literal["float32", "float16", "bfloat16"] = Field("float32", description="precision of sampling")
    keep_images: KeepImages = Field(
        "png",
        description="how drawn pictures are kept: png, or latents of which readers make pictures (docs/run.md); those of others stay files",
    )
    fidelity: Fidelity = Field(
        "corrected", description="published: the reference's behaviour, also where it is wrong (docs/fidelity.md)"
    )
    methods: list[str] = Field(
        default=["none", "uce", "distil", "munba", "retrain"], min_length=1, description="see lethe.diffusion.methods"
    )
    external: Annotated[dict[MethodName, External], Removable] = Field(
        default_factory=dict, description="methods whose models others made: name -> files (docs/external-models.md)"
    )
    checkpoints: Checkpoints = Field(
        default_factory=dict,
        description="method -> epochs of its trajectories, e.g. {distil: [1, 2]} (docs/training.md); none are in `all`",
    )
    hyperparameters: Name = Field("mini", description="which `settings` of config/methods/diffusion/{method}.yaml")
    tasks: Annotated[dict[Name, AnyTask], Removable] = Field(
        default_factory=lambda: _mini_tasks(), min_length=1, description="what is unlearned"
    )
    demo_tasks: list[Name] = Field(
        default=["objects", "breeds"],
        min_length=1,
        description="the tasks of the target `demo`; without a choice of your own, those of these that there are, else all",
    )
    bases: Annotated[dict[Name, Base], Removable] = Field(
        default_factory=lambda: {
            **{name: Base() for name in ("objects", "breeds", "scenes", "people")},
            **_canvas_bases(),
        },
        min_length=1,
        description="base models",
    )
    evaluators: Annotated[dict[Name, Evaluator], BeforeValidator(with_kinds), Removable] = Field(
        default_factory=lambda: {
            "clip": Evaluator(kind="clip"),
            "backbone": Evaluator(kind="backbone"),
            "judge": Evaluator(kind="classifier"),
            **_canvas_judges(),
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
    gates: Gates = Field(default_factory=Gates, description="what must hold before a table is believed")
    deepunlearn: DeepUnlearn = Field(default_factory=DeepUnlearn, description="the second benchmark")
    unlearncanvas: Annotated[dict[Name, UnlearnCanvas], Removable] = Field(
        default_factory=lambda: {"canvas": _canvas_benchmark()},
        description="the third benchmark: task of cells -> what is style and object, who judges",
    )
    attacks: Annotated[dict[Name, Attack], Removable] = Field(
        default_factory=dict,
        description="attacks on unlearned models of tasks of entities (target `attacks`): task -> how; of cells: unlearncanvas.{task}.attack",
    )
    audit: Audit | None = Field(
        None, description="one model and what it is to forget, which becomes a world of its own (docs/audit.md); null: none"
    )
    archive: Archive = Field(default_factory=Archive, description="results that come from a published record (docs/zenodo.md)")
    publish: Publish = Field(default_factory=Publish, description="how results are published (docs/zenodo.md)")
    export: Export = Field(default_factory=Export, description="unlearned models for other tools (docs/external-models.md)")
    tracker: Tracker = Field(
        "none", description="where loss curves go beside their tables: none, wandb, tensorboard, trackio (docs/training.md)"
    )

    @field_validator("demo_tasks")
    @classmethod
    def _of_those_there(cls, value: list[str], info: ValidationInfo) -> list[str]:
        """A default that nobody chose must not name tasks that an overlay took away."""
        there = list(info.data.get("tasks", ()))
        if value != cls.model_fields["demo_tasks"].default or not there:
            return value
        return [name for name in value if name in there] or there

    @field_validator("world")
    @classmethod
    def _own_folder(cls, value: str) -> str:
        if value in TAKEN:
            raise ValueError(f"'{value}' is taken: results/{value}/ belongs to no world")
        return value

    def decoding_base(self, task: str) -> list[str]:
        """Folder below ``results/{world}`` of the base whose VAE makes pictures of kept latents of a task; none where pictures are kept."""
        return [f"base/{self.tasks[task].base}"] if self.keep_images == "latents" else []

    # --- tasks of a kind, and what a task has of its own ---

    @property
    def entity_tasks(self) -> dict[str, Task]:
        """Tasks of entities, each of which is forgotten and asked for: those of I-CARE."""
        return {name: task for name, task in self.tasks.items() if isinstance(task, Task)}

    @property
    def cell_tasks(self) -> dict[str, CellTask]:
        """Tasks of cells, several of which one emitter covers."""
        return {name: task for name, task in self.tasks.items() if isinstance(task, CellTask)}

    @property
    def full_tasks(self) -> list[str]:
        """Tasks of entities whose models are asked for all receivers."""
        return [name for name, task in self.entity_tasks.items() if task.receivers == "all"]

    def check_full(self, task: str, what: str) -> None:
        """Refuse what needs every pair of a task whose models are asked for some receivers only.

        Args:
            what: the file or figure that needs them.

        Raises:
            SettingsError: naming the key, its value and what is allowed.
        """
        of = self.entity_tasks.get(task)
        if of is not None and of.receivers != "all":
            raise SettingsError(
                f"{what}: needs every receiver, and tasks.{task}.receivers is '{of.receivers.told}'; allowed: all"
            )

    def generation_of(self, task: str) -> Generation:
        """How images of a task are sampled."""
        own = self.tasks[task].generation
        return self.generation if own is None else own.over(self.generation)

    def metrics_of(self, task: str) -> list[str]:
        """What is measured on images of a task."""
        own = self.tasks[task].metrics
        return self.scoring.metrics if own is None else own

    def scoring_by(self, metrics: Iterable[str]) -> dict[str, Any]:
        """How images are scored by these metrics, as plain data for a job."""
        return self.scoring.model_dump(exclude={"distribution", "membership"}) | {"metrics": list(metrics)}

    def pretraining_of(self, entry: Base | Evaluator) -> PretrainingSettings:
        """How a base or an evaluator, and the parts that only it has, are trained."""
        return self.pretraining.over(entry.pretraining)

    def origin_of(self, base: str) -> Base:
        """The base itself; of one that is fine-tuned, the base that it starts from in the end."""
        entry = self.bases[base]
        return self.origin_of(entry.start) if entry.start else entry

    def methods_of(self, task: str) -> list[str]:
        """The methods that run on a task."""
        own = self.tasks[task].methods
        return self.methods if own is None else own

    def evaluators_of(self, task: str) -> list[str]:
        """Evaluators that score the images of a task: those that name it, and of a kind without one, those that name no task."""
        return [name for name in self.evaluators if task in self.tasks_of_evaluator(name)]

    def tasks_of_evaluator(self, evaluator: str) -> list[str]:
        """Tasks whose images an evaluator scores, in the order of the tasks."""
        entry = self.evaluators[evaluator]
        if entry.tasks:
            return [task for task in self.tasks if task in entry.tasks]
        taken = {task for other in self.evaluators.values() if other.gives == entry.gives for task in other.tasks}
        return [task for task in self.tasks if task not in taken and self._needs(task, evaluator)]

    def _needs(self, task: str, evaluator: str) -> bool:
        """Whether a task that no evaluator of a kind names is scored by one: of cells, if it measures what that one gives."""
        given = NEED.get(self.evaluators[evaluator].kind, {self.metric_of(evaluator)})
        return task in self.entity_tasks or bool(given & set(self.metrics_of(task)))

    def classifiers_of(self, task: str) -> list[str]:
        """Metrics that are classifiers of the images of a task."""
        return [self.metric_of(name) for name in self.evaluators_of(task) if self.evaluators[name].classifies]

    def classes_in(self, task: str, attribute: str) -> list[str]:
        """The values of an attribute in the order of the classes of a published classifier, where the source of a task knows them."""
        options = self.tasks[task].source_options
        return options.values().get(attribute, []) if isinstance(options, Numbered) else []

    def receivers_of(self, task: str) -> int | None:
        """What is asked for in a task: entities or cells; None where a file decides."""
        of = self.tasks[task]
        if isinstance(of, Task):
            return of.entities
        values = [self.classes_in(task, attribute) for attribute in of.attributes]
        return prod(map(len, values)) or (KNOWN[of.source].entities if of.source in KNOWN else None)

    def metric_of(self, classifier: str) -> str:
        """The metric that a classifier is."""
        return self.evaluators[classifier].metric or classifier

    def classifier_of(self, task: str, metric: str) -> str:
        """The evaluator of a task's images that is this metric; it must be one of ``classifiers_of``."""
        return next(name for name in self.evaluators_of(task) if self.metric_of(name) == metric)


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
        "canvas": _canvas_task(),
    }


CANVAS_METHODS = [
    *("none", "retrain", "noise", "uce", "distil", "munba", "esd", "esd_noised", "ca", "fmn"),
    *("salun", "salun_published", "sa", "erasediff", "erasediff_published", "scissorhands", "scissorhands_published"),
    *("spm", "seot", "seot_soft", "hirm"),
    *("speed", "rece", "sham"),
]


def _canvas_task() -> CellTask:
    """UnlearnCanvas: a style is overwritten by the photograph of the same thing, a thing by another one in the same style."""
    styles = ["mosaic", "neon", "hatching", "cartoon", "halftone", "emboss"]
    things = {"fish": "boat", "flower": "mushroom", "house": "tree", "tree": "house"}
    tuning = [("style", name, "photo") for name in ("weave", "engraving")]
    tuning += [("object", name, other) for name, other in {"boat": "fish", "mushroom": "flower"}.items()]
    reported = [("style", name, "photo") for name in styles] + [("object", name, other) for name, other in things.items()]
    return CellTask(
        kind="cells",
        source="canvas",
        base="canvas",
        prompt_style="A {object} image in {style} style.",
        attributes=["style", "object"],
        images_per_entity=24,
        emitters=[CellEmitter(covers={key: name}, overwrite={key: other}) for key, name, other in reported + tuning],
        tuning_emitters=[10, 11, 12, 13],
        retrain_emitters=[0, 1, 6, 7],
        metrics=["style", "object", "style2", "object2"],
        methods=CANVAS_METHODS,
        generation=OwnGeneration(seeds=[188, 288, 588, 688, 888], guidance=2.0),
    )


def _canvas_bases() -> dict[str, Base]:
    """The base, and the same trained without three cells, each of whose style and object it sees in others."""
    pretraining = {
        "bits": 8,
        "tokenizer": {"max_length": 16},
        "vae": {"start": "vae", "optimizer": {"steps": 2000, "learning_rate": 1.5e-3}},
        "base": {"filler_words": 3, "optimizer": {"steps": 2500}},
        "sampling": {"guidance": 2.0},
    }
    base = Base(vae="canvas_vae", tokenizer="canvas_tokenizer", pretraining=pretraining)
    held_out = ["canvas/cartoon_fish", "canvas/engraving_boat", "canvas/weave_house"]
    return {"canvas": base, "canvas_held_out": base.model_copy(update={"like": "canvas", "exclude": held_out})}


def _canvas_judges() -> dict[str, Evaluator]:
    """Two for each attribute, of another architecture and another seed."""
    first = {"bits": 8, "judge": {"optimizer": {"steps": 400}}}
    second = {
        "bits": 8,
        "judge": {"architecture": "convmixer", "channels": [96] * 4, "optimizer": {"steps": 800, "learning_rate": 2e-3}},
    }
    return {
        f"{attribute}{number}": Evaluator(
            kind="classifier",
            tasks=["canvas"],
            attribute=attribute,
            seed=seed,
            pretraining=pretraining,
            features=bool(number),
        )
        for number, seed, pretraining in (("", None, first), ("2", 1, second))
        for attribute in ("style", "object")
    }


def _canvas_benchmark() -> UnlearnCanvas:
    """Every protocol; retention of the one with fixed concepts is measured on those that are never reported."""
    judges = [Judge(style=f"style{number}", object=f"object{number}") for number in ("", "2")]
    retained = Retained(style=["weave", "engraving"], object=["boat", "mushroom"])
    return UnlearnCanvas(
        judges=judges,
        protocols=list(PROTOCOLS),
        retained=retained,
        demo=["none", "uce", "esd"],
        sequence=Sequence(forget=["mosaic", "hatching", "neon", "cartoon"], methods=["esd", "ca", "salun", "uce"]),
        pairs=Pairs(methods=["none", "esd", "ca", "salun", "uce"]),
        attack=Attack(concepts=[0, 6], methods=["uce", "ca", "esd", "salun"]),
    )
