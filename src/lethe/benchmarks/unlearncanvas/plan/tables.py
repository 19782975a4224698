"""UnlearnCanvas: which tasks it is about, and which answers and tables they lead to."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lethe.benchmarks.unlearncanvas.plan.figures import figures_of, pictured
from lethe.core.methods import DESTROYED, RANDOM, RETRAINED, UNCHANGED
from lethe.core.registry import nearest
from lethe.diffusion.methods import ROLES
from lethe.diffusion.plan.bases import Bases
from lethe.diffusion.plan.models import Models
from lethe.planning.wildcards import Wildcards
from lethe.settings.errors import SettingsError
from lethe.settings.models import Settings
from lethe.settings.paths import check_exists
from lethe.settings.unlearncanvas import UnlearnCanvas

BASE = "base"  # the answer set of the model that nothing was done to
REFERENCE = "reference"  # the split of a source that distances of sets compare with
CLIP = "clip"
BACKBONE = "dino"  # the metric whose model is the backbone
SPEED = "speed"  # the method whose capacity is measured
TABLES = ("accuracy", "concepts", "confusion", "agreement", "cost")


class Canvas:
    """The benchmark on tasks of cells.

    Args:
        settings: of the world.
        models, bases: of its tasks.
        root: folder of the checkout, for config/reference.
    """

    def __init__(self, settings: Settings, models: Models, bases: Bases, root: Path) -> None:
        self._settings = settings
        self._models = models
        self._bases = bases
        self._root = root

    @property
    def tasks(self) -> list[str]:
        """The tasks that the section names."""
        return list(self._settings.unlearncanvas)

    def _of(self, wildcards: Wildcards) -> UnlearnCanvas:
        return self._settings.unlearncanvas[wildcards.task]

    def settings(self, wildcards: Wildcards) -> dict[str, Any]:
        """What the benchmark has to know of the wildcard's task, as plain data."""
        return self._of(wildcards).of_measures()

    # --- answers ---

    def methods(self, wildcards: Wildcards) -> list[str]:
        """Methods with models of the wildcard's task."""
        return self._models.methods_of(wildcards.task)

    def answers(self, wildcards: Wildcards) -> list[str]:
        """Their answer sets."""
        return [f"<results>/answers/{wildcards.task}_{method}.parquet" for method in self.methods(wildcards)]

    def demo_methods(self, wildcards: Wildcards) -> list[str]:
        """Those of them that the demo runs."""
        return [method for method in self.methods(wildcards) if method in self._of(wildcards).demo]

    def demo_answers(self, wildcards: Wildcards) -> list[str]:
        """Their answer sets."""
        return [f"<results>/answers/{wildcards.task}_{method}.parquet" for method in self.demo_methods(wildcards)]

    def recorded(self, wildcards: Wildcards) -> list[str]:
        """Names of the models of the wildcard's task whose records are at hand: where models and images are made here, all."""
        return self._models.names(wildcards.task) if self._models.built("models", "images") else []

    def records(self, wildcards: Wildcards) -> list[str]:
        """Their records."""
        return [f"<results>/models/{name}/record.json" for name in self.recorded(wildcards)]

    def _with_role(self, wildcards: Wildcards, role: str) -> list[str]:
        return [method for method in self.methods(wildcards) if ROLES.role(method) == role]

    def retrained(self, wildcards: Wildcards) -> list[str]:
        """Those methods that are references by retraining."""
        return self._with_role(wildcards, RETRAINED)

    def unchanged(self, wildcards: Wildcards) -> list[str]:
        """Those methods that change nothing."""
        return self._with_role(wildcards, UNCHANGED)

    def destroyed(self, wildcards: Wildcards) -> list[str]:
        """Those methods that are controls: their models draw nothing."""
        return self._with_role(wildcards, DESTROYED)

    # --- answer sets of others ---

    @property
    def with_others(self) -> list[str]:
        """Tasks with answer sets of others."""
        return [task for task in self.tasks if self._settings.unlearncanvas[task].answer_sets]

    @property
    def others(self) -> list[str]:
        """Names of all these sets."""
        return list(dict.fromkeys(name for task in self.with_others for name in self._settings.unlearncanvas[task].answer_sets))

    def answer_set(self, wildcards: Wildcards) -> list[str]:
        """The folder of pictures of the wildcards' set.

        Raises:
            SettingsError: the task has no such set, or there is no such folder.
        """
        sets, key = self._of(wildcards).answer_sets, f"unlearncanvas.{wildcards.task}.answer_sets"
        if wildcards.others not in sets:
            raise SettingsError(
                f"{key}: no '{wildcards.others}'; there are: {', '.join(sets)}{nearest(wildcards.others, list(sets))}"
            )
        check_exists(f"{key}.{wildcards.others}", sets[wildcards.others])
        return [sets[wildcards.others]]

    def names_of_others(self, wildcards: Wildcards) -> list[str]:
        """Names of the sets of the wildcard's task, that of the base first."""
        return sorted(self._of(wildcards).answer_sets, key=lambda name: name != BASE)

    def answers_of_others(self, wildcards: Wildcards) -> list[str]:
        """What judges see in them."""
        return [f"<results>/answers/{wildcards.task}_{name}_others.parquet" for name in self.names_of_others(wildcards)]

    def every_method(self, wildcards: Wildcards) -> list[str]:
        """Our methods, then the sets of others but for their base."""
        return self.methods(wildcards) + [name for name in self.names_of_others(wildcards) if name != BASE]

    def every_answers(self, wildcards: Wildcards) -> list[str]:
        """Their answer sets."""
        theirs = dict(zip(self.names_of_others(wildcards), self.answers_of_others(wildcards), strict=True))
        return self.answers(wildcards) + [file for name, file in theirs.items() if name != BASE]

    # --- distributions ---

    def scoring(self, wildcards: Wildcards) -> dict[str, Any]:
        """What is measured on real images of the wildcard's task: what classifiers see, and the backbone's embedding."""
        settings, task = self._settings, wildcards.task
        metrics = [name for name in settings.metrics_of(task) if name in (*settings.classifiers_of(task), BACKBONE)]
        return settings.scoring_by(metrics)

    def real(self, wildcards: Wildcards) -> dict[str, str]:
        """The shard of real images that nothing was trained on; of a source that keeps none apart, all its images."""
        return self.first_split(wildcards, [REFERENCE])

    def first_split(self, wildcards: Wildcards, splits: Iterable[str]) -> dict[str, str]:
        """The shard of the first of these splits that the source keeps apart; of one that keeps none of them, all its images."""
        there = self._settings.tasks[wildcards.task].source_options.splits()
        stem = f"<results>/sources/{wildcards.task}" + next((f"_{split}" for split in splits if split in there), "")
        return {"tar": f"{stem}.tar", "index": f"{stem}.parquet"}

    @property
    def compared(self) -> list[str]:
        """Tasks whose sets of images can be compared: a classifier keeps its features, or the backbone scores them."""
        settings = self._settings
        return [
            task
            for task in self.tasks
            if BACKBONE in settings.metrics_of(task)
            or any(settings.evaluators[name].features for name in settings.evaluators_of(task))
        ]

    # --- gates ---

    def judge_records(self, wildcards: Wildcards) -> list[str]:
        """The records of the trainings of all judges, style and object of the first, then of the next; of a published one real images."""
        return [record for _, record in self._judges(wildcards)]

    def judge_names(self, wildcards: Wildcards) -> list[str]:
        """The metrics that these judges are."""
        return [metric for metric, _ in self._judges(wildcards)]

    def _judges(self, wildcards: Wildcards) -> list[tuple[str, str]]:
        settings = self._settings
        metrics = [metric for judge in self._of(wildcards).judges for metric in (judge.style, judge.object)]
        names = [settings.classifier_of(wildcards.task, metric) for metric in metrics]
        return list(zip(metrics, (self._judge_record(wildcards.task, name) for name in names), strict=True))

    def _judge_record(self, task: str, name: str) -> str:
        """What tells how well a judge knows real images: its training, or of a published one what it sees in those of the task."""
        if name in self._bases.evaluators_published:
            return f"<results>/unlearncanvas/real_{task}.parquet"
        return self._bases.part(name, self._settings.evaluators[name].source)[1]

    @property
    def with_world(self) -> list[str]:
        """Tasks whose world can be measured: their source keeps real images apart that nothing was trained on."""
        return [task for task in self.tasks if REFERENCE in self._settings.tasks[task].source_options.splits()]

    def world(self, wildcards: Wildcards) -> list[str]:
        """What is measured of the wildcard's world, where it can be."""
        task = wildcards.task
        return [f"<results>/unlearncanvas/world_{task}.json"] if task in self.with_world else []

    def style(self, wildcards: Wildcards) -> str:
        """The attribute of the wildcard's task that is the style."""
        return self._of(wildcards).style

    # --- cost ---

    @property
    def costed(self) -> list[str]:
        """Methods whose cost is that of a run: not of references that read what a training or another method made, nor of others."""
        run = [method for method in self._models.runnable if self._models.runs_here(method)]
        return [method for method in run if ROLES.role(method) not in (RANDOM, RETRAINED)]

    def runs(self, wildcards: Wildcards) -> list[str]:
        """The measured run of every method with a run."""
        return [f"<results>/unlearncanvas/cost_{wildcards.task}_{m}.json" for m in self.methods(wildcards) if m in self.costed]

    def first_emitter(self, wildcards: Wildcards) -> int:
        """The emitter that a measured run forgets: the first that is reported."""
        tuning = self._settings.tasks[wildcards.task].tuning_emitters
        return next(i for i in self._models.emitters(wildcards.task, wildcards.method) if i not in tuning)

    # --- capacity ---

    @property
    def with_capacity(self) -> list[str]:
        """Tasks on which SPEED runs."""
        return [task for task in self.tasks if SPEED in self._models.methods_of(task)]

    def concepts_of_capacity(self, wildcards: Wildcards) -> list[int]:
        """Indices of the emitters that it unlearns."""
        return self._models.emitters(wildcards.task, SPEED)

    def hyperparameters_of_capacity(self, wildcards: Wildcards) -> dict[str, Any]:
        """Its hyper-parameters."""
        return dict(self._models.method(wildcards.task, SPEED).parameters)

    # --- notebook ---

    def picture(self, wildcards: Wildcards) -> str:
        """The pictures of one concept that the notebook shows."""
        task = wildcards.task
        return f"<results>/figures/unlearncanvas_grid_{task}_{pictured(self._settings, task)[0]:03d}.png"

    def named(self, wildcards: Wildcards) -> dict[str, str]:
        """What the notebook gets beside its files: the name of the task."""
        return {"task": wildcards.task}

    # --- products ---

    @property
    def held_against(self) -> list[str]:
        """Tasks that are set beside numbers of others."""
        return [task for task in self.tasks if self._settings.unlearncanvas[task].published]

    def references(self, wildcards: Wildcards) -> list[Path]:
        """The files of numbers of others that the wildcard's task is held against.

        Raises:
            SettingsError: there is none of such a name.
        """
        folder, found = self._root / "config/reference", []
        for number, name in enumerate(self._of(wildcards).published):
            found.append(folder / f"unlearncanvas_{name}.csv")
            if not found[-1].is_file():
                known = sorted(file.stem.removeprefix("unlearncanvas_") for file in folder.glob("unlearncanvas_*.csv"))
                key = f"unlearncanvas.{wildcards.task}.published.{number}"
                raise SettingsError(f"{key}: no file {found[-1]}; there are: {', '.join(known)}{nearest(name, known)}")
        return found

    @property
    def demo(self) -> list[str]:
        """What the demo shows of every task of which some methods are in it."""
        named = self._settings.unlearncanvas
        return [f"<results>/tables/unlearncanvas_demo_{task}.csv" for task in self.tasks if named[task].demo]

    def products(self, tasks: Iterable[str]) -> list[str]:
        """Tables, gates, figures and the notebook of those of some tasks that the section names."""
        tasks = list(tasks)
        files = figures_of(self._settings, tasks)
        for task in tasks:
            if task not in self._settings.unlearncanvas:
                continue
            tables = [f"{name}_{task}.csv" for name in TABLES]
            tables += [f"distribution_{task}.csv"] if task in self.compared else []
            tables += [f"ledger_{task}.csv"] if task in self.held_against else []
            files += [f"<results>/tables/unlearncanvas_{name}" for name in (*tables, f"gates_{task}.json")]
            files.append(f"<results>/notebooks/unlearncanvas_{task}.html")
        return files
