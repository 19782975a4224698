"""Hyper-parameters of the methods of both families: every value with the place it comes from.

A method of diffusion models has a file of its own, ``config/methods/diffusion/{name}.yaml``::

    name: distil                # registry name, as the file
    settings:
      paper:                    # one entry per world; Settings.hyperparameters chooses
        defaults:
          steps: {value: 900, source: "..."}
          steps_per_epoch: {value: 9, source: "..."}     # not handed to the method
          learning_rate: {value: 6.0e-4, source: "..."}
        tasks:
          people:
            steps: {value: 800, source: "..."}           # overrides, of names that have a default

Methods of classifiers are searched for a study, so their file is one of a study, ``config/methods/classifiers/{dataset}_{architecture}.yaml``::

    dataset: digits             # and how was searched: protocol, objective, seeds, norm_original, norm_retrained, norm_floor
    architecture: mlp
    methods:
      ft:
        search: {norm: 0.0274, trials: 275, seconds: 14.4}
        values:
          learning_rate: {value: 0.00366997, source: search}

The epochs in names of files follow from what a method does: its steps by the steps of an epoch, rounded up; 0 for a method without steps.
Ranges and types are checked by the method's own ``Config`` when it is constructed; here nothing imports torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import Field, JsonValue

from lethe.core.registry import nearest
from lethe.settings.errors import SettingsError
from lethe.settings.read import read_settings
from lethe.settings.strict import Strict

STEPS, PER_EPOCH = "steps", "steps_per_epoch"
Model = TypeVar("Model", bound=Strict)
MOST_EPOCHS = 999  # three digits in names of files


class Sourced(Strict):
    """A value and where it comes from: a paper's table, a line of code, a search, or how it was chosen."""

    value: JsonValue
    source: str = Field(min_length=1)


Values = dict[str, Sourced]
"""Hyper-parameter -> its value and where that comes from: the form of both families."""


class Profile(Strict):
    """The values of one world."""

    defaults: Values
    tasks: dict[str, Values] = Field(default_factory=dict)


class MethodFile(Strict):
    """The content of a file of a method of diffusion models."""

    name: str
    settings: dict[str, Profile] = Field(min_length=1)


class SearchCost(Strict):
    """What a search reached and cost.

    Attributes:
        norm: of the four objectives (``lethe.classifiers.search``); None: nothing that was tried gave finite scores.
        trials: how many were run. seconds: that all of them took.
    """

    norm: float | None
    trials: int
    seconds: float


class Searched(Strict):
    """The values of a method of classifiers, and the search that they come from where ``source`` is ``search``."""

    search: SearchCost
    values: Values = Field(min_length=1)


class StudyFile(Strict):
    """The content of a file of a study of classifiers.

    Attributes:
        norm_original, norm_retrained, norm_floor: as ``SearchCost.norm``, of doing nothing, of exact unlearning and of models that were
            retrained from another seed.
    """

    dataset: str
    architecture: str
    protocol: str
    objective: str
    seeds: list[int]
    norm_original: float
    norm_retrained: float
    norm_floor: float
    methods: dict[str, Searched] = Field(min_length=1)


class MethodSettings(NamedTuple):
    """A method as it is run on one task: ``METHODS.load(name)(**parameters)``.

    Attributes:
        name: registry name. epochs: part of file names, 0..999.
        parameters: keyword arguments of the method's class. sources: each key of the file -> where its value comes from.
        steps, per_epoch: of its training, and of an epoch; 0 of a method that takes no steps.
    """

    name: str
    epochs: int
    parameters: dict[str, Any]
    sources: dict[str, str]
    steps: int = 0
    per_epoch: int = 0


def load_method(name: str, profile: str, task: str, folder: str | Path = "config/methods/diffusion") -> MethodSettings:
    """The hyper-parameters of a method of diffusion models for a world and a task.

    Args:
        name: registry name, also the file's. profile: a key of ``settings``, e.g. ``mini``. task: e.g. ``breeds``; a task
            without overrides gets the defaults. folder: where the files are.

    Raises:
        SettingsError: no such file or profile, a malformed file, an override of a name without default, steps without an epoch or more
            epochs than names of files hold; the message names file, key and the nearest match.
    """
    path = Path(folder) / f"{name}.yaml"
    content = _read(path, MethodFile, "a method file")
    if content.name != name:
        raise SettingsError(f"{path}: name is '{content.name}', the file says '{name}'")
    if profile not in content.settings:
        known = sorted(content.settings)
        raise SettingsError(f"{path}: no settings for '{profile}'; there are: {', '.join(known)}{nearest(profile, known)}")
    values = dict(content.settings[profile].defaults)
    for other, overrides in content.settings[profile].tasks.items():
        for key in overrides:
            if key not in values:
                where = f"settings.{profile}.tasks.{other}.{key}"
                raise SettingsError(f"{path}: {where} has no default; defaults: {', '.join(values)}{nearest(key, list(values))}")
    values |= content.settings[profile].tasks.get(task, {})
    epochs = _epochs(values, f"{path}: settings.{profile}, task {task}")
    parameters = {key: entry.value for key, entry in values.items() if key != PER_EPOCH}
    steps, per_epoch = (int(values[key].value) if epochs else 0 for key in (STEPS, PER_EPOCH))  # type: ignore[arg-type]  # checked above
    return MethodSettings(name, epochs, parameters, {key: entry.source for key, entry in values.items()}, steps, per_epoch)


def load_study(dataset: str, architecture: str, folder: str | Path = "config/methods/classifiers") -> StudyFile:
    """The hyper-parameters of every method of classifiers for a data set and an architecture, and how they were searched.

    Raises:
        SettingsError: no such file, or a malformed one; says how to get one.
    """
    path = Path(folder) / f"{dataset}_{architecture}.yaml"
    help_ = ". Set deepunlearn.hyperparameters to searched, or run `snakemake deepunlearn_search` and copy the file"
    content = _read(path, StudyFile, "a file of hyper-parameters", help_)
    if (content.dataset, content.architecture) != (dataset, architecture):
        raise SettingsError(
            f"{path}: it is about {content.architecture} on {content.dataset}; its name says {architecture} on {dataset}"
        )
    return content


def _epochs(values: Mapping[str, Sourced], where: str) -> int:
    """Steps by steps of an epoch, rounded up; 0 of a method that takes no steps."""
    if "epochs" in values:
        raise SettingsError(
            f"{where}: epochs follow from {STEPS} and {PER_EPOCH}; give these, or none of them to a method without steps"
        )
    given = [key for key in (STEPS, PER_EPOCH) if key in values]
    if not given:
        return 0
    if len(given) == 1:
        raise SettingsError(
            f"{where}: {given[0]} is given alone; epochs, which stand in names of files, follow from {STEPS} and {PER_EPOCH}"
        )
    steps, per_epoch = (values[key].value for key in given)
    for key, value in ((STEPS, steps), (PER_EPOCH, per_epoch)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise SettingsError(f"{where}: {key} is {value!r}; allowed: whole numbers from 1 on")
    epochs = -(-steps // per_epoch)  # type: ignore[operator]
    if epochs > MOST_EPOCHS:
        raise SettingsError(f"{where}: {steps} {STEPS} are {epochs} epochs of {per_epoch}; allowed: 0 to {MOST_EPOCHS}")
    return int(epochs)


def _read(path: Path, model: type[Model], what: str, remedy: str = "") -> Model:
    if not path.is_file():
        known = sorted(file.stem for file in path.parent.glob("*.yaml"))
        raise SettingsError(
            f"no {what.split(' ', 1)[1]} {path}; there are: {', '.join(known) or 'none'}{nearest(path.stem, known)}{remedy}"
        )
    return read_settings(path, model, what)
