"""For what the base of a task can be used, as far as its files tell before it is taken in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lethe.diffusion.folder import at_hand
from lethe.diffusion.methods.on_bases import reason_against
from lethe.diffusion.sources.redrawn import no_unseen
from lethe.diffusion.supported import NOISE, PIPELINE_XL, check_class, pipeline_of, prediction_of
from lethe.planning.wildcards import Wildcards
from lethe.settings.bases import Base
from lethe.settings.errors import SettingsError
from lethe.settings.models import Settings


class UsableBases:
    """Bases, and what each is refused for.

    Args:
        settings: of the world.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def files_of(self, name: str) -> Path | None:
        """Where a base from outside is described already: its own folder, its finished copy, or what the hub's cache holds of it, maybe a part;
        None before it is fetched.
        """
        entry = self.settings.bases[name]
        own = entry.described if entry.folder and entry.folder.exists() else entry.folder
        found = at_hand(own, f"results/{self.settings.world}/base/{name}", entry.provenance)
        return _cached(entry) if found is None and entry.on_hub else found

    def prediction(self, name: str) -> str:
        """What a base predicts (`prediction_type`); empty before its files are at hand. One that is fine-tuned predicts what its start does."""
        return self._told(name, "scheduler/scheduler_config.json", prediction_of)

    def pipeline(self, name: str) -> str:
        """The class of a base's pipeline; empty before its files are at hand. One that no method knows is a ``SettingsError``."""
        return self._told(name, "model_index.json", _checked_pipeline)

    def _told(self, name: str, file: str, read: Callable[[Path], str]) -> str:
        if start := self.settings.bases[name].start:
            return self._told(start, file, read)
        folder = self.files_of(name)
        try:
            return read(folder) if folder and (folder / file).is_file() else ""
        except (OSError, ValueError) as error:
            raise SettingsError(f"bases.{name}.path: {error}") from None

    def only_noise(self, name: str) -> str:
        """Why a base is refused by what takes the loss of the noise and knows one text encoder; empty if it is not, or its kind not known."""
        if (kind := self.pipeline(name)) == PIPELINE_XL:
            return f"the base '{name}' is a {kind}, which is known to drawing, scoring and some methods alone"
        if (prediction := self.prediction(name)) not in ("", NOISE):
            return f"the base '{name}' has the prediction_type '{prediction}'; allowed: '{NOISE}', the noise"
        return ""

    def of_task(self, wildcards: Wildcards) -> str:
        """The pipeline folder of the base that a task unlearns."""
        return f"<results>/base/{self.settings.tasks[wildcards.task].base}"

    def for_method(self, wildcards: Wildcards) -> str:
        """The same, if the wildcards' method can unlearn it.

        Raises:
            SettingsError: why it cannot.
        """
        name = self.settings.tasks[wildcards.task].base
        if reason := reason_against(wildcards.method, self.prediction(name), self.pipeline(name)):
            raise SettingsError(f"tasks.{wildcards.task}.base: '{name}': {reason}")
        return self.of_task(wildcards)

    def for_similarities(self, wildcards: Wildcards) -> str:
        """The same, if every kind of similarity that is configured can be told of it; errors as ``for_method``."""
        name = self.settings.tasks[wildcards.task].base
        if "act" in self.settings.similarity.kinds and (pipeline := self.pipeline(name)) == PIPELINE_XL:
            raise SettingsError(
                f"similarity.kinds: 'act' reads the cross-attention of a base with one text encoder, and the base '{name}' of the task "
                f"'{wildcards.task}' is a {pipeline}; allowed: clip, attr, dino, true"
            )
        return self.of_task(wildcards)

    def no_membership(self, task: str) -> str:
        """Why a task has no table of membership inference; empty if it has one."""
        settings = self.settings.tasks[task]
        trained_here = self.settings.bases[settings.base].source != "pretrained"
        reason = no_unseen(self.settings.scoring.membership.members, settings.source, trained_here)
        return reason or self.only_noise(settings.base)

    def with_members(self, wildcards: Wildcards) -> str:
        """The base of a task whose members and non-members are known.

        Raises:
            SettingsError: for another task, the reason why there are none.
        """
        if reason := self.no_membership(wildcards.task):
            raise SettingsError(f"tables/membership_{wildcards.task}.csv: {reason}")
        return self.of_task(wildcards)


def _checked_pipeline(folder: Path) -> str:
    check_class(folder)
    return pipeline_of(folder)


def _cached(base: Base) -> Path | None:
    """The folder in which the hub's cache keeps a base at its revision, without asking the hub; None if it keeps none."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(base.path, "model_index.json", revision=base.revision)
    return Path(found).parent if isinstance(found, str) else None
