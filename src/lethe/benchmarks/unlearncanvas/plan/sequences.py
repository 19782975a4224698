"""Concepts forgotten one after another, and single cells: which task, which methods, who judges."""

from __future__ import annotations

from typing import Any

from lethe.benchmarks.unlearncanvas.plan.studios import CanvasStudios
from lethe.core.methods import RETRAINED, UNCHANGED
from lethe.diffusion.methods import ROLES
from lethe.diffusion.plan.models import Models
from lethe.planning.wildcards import Wildcards
from lethe.settings.models import Settings
from lethe.settings.sequences import Pairs, Sequence
from lethe.settings.unlearncanvas import emitters_of_sequence


class Sequences:
    """The sequences and pairs of tasks of the section ``unlearncanvas``.

    Args:
        settings: of the world.
        models, studios: of its tasks.

    Raises:
        SettingsError: models of a method have no weights.
    """

    def __init__(self, settings: Settings, models: Models, studios: CanvasStudios) -> None:
        self._settings = settings
        self._studios = studios
        self._sequences: dict[str, Sequence] = {n: c.sequence for n, c in settings.unlearncanvas.items() if c.sequence}
        self._pairs: dict[str, Pairs] = {n: c.pairs for n, c in settings.unlearncanvas.items() if c.pairs}
        for key, of in (("sequence", self._sequences), ("pairs", self._pairs)):
            for task, named in of.items():
                where = f"unlearncanvas.{task}.{key}.methods"
                models.check_weights(task, {f"{where}.{number}": method for number, method in enumerate(named.methods)})

    @property
    def tasks(self) -> list[str]:
        """Tasks with a sequence."""
        return list(self._sequences)

    @property
    def pair_tasks(self) -> list[str]:
        """Tasks with pairs."""
        return list(self._pairs)

    @property
    def methods(self) -> list[str]:
        """Methods of a sequence of any task."""
        return list(dict.fromkeys(method for sequence in self._sequences.values() for method in sequence.methods))

    @property
    def pair_methods(self) -> list[str]:
        """Methods on pairs of any task."""
        return list(dict.fromkeys(method for pairs in self._pairs.values() for method in pairs.methods))

    # --- sequences ---

    def forget(self, wildcards: Wildcards) -> list[int]:
        """Indices of the emitters that are forgotten, in order."""
        there = emitters_of_sequence(self._settings.cell_tasks[wildcards.task], self._settings.unlearncanvas[wildcards.task])
        return [there[value][1] for value in self._sequences[wildcards.task].published.forget]

    def strengths(self, wildcards: Wildcards) -> list[float]:
        """Of weaker edits."""
        return list(self._sequences[wildcards.task].strengths)

    def kept_styles(self, wildcards: Wildcards) -> list[str]:
        """By which retention is measured; none: by all that are never forgotten."""
        return list(self._sequences[wildcards.task].published.kept_styles)

    def kept_objects(self, wildcards: Wildcards) -> list[str]:
        """Likewise."""
        return list(self._sequences[wildcards.task].published.kept_objects)

    def answers(self, wildcards: Wildcards) -> list[str]:
        """What judges see of the models of every method."""
        task = wildcards.task
        return [f"<results>/unlearncanvas/sequence_{task}_{method}.parquet" for method in self._sequences[task].methods]

    def retrained(self, wildcards: Wildcards) -> list[str]:
        """What they see of the model that was trained without the sequence, if there is one."""
        task = wildcards.task
        return [f"<results>/unlearncanvas/retrained_sequence_{task}.parquet"] if self._sequences[task].retrained else []

    def retrained_base(self, wildcards: Wildcards) -> str:
        """Its folder."""
        return f"<results>/base/{self._sequences[wildcards.task].retrained}"

    def never_seen(self, wildcards: Wildcards) -> list[str]:
        """Names of the cells that its training never saw."""
        name = self._sequences[wildcards.task].retrained
        return [label.removeprefix(f"{wildcards.task}/") for label in self._settings.bases[name].exclude] if name else []

    @property
    def with_retrained(self) -> list[str]:
        """Tasks whose sequence has such a model."""
        return [task for task, sequence in self._sequences.items() if sequence.retrained]

    # --- pairs ---

    def cells(self, wildcards: Wildcards) -> Any:
        """Which cells are forgotten, as plain data."""
        return self._pairs[wildcards.task].model_dump()["cells"]

    def pair_count(self, task: str) -> int:
        """How many cells of a task are forgotten: of the diagonal one for each style that is named by the source or by an emitter."""
        cells, canvas = self._pairs[task].cells, self._settings.unlearncanvas[task]
        if cells != "diagonal":
            return len(cells)
        named = set(self._settings.classes_in(task, canvas.style))
        named |= {e.covers[canvas.style] for e in self._settings.cell_tasks[task].emitters if canvas.style in e.covers}
        return len(named - {canvas.photo})

    def pair_answers(self, wildcards: Wildcards) -> list[str]:
        """What judges see of the models of every method."""
        task = wildcards.task
        return [f"<results>/unlearncanvas/pairs_{task}_{method}.parquet" for method in self._pairs[task].methods]

    def target_seeds(self, wildcards: Wildcards) -> list[int]:
        """Seeds of the cell that is forgotten: those of the task, and as many above them as are lacking."""
        seeds, count = list(self._settings.generation_of(wildcards.task).seeds), self._pairs[wildcards.task].target_seeds
        return [*seeds, *range(max(seeds) + 1, max(seeds) + 1 + count)][:count]

    @property
    def combined_tasks(self) -> list[str]:
        """Tasks with pairs whose models of styles and of objects can be put together: of both some are reported."""
        found = []
        for name in self._pairs:
            task, canvas = self._settings.cell_tasks[name], self._settings.unlearncanvas[name]
            reported = [emitter for index, emitter in enumerate(task.emitters) if index not in task.tuning_emitters]
            if self._combined(name) and {(canvas.style,), (canvas.object,)} <= {tuple(emitter.covers) for emitter in reported}:
                found.append(name)
        return found

    def _combined(self, task: str) -> list[str]:
        """Methods on pairs that have a model of every emitter and change something."""
        return [m for m in self._pairs[task].methods if ROLES.role(m) not in (UNCHANGED, RETRAINED)]

    def combined_answers(self, wildcards: Wildcards) -> list[str]:
        """What judges see of two models put together, of every method."""
        task = wildcards.task
        return [f"<results>/unlearncanvas/combined_{task}_{method}.parquet" for method in self._combined(task)]

    def combined_direct(self, wildcards: Wildcards) -> list[str]:
        """What they see of the models of the pairs."""
        task = wildcards.task
        return [f"<results>/unlearncanvas/pairs_{task}_{method}.parquet" for method in self._combined(task)]

    # --- of both ---

    def evaluators(self, wildcards: Wildcards) -> list[str]:
        """The folders of the classifiers that judge."""
        return self._studios.evaluators(wildcards.task)

    def studio(self, wildcards: Wildcards) -> dict[str, Any]:
        """How a sequence is drawn and judged: as the task, in its first seeds."""
        return self._studios.settings(wildcards.task, self.seeds(wildcards))

    def pair_studio(self, wildcards: Wildcards) -> dict[str, Any]:
        """How pairs are."""
        return self._studios.settings(wildcards.task, self._seeds(wildcards.task, self._pairs[wildcards.task].seeds))

    def seeds(self, wildcards: Wildcards) -> list[int]:
        """The seeds of a sequence."""
        return self._seeds(wildcards.task, self._sequences[wildcards.task].seeds)

    def _seeds(self, task: str, count: int) -> list[int]:
        return list(self._settings.generation_of(task).seeds)[:count]

    @property
    def products(self) -> list[str]:
        """Tables and figures of sequences and pairs."""
        files = []
        for name, tasks in (("sequence", self.tasks), ("pairs", self.pair_tasks)):
            for task in tasks:
                files += [
                    f"<results>/tables/unlearncanvas_{name}_{task}.csv",
                    f"<results>/figures/unlearncanvas_{name}_{task}.png",
                ]
        return files
