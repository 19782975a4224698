"""Figures of a world: which there are, and what they are drawn from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lethe.settings.errors import SettingsError
from lethe.settings.models import JUDGE, Settings
from lethe.diffusion.plan.models import Models
from lethe.planning.wildcards import Wildcards

# Modules of result templates take half a second to import, which other targets do not need: they are imported where they are asked.


class Figures:
    """The figures of tasks, and results of templates by their parameters."""

    def __init__(self, settings: Settings, models: Models) -> None:
        self.settings = settings
        self.models = models

    def of_tasks(self, tasks: Iterable[str]) -> list[str]:
        """The figures of some tasks."""
        kind = "true" if "true" in self.settings.similarity.kinds else "attr"
        stems = []
        for task in tasks:
            settings = self.settings.entity_tasks[task]
            known = "attr" if settings.source == "digits" else kind  # nobody knows how similar two digits are
            stems += [
                f"interference_matrix_{task}_clip_diff",
                f"similarity_matrix_{task}",
                f"metric_similarity_{task}_ssim_{known}",
                f"method_comparison_{task}_clip_diff",
                f"visual_grid_{task}_{(settings.retrain_emitters or [0])[0]:03d}",
            ]
            if JUDGE in self.settings.metrics_of(task):  # without a judge nobody can say what is forgotten
                stems.append(f"forget_retain_{task}")
        return [f"<results>/figures/{stem}.png" for stem in stems]

    def of_paper(self, wildcards: Wildcards | None = None) -> list[str]:
        """Every figure of the I-CARE paper that this world can make, and one of every template for tasks that the paper lacks."""
        from lethe.benchmarks.icare.templates.paper import figures

        return [f"<results>/figures/{figure.stem()}.png" for figure in figures(self.settings)]

    def request(self, wildcards: Wildcards) -> tuple[Any, Any]:
        """The template of the wildcards and its parameters.

        Raises:
            SettingsError: this world cannot make such a result, and why.
        """
        from lethe.benchmarks.icare.templates.check import resolve

        try:
            return resolve(wildcards.template, wildcards.parameters, self.settings)
        except ValueError as error:
            raise SettingsError(str(error)) from None

    def inputs(self, wildcards: Wildcards) -> dict[str, list[str]]:
        """The finished files that a result of a template reads, by kind."""
        from lethe.benchmarks.icare.templates.files import files_of

        template, parameters = self.request(wildcards)
        files = files_of(template, parameters, self.models.of_method, by_method=self.models.built("tables"))
        return {kind: [f"<results>/{name}" for name in names] for kind, names in files.items()}

    def models_of(self, wildcards: Wildcards) -> list[str]:
        """Names of the models whose embeddings or images a result reads, in the order of its files."""
        from lethe.benchmarks.icare.templates.files import models_of

        return [model.name for model in models_of(*self.request(wildcards), self.models.of_method)]

    def parameters(self, wildcards: Wildcards) -> dict[str, Any]:
        """All parameters of a result, defaults included, so that a changed default reaches the result."""
        parameters: dict[str, Any] = self.request(wildcards)[1].model_dump()
        return parameters
