"""Models that others made: which emitters have one, where its files are, and whether these can be used. Asked before any job."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

from lethe.core.records import ModelId
from lethe.core.registry import nearest
from lethe.diffusion.external.files import asset_shapes, check_model, folder_shapes, weights_of
from lethe.diffusion.external.names import ExternalError, Shapes
from lethe.diffusion.external.pictures import pictures_of
from lethe.diffusion.plan.bases import Bases
from lethe.planning.outside import CHECKOUT
from lethe.planning.wildcards import Wildcards
from lethe.settings.errors import SettingsError
from lethe.settings.external import External
from lethe.settings.methods import MethodSettings
from lethe.settings.models import Settings


class Externals:
    """The methods whose models others made.

    Args:
        settings: of the world.
        root: folder of the checkout, for config/reference.
    """

    def __init__(self, settings: Settings, root: Path = CHECKOUT) -> None:
        self._settings = settings
        self._root = root
        self.of = settings.external
        self.emitters = lru_cache(maxsize=None)(self._emitters)
        self._targets = lru_cache(maxsize=None)(self._names)

    def __contains__(self, method: object) -> bool:
        return method in self.of

    def __getitem__(self, method: str) -> External:
        return self.of[method]

    def has_model(self, method: str) -> bool:
        """Whether a method has models, and not pictures alone; those of Lethe have."""
        return method not in self.of or self.of[method].kind != "images"

    def is_converted(self, method: str) -> bool:
        """Whether a method has models of others."""
        return method in self.of and self.has_model(method)

    def is_pictures(self, method: str) -> bool:
        """Whether a method has pictures of others alone."""
        return not self.has_model(method)

    def settings_of(self, method: str) -> MethodSettings:
        """What stands for the hyper-parameters of such a method: it has none here."""
        return MethodSettings(method, self.of[method].epochs, {}, {})

    def _emitters(self, task: str, method: str) -> list[int]:
        """Indices of the emitters of a task that have a model, rising: those that are listed, else every one whose file exists; none where
        the task does not run the method.

        Raises:
            SettingsError: no file of any task that runs the method.
        """
        entry = self.of[method]
        if method not in self._settings.methods_of(task):
            return []
        if entry.listed is not None:
            return entry.listed
        found = [index for index in self._reported(task) if self._place(task, method, index) is not None]
        if not found and not any(self._found_in(other, method) for other in self._tasks(method) if other != task):
            first = next(iter(self._candidates(task, method, self._reported(task)[0])))
            raise SettingsError(f"external.{method}.path: no file of any emitter; looked for e.g. '{first}'{_beside(first)}")
        return found

    def _found_in(self, task: str, method: str) -> bool:
        return any(self._place(task, method, index) is not None for index in self._reported(task))

    def _tasks(self, method: str) -> list[str]:
        return [task for task in self._settings.tasks if method in self._settings.methods_of(task)]

    def _reported(self, task: str) -> list[int]:
        """Emitters that a method of Lethe would unlearn."""
        of = self._settings.tasks[task]
        return [index for index in range(of.emitters_count) if of.kind == "entities" or index not in of.tuning_emitters]

    def covers_all(self, task: str, method: str) -> bool:
        """Whether every emitter of a task that is reported has a model."""
        return self.emitters(task, method) == self._reported(task)

    # --- where the files are ---

    def place(self, task: str, method: str, index: int) -> Path:
        """The file or folder of one model.

        Raises:
            SettingsError: it does not exist; names the nearest beside it.
        """
        found = self._place(task, method, index)
        if found is None:
            first = next(iter(self._candidates(task, method, index)))
            raise SettingsError(f"external.{method}.path: '{first}' does not exist{_beside(first)}")
        return found

    def _place(self, task: str, method: str, index: int) -> Path | None:
        return next((place for place in self._candidates(task, method, index) if place.exists()), None)

    def _candidates(self, task: str, method: str, index: int) -> Iterator[Path]:
        """Where a model may be: of names with blanks also with underscores."""
        entry, path = self.of[method], self.of[method].path
        known = {"task": task, "index": f"{index:03d}"}
        if "{target}" not in path:
            yield Path(path.format_map(known))
            return
        target = {of: name for name, of in entry.targets.items()}.get(index) or self._targets(task).get(index)
        if target is None:
            raise SettingsError(
                f"external.{method}.path: what {{target}} stands for in task '{task}' is known only when it has run; allowed: {{index}}, or "
                f"`targets` ({{name: {index}, ...}})"
            )
        for name in dict.fromkeys((target, target.replace(" ", "_"))):
            yield Path(path.format_map(known | {"target": name}))

    def _names(self, task: str) -> dict[int, str]:
        """Index -> name of an emitter, as far as it is known before a task has run: of cells, and of published entities."""
        of = self._settings.tasks[task]
        if of.kind == "cells":
            return {index: " ".join(emitter.covers.values()) for index, emitter in enumerate(of.emitters)}
        if of.selection != "published":
            return {}
        from lethe.diffusion.testbed.selection import read_published  # numpy, which other plans are spared

        return dict(enumerate(read_published(self._root / f"config/reference/entities_{task}.csv")))


class ExternalFiles:
    """What the rules that read these models get.

    Args:
        settings: of the world.
        externals, bases: of the same.
    """

    def __init__(self, settings: Settings, externals: Externals, bases: Bases) -> None:
        self._settings = settings
        self._externals = externals
        self._bases = bases

    def kind(self, wildcards: Wildcards) -> str:
        """What the files of the wildcard's method are."""
        return self._externals[wildcards.method].kind

    def scale(self, wildcards: Wildcards) -> float:
        """The factor of their change."""
        return self._externals[wildcards.method].scale

    def pattern(self, wildcards: Wildcards) -> str:
        """How their pictures are called."""
        return self._externals[wildcards.method].pattern

    def of_models(self, names: Callable[[Wildcards], list[str]]) -> Callable[[Wildcards], list[str]]:
        """A function of the wildcards: the files of the models that ``names`` gives."""

        def files(wildcards: Wildcards) -> list[str]:
            models = [ModelId.parse(name) for name in names(wildcards)]
            return [str(self._weights(model)) for model in models]

        return files

    def _weights(self, model: ModelId) -> Path:
        """What counts of a model: of a folder with one file of weights that file, not what was written beside it."""
        place = self._externals.place(model.task, model.method, model.index)
        if self._externals[model.method].kind not in ("lora", "partial"):
            return place
        try:
            return weights_of(place)
        except ExternalError:  # `examined` says why
            return place

    def examined(self, names: Callable[[Wildcards], list[str]]) -> Callable[[Wildcards], list[str]]:
        """The same, examined as far as names and headers of files tell; a ``SettingsError`` names what is wrong."""
        files = self.of_models(names)

        def checked(wildcards: Wildcards) -> list[str]:
            found = files(wildcards)
            for file in found:
                try:
                    self._check(wildcards.task, wildcards.method, Path(file))
                except (OSError, ValueError) as error:
                    raise SettingsError(f"external.{wildcards.method}: {error}") from None
            return found

        return checked

    def _check(self, task: str, method: str, file: Path) -> None:
        entry, settings = self._externals[method], self._settings
        if entry.kind == "images":
            if receivers := settings.receivers_of(task):
                pictures_of(file, entry.pattern, receivers, settings.generation_of(task).seeds)
        else:
            base = settings.tasks[task].base
            check_model(entry.kind, file, self._shapes(base), self._bases.prediction(base))

    def _shapes(self, base: str) -> Shapes | None:
        """The parameters of a base, as far as they are at hand before it is made."""
        entry = self._settings.bases[base]
        finished = Path(f"results/{self._settings.world}/base/{base}")
        if entry.source == "prebuilt":
            weights = Path(self._bases.part(f"base_{base}", "prebuilt")[0])
            return asset_shapes(weights) if weights.is_file() else None
        folder = finished if (finished / "base.json").is_file() else entry.folder
        return folder_shapes(folder) if folder is not None and folder.is_dir() else None


def _beside(place: Path) -> str:
    """What lies where a path breaks off, for a message."""
    folder = next(parent for parent in place.absolute().parents if parent.is_dir())
    lost = place.absolute().relative_to(folder).parts[0]
    return f"; there is no '{lost}' in {folder}{nearest(lost, sorted(entry.name for entry in folder.iterdir()))}"
