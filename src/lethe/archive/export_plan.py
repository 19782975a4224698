"""Exported models: what their rules get."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lethe.archive.citation import read_citation
from lethe.core.description import description_of
from lethe.core.records import EPOCHS, INDEX, ModelId
from lethe.diffusion.methods import METHODS
from lethe.diffusion.plan.models import Models, interference_file
from lethe.planning.wildcards import Wildcards, one_of
from lethe.settings.errors import SettingsError
from lethe.settings.models import Settings


class Exports:
    """Unlearned models for other tools.

    Args:
        settings: of the world.
        models: of the same.
        root: folder of the checkout, for CITATION.cff.
    """

    def __init__(self, settings: Settings, models: Models, root: Path) -> None:
        self._settings = settings
        self._models = models
        self._root = root

    @property
    def methods(self) -> list[str]:
        """Methods whose models can be exported: all but those that are pictures alone."""
        return [method for method in self._models.runnable if self._models.externals.has_model(method)]

    @property
    def published(self) -> str:
        """A constraint on ``{model}``: names of such models."""
        return f"{one_of(self._settings.tasks)}_{INDEX}_{one_of(self.methods)}_{EPOCHS}"

    def name(self, wildcards: Wildcards) -> str:
        """The name of the wildcards' model."""
        return f"{wildcards.task}_{wildcards.index}_{wildcards.method}_{wildcards.epochs}"

    def about(self, wildcards: Wildcards) -> dict[str, str]:
        """Title and paper of the wildcard's method; of others where their files are."""
        if wildcards.method in self._models.externals:
            return {"title": wildcards.method, "paper": "others made it; what it is stands where they published it"}
        told = description_of(METHODS.target_of(wildcards.method))
        return {key: str(told[key]) for key in ("title", "paper")}

    @property
    def license(self) -> str:
        """The licence of weights that were trained here, as the Hub names it: what is configured, or this project's."""
        return self._settings.export.license or read_citation(self._root / "CITATION.cff").license.lower()

    def origin(self, wildcards: Wildcards) -> dict[str, str]:
        """Where the base of the wildcard's task is from, and its licence; an empty licence: what its own card says."""
        name = self._settings.tasks[wildcards.task].base
        entry, license_ = self._settings.bases[name], self._settings.export.license
        if self._settings.origin_of(name).source in ("prebuilt", "train"):
            license_ = self.license  # a base of this project
        hub = {"hub_id": entry.path, "revision": entry.revision} if entry.on_hub else {"hub_id": "", "revision": ""}
        return {"name": name, "license": license_, **hub}

    def told(self, wildcards: Wildcards) -> dict[str, Any]:
        """The tables that tell what a model cost, as far as they are there: a card waits for none of them."""
        task = wildcards.task
        model = ModelId(task, int(wildcards.index), wildcards.method, int(wildcards.epochs))
        named = {
            "interference": interference_file(model),
            "floor": f"<results>/noise_floor_{task}.json",
            "concepts": f"<results>/tables/unlearncanvas_concepts_{task}.csv",
        }
        results = f"results/{self._settings.world}"
        return {key: [file] if Path(file.replace("<results>", results)).is_file() else [] for key, file in named.items()}

    def repository(self, wildcards: Wildcards) -> str:
        """Where the wildcard's model is published."""
        return self._settings.export.repository.replace("{model}", wildcards.model.replace("_", "-"))

    def check_repository(self) -> None:
        """Raise a ``SettingsError`` unless a model repository of the Hugging Face Hub is configured."""
        if not self._settings.export.repository:
            raise SettingsError("export.repository names no model (owner/name-{model}), see docs/external-models.md")
