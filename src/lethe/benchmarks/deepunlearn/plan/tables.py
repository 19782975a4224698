"""Deep Unlearn: which tables and figures the studies of a world lead to, and which of them U-LiRA attacks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lethe.classifiers.methods.needs import only_fine_tunes
from lethe.classifiers.plan.studies import files_of_study
from lethe.planning.wildcards import Wildcards
from lethe.settings.errors import SettingsError
from lethe.settings.models import Settings

ORIGINAL, RETRAINED = "original", "retrained"  # the references, trained with and without what is forgotten


class DeepUnlearn:
    """The benchmark on the studies of a world.

    Args:
        settings: of the world.
        root: folder of the checkout, for config/reference.
    """

    def __init__(self, settings: Settings, root: Path) -> None:
        self._settings = settings.deepunlearn
        self._lira = settings.deepunlearn.lira
        self.draw_numbers = list(range(1, settings.deepunlearn.draws + 1))  # 0 is what a study reports
        self._root = root

    def attacked(self, dataset: str, architecture: str) -> bool:
        """Whether U-LiRA is asked for."""
        lira = self._lira.get(dataset)
        return lira is not None and (not lira.architectures or architecture in lira.architectures)

    def products(self, pairs: Iterable[tuple[str, str]]) -> list[str]:
        """Tables, figures and gates that some studies lead to."""
        stems = []
        for dataset, architecture in pairs:
            study = f"{dataset}_{architecture}"
            stems.append(f"tables/deepunlearn_{study}.csv")
            stems += [f"tables/deepunlearn_{kind}_gates_{study}.json" for kind in ("study", "search")]
            stems += [f"figures/deepunlearn_{kind}_{study}.png" for kind in ("gaps", "retdev_indisc", "runtime")]
            if (self._root / f"config/reference/deepunlearn_{study}.csv").is_file():
                stems.append(f"tables/deepunlearn_ledger_{study}.csv")
            if self.attacked(dataset, architecture):
                stems += [f"tables/deepunlearn_gates_{study}.json", f"figures/deepunlearn_lira_roc_{study}.png"]
        return [f"<results>/{stem}" for stem in stems]

    @property
    def draws(self) -> list[str]:
        """The figure of the draws of every study whose forget set other models do not choose."""
        return [
            f"<results>/figures/deepunlearn_fresh_draws_{dataset}_{architecture}.png"
            for dataset, entry in self._settings.datasets.items()
            for architecture in entry.architectures
            if not entry.scored_on
        ]

    def draws_of_study(self, wildcards: Wildcards) -> list[str]:
        """Scores of every draw of the wildcards' study."""
        return files_of_study(wildcards, "draws/{unlearner}.parquet", map(str, self.draw_numbers))

    def variance(self, wildcards: Wildcards) -> list[str]:
        """An input function: components of variance of every study that runs methods more than once per model.

        Raises:
            SettingsError: none does.
        """
        files = [
            f"<results>/tables/deepunlearn_variance_{dataset}_{architecture}.csv"
            for dataset, entry in self._settings.datasets.items()
            for architecture in entry.architectures
            if entry.unlearning_seeds > 1
        ]
        if not files:
            raise SettingsError("every method runs once per model; set deepunlearn.datasets.{key}.unlearning_seeds to 2 or more")
        return files

    def ranked_methods(self, wildcards: Wildcards) -> list[str]:
        """Methods of the wildcards' data set that do more than to fine-tune on its architecture."""
        methods = self._settings.datasets[wildcards.dataset].methods
        return [name for name in methods if not only_fine_tunes(name, wildcards.architecture)]

    def lira_outputs(self, wildcards: Wildcards) -> list[str]:
        """What the U-LiRA models of every method, of the originals and of the retrained say about every sample."""
        return files_of_study(wildcards, "lira/{unlearner}.safetensors", self.attacked_methods(wildcards))

    def attacked_methods(self, wildcards: Wildcards) -> list[str]:
        """What U-LiRA attacks: both references, and the methods that do more than to fine-tune on the wildcard's architecture."""
        methods = self._lira[wildcards.dataset].methods
        return [ORIGINAL, RETRAINED, *[name for name in methods if not only_fine_tunes(name, wildcards.architecture)]]

    def lira(self, wildcards: Wildcards) -> dict[str, Any]:
        """The U-LiRA settings of the wildcard's data set, as plain data."""
        return self._lira[wildcards.dataset].model_dump()
