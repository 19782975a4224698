"""Tables of a world: which there are, and what they are computed from."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import cache

from lethe.diffusion.metrics.specs import comparisons, quantities
from lethe.diffusion.plan.bases import Bases
from lethe.diffusion.plan.models import Models, interference_file
from lethe.planning.wildcards import Wildcards
from lethe.settings.errors import SettingsError
from lethe.settings.models import JUDGE, Settings

PER_TASK = (
    "pairs_{task}.parquet",
    "interference_per_entity_{task}.json",
    "noise_floor_{task}.json",
    "tables/unlearning_{task}.csv",
    "tables/unlearning_tidy_{task}.csv",
    "tables/harm_{task}.csv",
    "tables/similarity_{task}.csv",
    "tables/gates_{task}.json",
    "tables/relations_{task}.csv",
    "tables/alignments_{task}.csv",
)
OF_ALL_PAIRS = ("relations_", "alignments_")  # tables of statistics that no sample of receivers tells
QUANTITIES = 14  # rows of a pair of entities under a method, at most
ROW_BYTES = 60  # at the peak of a job that reads all pairs: results/bench/tables_memory.json, and a third more
BY_ITSELF = 500  # MB of such a job without any pairs
MEMBERSHIP = ("membership_{task}.csv", "membership_means_{task}.csv", "membership_gates_{task}.json")


log = logging.getLogger("snakemake.logging")  # Snakemake's own, so that a warning stands among its lines


class Tables:
    """The tables of tasks."""

    def __init__(self, settings: Settings, models: Models, bases: Bases) -> None:
        self.settings = settings
        self.models = models
        self.bases = bases

    @property
    def pair_metrics(self) -> list[str]:
        """Metrics of a pair of entities, those of this world or not."""
        return comparisons(quantities())

    @property
    def weight_methods(self) -> list[str]:
        """Methods whose deltas give a similarity."""
        return [method for method in self.models.compared if method in self.settings.similarity.weights]

    def similarity_names(self, task: str) -> list[str]:
        """Kinds of similarity of a task, `weights` once per method; none of `weights` where some entities are not unlearned."""
        methods = self.weight_methods if self.models.all_unlearned(task) else []
        return [*self.settings.similarity.kinds, *(f"weights_{method}" for method in methods)]

    def similarities_named(self, wildcards: Wildcards) -> list[str]:
        """The names of ``similarities``, in their order."""
        return self.similarity_names(wildcards.task)

    def methods(self, wildcards: Wildcards) -> list[str]:
        """Methods with models of a task."""
        return self.models.methods_of(wildcards.task)

    def similarities(self, wildcards: Wildcards) -> list[str]:
        """Every similarity of a task: those of the base, and `weights` of each method whose deltas have one."""
        return [f"<results>/similarity_{name}_{wildcards.task}.json" for name in self.similarity_names(wildcards.task)]

    def similarities_of_base(self, wildcards: Wildcards) -> list[str]:
        """The similarities of the wildcard's task that belong to its base, in the order of their kinds."""
        return [f"<results>/similarity_{kind}_{wildcards.task}.json" for kind in self.settings.similarity.kinds]

    @property
    def judged(self) -> list[str]:
        """Tasks of entities whose pictures a trained classifier judges."""
        of = {name: self._judges(name) for name in self.settings.entity_tasks}
        return [name for name, judges in of.items() if judges]

    def judge(self, wildcards: Wildcards) -> str:
        """The folder of the classifier that judges the wildcard's task, one of ``judged``."""
        return f"<results>/evaluators/{self._judges(wildcards.task)[0]}"

    def _judges(self, task: str) -> list[str]:
        of = self.settings.evaluators
        return [
            name
            for name in self.settings.evaluators_of(task)
            if of[name].kind == "classifier" and self.settings.metric_of(name) == JUDGE
        ]

    def verdicts(self, wildcards: Wildcards) -> list[str]:
        """The verdicts of the wildcard's task, where its tables are computed here."""
        return [f"<results>/tables/verdicts_{wildcards.task}.csv"] if self.models.built("tables") else []

    def by_method(self, name: str, ending: str) -> Callable[[Wildcards], list[str]]:
        """An input function: a table of every method that has models of the task."""

        def files(wildcards: Wildcards) -> list[str]:
            task = wildcards.task
            return [f"<results>/by_method/{name}_{task}_{method}.{ending}" for method in self.models.methods_of(task)]

        return files

    def memory(self, least: int) -> Callable[[Wildcards, int], int]:
        """A resource function: MB of a job that reads all pairs of the wildcards' task; a retry asks for more.

        Args:
            least: MB that it asks for at any size.
        """

        def megabytes(wildcards: Wildcards, attempt: int = 1) -> int:
            receivers = self.settings.entity_tasks[wildcards.task].entities
            rows = QUANTITIES * receivers * len(self.models.of(wildcards.task))
            return attempt * max(least, BY_ITSELF + rows * ROW_BYTES // 1_000_000)

        return megabytes

    def images(self, wildcards: Wildcards) -> list[str]:
        """The rows of single images of the wildcards' task."""
        return self.images_of(wildcards.task)

    def images_of(self, task: str) -> list[str]:
        """The rows of single images of a task, a file per method; none where pairs are imported, which are means."""
        if self.settings.archive.imported("tables"):
            return []
        return [f"<results>/images/{task}/images_{task}_{method}.parquet" for method in self.models.methods_of(task)]

    def of_all_pairs(self, file: str, product: str) -> Callable[[Wildcards], str]:
        """An input function: ``file``; a task whose models are asked for some receivers has no such ``product``.

        The function raises a ``SettingsError`` for such a task, naming product and key.
        """

        def found(wildcards: Wildcards) -> str:
            self.settings.check_full(wildcards.task, product.format(task=wildcards.task))
            return file

        return found

    def of_tasks(self, tasks: Iterable[str]) -> list[str]:
        """The tables of some tasks."""
        tasks = list(tasks)
        imported = self.settings.archive.imported("tables")
        files = [
            f"<results>/{pattern.format(task=task)}"
            for task in tasks
            for pattern in PER_TASK
            if task in self.settings.full_tasks or not pattern.removeprefix("tables/").startswith(OF_ALL_PAIRS)
        ]
        files += [f"<results>/asked_{task}.parquet" for task in tasks if task not in self.settings.full_tasks]
        files += [file for task in tasks for file in self.images_of(task)]
        files += [file for task in tasks for file in self.pairing(task)]
        if not imported:  # else the published file of a pair is what was read, and ours of the same name means another range
            files += [interference_file(model) for task in tasks for model in self.models.of(task)]
        files += [file for task in tasks for file in self.distribution(task)]
        files += [f"<results>/tables/drift_{task}.csv" for task in tasks if self.models.built("models", "images")]
        published = [task for task in tasks if self.settings.entity_tasks[task].selection == "published"]
        return files + [f"<results>/tables/selection_{task}.csv" for task in published]

    def distribution(self, task: str) -> list[str]:
        """The tables in which sets of images are compared; none where `scoring.distribution` is empty."""
        if self.settings.archive.imported("tables"):
            return []  # of images of which nothing but pairs is known
        if task in self.settings.entity_tasks and task not in self.settings.full_tasks:
            return []  # distances of sets depend on how many images there are
        names = ("distribution", "distribution_summary") if self.settings.scoring.distribution else ()
        return [f"<results>/tables/{name}_{task}.csv" for name in names]

    def with_members(self, wildcards: Wildcards) -> str:
        """The base of a task whose members and non-members are known.

        Raises:
            SettingsError: for another task, the reason why there are none.
        """
        if reason := self.bases.no_membership(wildcards.task):
            raise SettingsError(f"tables/membership_{wildcards.task}.csv: {reason}")
        return self.bases.of_task(wildcards)

    def asked_for_losses(self, wildcards: Wildcards) -> list[str]:
        """Names of the models of the wildcards' task that membership inference asks: those with weights."""
        task = wildcards.task
        asked = self.models.with_weights(task)
        if left := [method for method in self.models.methods_of(task) if method not in asked]:
            _warn_once(f"tables/membership_{task}.csv: without {', '.join(left)}, whose models have no weights")
        return self.models.names(task, asked)

    def asked_base(self, wildcards: Wildcards) -> str:
        """The base of a model that membership inference asks.

        Raises:
            SettingsError: models of the wildcards' method have no weights.
        """
        task, method = wildcards.task, wildcards.method
        self.models.check_weights(task, {f"membership/{task}_..._{method}_{wildcards.epochs}.parquet": method})
        return self.bases.of_task(wildcards)

    def losses(self, wildcards: Wildcards) -> list[str]:
        """What they say of members and non-members."""
        return [f"<results>/membership/{name}.parquet" for name in self.asked_for_losses(wildcards)]

    def pairing(self, task: str) -> list[str]:
        """Whether on and off images of others share their noise; nothing where there are no such images."""
        return [f"<results>/tables/pairing_{task}.csv"] if self.settings.archive.imported("images") else []

    def membership(self, tasks: Iterable[str]) -> list[str]:
        """The tables of membership inference of those tasks that have one and whose models are at hand anyway."""
        if not self.models.built("images", "tables"):
            return []
        have = [task for task in tasks if not self.bases.no_membership(task)]
        return [f"<results>/tables/{name.format(task=task)}" for task in have for name in MEMBERSHIP]


@cache
def _warn_once(message: str) -> None:
    """The same function answers for several inputs and parameters of a job."""
    log.warning(message)
