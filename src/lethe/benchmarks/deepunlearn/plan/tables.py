"""Deep Unlearn: which tables and figures the studies of a world lead to, which of them U-LiRA attacks, and by which jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import ceil
from pathlib import Path
from typing import Any

from lethe.benchmarks.deepunlearn.blocks import block_names, splits_in, splits_per_block
from lethe.classifiers.methods.needs import only_fine_tunes
from lethe.classifiers.plan.sizes import LEAST, PROCESS
from lethe.classifiers.plan.studies import MOST_IMAGES, Studies, files_of_study
from lethe.planning.wildcards import Wildcards
from lethe.settings.classifiers import LOT, LiraDesign, LiraSearch
from lethe.settings.errors import SettingsError
from lethe.settings.models import Settings

SAID, ATTACKED = 5, 100  # bytes of a sample that a model speaks of: in its file, and in an attack
ORIGINAL, RETRAINED = "original", "retrained"  # the references, trained with and without what is forgotten


class DeepUnlearn:
    """The benchmark on the studies of a world.

    Args:
        settings: of the world.
        studies: of the world.
        root: folder of the checkout, for config/reference.
    """

    def __init__(self, settings: Settings, studies: Studies, root: Path) -> None:
        self._settings = settings.deepunlearn
        self._studies = studies
        self._cuda = settings.device == "cuda"
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

    def evaluations(self, pairs: Iterable[tuple[str, str]]) -> list[str]:
        """Tables beyond accuracy and membership; KLoM where U-LiRA is asked for, of whose models it is."""
        tables = []
        for dataset, architecture in pairs:
            kinds = ["representation", "relearning", *(["klom"] if self.attacked(dataset, architecture) else [])]
            tables += [f"<results>/tables/deepunlearn_{kind}_{dataset}_{architecture}.csv" for kind in kinds]
        return tables

    # --- U-LiRA ---

    @property
    def blocks(self) -> list[str]:
        """Blocks of splits of all studies that U-LiRA attacks."""
        found = [self.blocks_of(*pair) for pair in self._studies.pairs if self.attacked(*pair)]
        return sorted({block for blocks in found for block in blocks})

    def blocks_of(self, dataset: str, architecture: str) -> list[str]:
        """Blocks of splits of a study, a job each."""
        lira = self._lira[dataset]
        weights = self._studies.size_of(dataset, architecture).weights
        return block_names(lira.splits, splits_per_block(lira.splits, lira.forget_sets, weights, lira.models_per_job))

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
        """What U-LiRA's models say about every sample: all blocks of the originals, of the retrained, then of every method."""
        blocks = self.blocks_of(wildcards.dataset, wildcards.architecture)
        methods = self.attacked_methods(wildcards)
        return [file for name in methods for file in self.lira_files(wildcards, name, blocks)]

    def lira_originals(self, wildcards: Wildcards) -> list[str]:
        """What the originals say about every sample, a file per block."""
        return self.lira_files(wildcards, ORIGINAL)

    def lira_files(self, wildcards: Wildcards, name: str, blocks: Iterable[str] = ()) -> list[str]:
        """One file of every block of the wildcards' study: ``models``, or what originals, retrained or a method's models say.

        Args:
            blocks: of these only; none: of all.
        """
        found = blocks or self.blocks_of(wildcards.dataset, wildcards.architecture)
        return files_of_study(wildcards, f"lira/{{unlearner}}/{name}.safetensors", found)

    def attacked_methods(self, wildcards: Wildcards) -> list[str]:
        """What U-LiRA attacks: both references, and the methods that do more than to fine-tune on the wildcard's architecture."""
        return [ORIGINAL, RETRAINED, *self._attacked_methods(wildcards.dataset, wildcards.architecture)]

    def _attacked_methods(self, dataset: str, architecture: str) -> list[str]:
        return [name for name in self._lira[dataset].methods if not only_fine_tunes(name, architecture)]

    def lira(self, wildcards: Wildcards) -> dict[str, Any]:
        """What decides U-LiRA's models of the wildcard's data set, as plain data."""
        return self._lira[wildcards.dataset].model_dump(include=set(LiraDesign.model_fields))

    # --- its search ---

    @property
    def lira_searches(self) -> list[str]:
        """What the searches for U-LiRA find, of every study that it attacks, whatever the configuration says about using them."""
        return [
            f"<results>/deepunlearn/{dataset}/{architecture}/lira/search/{name}.json"
            for dataset, architecture in self._studies.pairs
            if self.attacked(dataset, architecture)
            for name in self._attacked_methods(dataset, architecture)
        ]

    def lira_found(self, wildcards: Wildcards) -> str | list[str]:
        """What a search found for the wildcards' method, where one is used: U-LiRA's own, or that of the study."""
        if self._lira[wildcards.dataset].search is None:
            return self._studies.search(wildcards)
        return files_of_study(wildcards, "lira/search/{unlearner}.json", [wildcards.unlearner])[0]

    def lira_shipped(self, wildcards: Wildcards) -> dict[str, Any] | None:
        """What config/methods/classifiers keeps for the wildcards' method, as plain data; None where a search is used."""
        return self._studies.shipped(wildcards) if self._lira[wildcards.dataset].search is None else None

    def tuning_files(self, name: str) -> Callable[[Wildcards], list[str]]:
        """An input function: the files ``name`` of the blocks that hold a split to tune on."""

        def files(wildcards: Wildcards) -> list[str]:
            blocks = self.blocks_of(wildcards.dataset, wildcards.architecture)
            tuned = self.tuning_splits(wildcards)
            return self.lira_files(wildcards, name, [block for block in blocks if splits_in(block).start < tuned])

        return files

    def tuning_splits(self, wildcards: Wildcards) -> int:
        """How many of the first splits of the wildcard's data set a search runs on."""
        lira = self._lira[wildcards.dataset]
        return self._lira_search(wildcards).splits or lira.splits // 2

    def lira_search(self, wildcards: Wildcards) -> dict[str, Any]:
        """How hyper-parameters are searched for U-LiRA, as plain data."""
        search = self._lira_search(wildcards)
        return self._studies.settings.search.model_dump() | {"protocol": "held_out", "trials": search.trials, "finalists": 1}

    def _lira_search(self, wildcards: Wildcards) -> LiraSearch:
        return self._lira[wildcards.dataset].search or LiraSearch()

    # --- what its jobs ask for ---

    def lira_memory(self, wildcards: Wildcards, attempt: int = 1) -> int:
        """MB for a job that makes U-LiRA's models of a block, some at a time, from its originals."""
        together = self._studies.settings.datasets[wildcards.dataset].training.together
        return attempt * self._studies.size(wildcards).beside(together).memory(0, MOST_IMAGES, self._cuda)

    def attack_memory(self, wildcards: Wildcards, attempt: int = 1) -> int:
        """MB for a job that attacks the models of all methods: what they say, and what an attack computes from one method's."""
        lira = self._lira[wildcards.dataset]
        said = 1e-6 * lira.splits * lira.forget_sets * (lira.limit or self._studies.images_of(wildcards.dataset))
        need = PROCESS + said * (SAID * len(self.attacked_methods(wildcards)) + ATTACKED)
        return attempt * max(LEAST, ceil(need / 500) * 500)

    def lira_search_memory(self, wildcards: Wildcards, attempt: int = 1) -> int:
        """MB for a search under U-LiRA: its tuning models and their references, and what is tried at once."""
        size = self._studies.size(wildcards)
        stacked = 3 * self.tuning_splits(wildcards) + 2 * LOT * size.at_once
        return attempt * size.memory(stacked, MOST_IMAGES, self._cuda)

    def lira_time(self, wildcards: Wildcards) -> int:
        """Minutes for the originals and retrained models of a block."""
        lira, training = self._lira[wildcards.dataset], self._studies.settings.datasets[wildcards.dataset].training
        models = len(splits_in(wildcards.block)) * (1 + lira.forget_sets)
        rows = (lira.limit or self._studies.images_of(wildcards.dataset)) // 2
        steps = lira.epochs * -(-rows // training.batch_size)
        return self._studies.size(wildcards).minutes(models, steps, training.batch_size)
