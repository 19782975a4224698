"""Studies of classifiers, each a data set and an architecture: which there are, their files and what their jobs get."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from lethe.classifiers import PROVIDERS
from lethe.classifiers.found import Found
from lethe.classifiers.hyperparameters import shipped
from lethe.classifiers.methods import METHODS
from lethe.classifiers.plan.sizes import Size, memory_of_images, size_of
from lethe.core.registry import nearest
from lethe.planning.wildcards import Wildcards
from lethe.settings.classifiers import LOT, Selection
from lethe.settings.deepunlearn import Classification
from lethe.settings.errors import SettingsError
from lethe.settings.models import Settings
from lethe.settings.paths import check_exists

REFERENCES = ("original", "retrained", "retrained_again")
MOST_IMAGES = 256  # of a step of a method


class Studies:
    """Studies of a world, in the order of the configuration.

    Args:
        settings: of the world.
        root: folder of the checkout, for config/methods/classifiers and config/reference.
    """

    def __init__(self, settings: Settings, root: Path) -> None:
        self.settings = settings.deepunlearn
        self._cuda = settings.device == "cuda"
        self.shipped_methods = lru_cache(maxsize=None)(self._shipped_methods)
        self._root = root

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Data set and architecture of every study."""
        return [(name, architecture) for name, data in self.settings.datasets.items() for architecture in data.architectures]

    @property
    def demo(self) -> list[tuple[str, str]]:
        """The one study that `demo` runs."""
        return [(next(iter(self.settings.datasets)), self.settings.demo_architecture)]

    @property
    def names(self) -> list[str]:
        """Every study as it stands in the names of files, ``digits_mlp``."""
        return [f"{dataset}_{architecture}" for dataset, architecture in self.pairs]

    @property
    def architectures(self) -> list[str]:
        """Architectures of any data set, sorted."""
        return sorted({architecture for _, architecture in self.pairs})

    @property
    def unlearners(self) -> list[str]:
        """Methods of any data set, sorted."""
        return sorted({name for data in self.settings.datasets.values() for name in data.methods})

    @property
    def makers(self) -> list[str]:
        """What can have made a model: the references and every method."""
        return [*REFERENCES, *METHODS]

    # --- input functions ---

    def fetched(self, dry_run: Callable[[], bool]) -> Callable[[Wildcards], str | list[str]]:
        """An input function: the folder of the files of the wildcard's data set, where a rule downloads them.

        Args:
            dry_run: tells, when jobs are planned, whether this is a plan only. Files that are to be put into data/ by hand may then be
                missing, so that a plan can be looked at before.

        Raises:
            SettingsError: a folder that is configured is not there; named by its key.
        """

        def files(wildcards: Wildcards) -> str | list[str]:
            data = self._data(wildcards)
            by_hand = dry_run() and Path(data.folder).parts[:1] == ("data",)
            if data.folder and not by_hand:
                check_exists(f"deepunlearn.datasets.{wildcards.dataset}.folder", data.folder)
            return f"<results>/deepunlearn/{wildcards.dataset}/files" if data.source == "fetch" else []

        return files

    def forget_scores(self, wildcards: Wildcards) -> str | list[str]:
        """What U-LiRA's models of another data set say of every image, where the forget set of the wildcard's is chosen by it."""
        other = self._data(wildcards).scored_on
        if not other:
            return []
        architectures = self.settings.lira[other].architectures or self.settings.datasets[other].architectures
        return f"<results>/deepunlearn/{other}/{architectures[0]}/lira/memorisation.parquet"

    def files(self, pattern: str) -> Callable[[Wildcards], list[str]]:
        """An input function: ``pattern``, which holds ``{unlearner}``, below the folder of a study, for each of its methods."""
        return lambda wildcards: files_of_study(wildcards, pattern, self.methods(wildcards))

    def stack(self, wildcards: Wildcards) -> str:
        """The models that the wildcard's unlearner made, or those of a reference.

        Raises:
            SettingsError: there is none of the wildcard's seed.
        """
        seeds = self.seeds(wildcards)
        if int(wildcards.seed) not in seeds:
            raise SettingsError(
                f"deepunlearn.datasets.{wildcards.dataset}.seeds: there is no model {wildcards.seed}; allowed: 0 to {seeds[-1]}"
            )
        pattern = "{unlearner}.safetensors" if wildcards.unlearner in REFERENCES else "unlearned/{unlearner}.safetensors"
        return files_of_study(wildcards, pattern, [wildcards.unlearner])[0]

    def tuned(self, role: str) -> str:
        """The models of a role (``original``, ``retrained``) that a search runs on: of its own, or as published the reported ones."""
        folder = "tuning/" if self.settings.search.protocol == "held_out" else ""
        return f"<results>/deepunlearn/{{dataset}}/{{architecture}}/{folder}{role}.safetensors"

    def search(self, wildcards: Wildcards) -> str | list[str]:
        """What the search of the wildcards' method found, where it is used."""
        return files_of_study(wildcards, "search/{unlearner}.json", [wildcards.unlearner])[0] if self._searched else []

    def searches(self, wildcards: Wildcards) -> list[str]:
        """What the search of every method of a study found, where searches are used."""
        return files_of_study(wildcards, "search/{unlearner}.json", self.methods(wildcards) if self._searched else [])

    # --- parameters and resources of jobs ---

    def setting(self, name: str) -> Callable[[Wildcards], Any]:
        """A params function: a setting of the wildcard's data set, as plain data."""
        return lambda wildcards: self._data(wildcards).model_dump()[name]

    def provider(self, wildcards: Wildcards) -> str:
        """Where the images of the wildcard's data set come from."""
        return self.provider_of(wildcards.dataset)

    def selection(self, wildcards: Wildcards) -> dict[str, Any]:
        """Which images of the wildcard's data set are used, as plain data."""
        return self._data(wildcards).model_dump(include=set(Selection.model_fields))

    def drawn(self, wildcards: Wildcards) -> dict[str, Any]:
        """The same for the wildcard's draw, which is counted from that of the data set."""
        return self.selection(wildcards) | {"draw": self._data(wildcards).draw + int(wildcards.draw)}

    def seeds(self, wildcards: Wildcards) -> list[int]:
        """Seeds of the models of the wildcard's data set."""
        return list(range(self._data(wildcards).seeds))

    def methods(self, wildcards: Wildcards) -> list[str]:
        """Methods of the wildcard's data set."""
        return self._data(wildcards).methods

    def own_folder(self, wildcards: Wildcards) -> list[str]:
        """The folder of a data set of one's own; none where it is fetched, ships with a library or lies in its usual place."""
        folder = self._data(wildcards).folder
        return [folder] if folder else []

    def shipped(self, wildcards: Wildcards) -> dict[str, Any] | None:
        """What config/methods/classifiers keeps for the wildcards' method, as plain data; None where searches are used."""
        return None if self._searched else self._shipped(wildcards, wildcards.unlearner)

    def shipped_study(self, wildcards: Wildcards) -> dict[str, dict[str, Any]]:
        """Method of a study -> what config/methods/classifiers keeps for it; empty where searches are used."""
        return {} if self._searched else {name: self._shipped(wildcards, name) for name in self.methods(wildcards)}

    def memory(self, wildcards: Wildcards, attempt: int = 1) -> int:
        """MB for a job that holds the wildcard's data set as network input; of every further attempt as much again."""
        dataset = wildcards.dataset
        return attempt * memory_of_images(self.provider_of(dataset), self.images_of(dataset))

    def training_memory(self, wildcards: Wildcards, attempt: int = 1) -> int:
        """MB for a job that trains models of the wildcards' study and keeps each lot as a file."""
        training = self._data(wildcards).training
        return attempt * self.size(wildcards).beside(training.together).memory(0, training.batch_size, self._cuda)

    def unlearning_memory(self, wildcards: Wildcards, attempt: int = 1) -> int:
        """MB for a job that holds all models of the wildcards' study, before and after a method."""
        data = self._data(wildcards)
        return attempt * self.size(wildcards).memory(2 * data.seeds * data.unlearning_seeds, MOST_IMAGES, self._cuda)

    def search_memory(self, wildcards: Wildcards, attempt: int = 1) -> int:
        """MB for a search on the wildcards' study: its tuning models and their references, and what is tried at once."""
        size = self.size(wildcards)
        stacked = 3 * len(self.settings.search.seeds) + 2 * LOT * size.at_once
        return attempt * size.memory(stacked, MOST_IMAGES, self._cuda)

    def training_time(self, wildcards: Wildcards) -> int:
        """Minutes for the models of every seed: an original and two retrained ones."""
        return self._training_minutes(wildcards, 3 * self._data(wildcards).seeds)

    def tuning_time(self, wildcards: Wildcards) -> int:
        """Minutes for the models of every tuning seed."""
        return self._training_minutes(wildcards, 3 * len(self.settings.search.seeds))

    def size(self, wildcards: Wildcards) -> Size:
        """Sizes of the wildcards' study."""
        return self.size_of(wildcards.dataset, wildcards.architecture)

    def size_of(self, dataset: str, architecture: str) -> Size:
        """Sizes of a study."""
        return size_of(self.provider_of(dataset), self.images_of(dataset), architecture, self._cuda)

    def provider_of(self, dataset: str) -> str:
        """Where the images of a data set come from."""
        return self.settings.datasets[dataset].provider or dataset

    def images_of(self, dataset: str) -> int:
        """Number of images of a data set, or at most so many."""
        limit = self.settings.datasets[dataset].limit
        images = PROVIDERS.load(self.provider_of(dataset)).images
        return min(images, 2 * limit) if limit else images  # of the development and of the test part

    def _training_minutes(self, wildcards: Wildcards, models: int) -> int:
        data = self._data(wildcards)
        rows = data.train_size or self.images_of(wildcards.dataset)
        training = data.training
        steps = training.epochs * -(-rows // training.batch_size)
        return self.size(wildcards).minutes(models, steps, training.batch_size)

    @property
    def _searched(self) -> bool:
        return self.settings.hyperparameters == "searched"

    def _data(self, wildcards: Wildcards) -> Classification:
        return self.settings.datasets[wildcards.dataset]

    def _shipped_methods(self, dataset: str, architecture: str) -> dict[str, Found]:
        return shipped(self._root / "config/methods/classifiers", dataset, architecture)

    def _shipped(self, wildcards: Wildcards, method: str) -> dict[str, Any]:
        architecture = wildcards.architecture
        dataset = self._data(wildcards).hyperparameters_of or wildcards.dataset
        found = self.shipped_methods(dataset, architecture)
        if method not in found:
            known = nearest(method, list(found))
            raise SettingsError(f"config/methods/classifiers/{dataset}_{architecture}.yaml: no method '{method}'{known}")
        return found[method].model_dump()


def files_of_study(wildcards: Wildcards, pattern: str, methods: Iterable[str]) -> list[str]:
    """``pattern``, which holds ``{unlearner}``, below the folder of the wildcards' study, for each of ``methods``."""
    folder = f"<results>/deepunlearn/{wildcards.dataset}/{wildcards.architecture}"
    return [f"{folder}/{pattern.replace('{unlearner}', name)}" for name in methods]
