"""Hyper-parameters of the methods: one file each, every value with the place it comes from.

``config/methods/{name}.yaml``::

    name: distil                # registry name, as the file
    display: FADE               # in tables and figures
    paper: arXiv 2602.07058
    settings:
      paper:                    # one entry per world; Settings.hyperparameters chooses
        defaults:
          epochs: {value: 100, source: "..."}          # part of file names; not handed to the method
          learning_rate: {value: 6.0e-4, source: "..."}
        tasks:
          people:
            epochs: {value: 400, source: "..."}        # overrides, of names that have a default

Ranges and types are checked by the method's own ``Config`` when it is constructed; here nothing imports torch.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field, JsonValue

from lethe.core.registry import nearest
from lethe.settings.errors import SettingsError
from lethe.settings.read import read_settings
from lethe.settings.strict import Strict


class Sourced(Strict):
    """A value and where it comes from: a paper's table, a line of code, or how it was chosen."""

    value: JsonValue
    source: str = Field(min_length=1)


class Profile(Strict):
    """The values of one world."""

    defaults: dict[str, Sourced]
    tasks: dict[str, dict[str, Sourced]] = Field(default_factory=dict)


class MethodFile(Strict):
    """The content of one file."""

    name: str
    display: str = Field(min_length=1)
    paper: str = Field(min_length=1)
    settings: dict[str, Profile] = Field(min_length=1)


class MethodSettings(NamedTuple):
    """A method as it is run on one task: ``UNLEARNERS.load(name)(**parameters)``.

    Attributes:
        name: registry name. display: name in tables and figures. epochs: part of file names, 0..999.
        parameters: keyword arguments of the method's class. sources: parameter (and epochs) -> where its value comes from.
    """

    name: str
    display: str
    epochs: int
    parameters: dict[str, Any]
    sources: dict[str, str]


def load_method(name: str, profile: str, task: str, folder: str | Path = "config/methods") -> MethodSettings:
    """The hyper-parameters of a method for a world and a task.

    Args:
        name: registry name, also the file's. profile: a key of ``settings``, e.g. ``mini``. task: e.g. ``breeds``; a task
            without overrides gets the defaults. folder: where the files are.

    Raises:
        SettingsError: no such file or profile, a malformed file, an override of a name without default, epochs out of range;
            the message names file, key and the nearest match.
    """
    path = Path(folder) / f"{name}.yaml"
    content = _read(path)
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
    if "epochs" not in values:
        raise SettingsError(f"{path}: settings.{profile}.defaults.epochs is missing")
    epochs = values["epochs"].value
    if isinstance(epochs, bool) or not isinstance(epochs, int) or not 0 <= epochs <= 999:
        raise SettingsError(f"{path}: settings.{profile}, task {task}: epochs is {epochs!r}; allowed: 0 to 999")
    parameters = {key: entry.value for key, entry in values.items() if key != "epochs"}
    return MethodSettings(name, content.display, epochs, parameters, {key: entry.source for key, entry in values.items()})


def _read(path: Path) -> MethodFile:
    if not path.is_file():
        known = sorted(file.stem for file in path.parent.glob("*.yaml"))
        raise SettingsError(f"no method file {path}; there are: {', '.join(known) or 'none'}{nearest(path.stem, known)}")
    return read_settings(path, MethodFile, "a method file")
