"""What rules that import a corpus ask for: input functions and parameters."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cached_property

from lethe.archive.corpus.plan import FETCHED, Corpus
from lethe.archive.corpus.tree import listing_file
from lethe.core.records import ModelId
from lethe.diffusion.plan.models import Models
from lethe.planning.wildcards import Wildcards
from lethe.settings.models import Settings

BASELINE = "baseline"  # what runs of a base are called, ``people_baseline``


class Imports:
    """Files of a corpus, by wildcards.

    Args:
        settings: of the world. models: that have files. corpus: where they are.
    """

    def __init__(self, settings: Settings, models: Models, corpus: Corpus) -> None:
        self.settings = settings
        self.models = models
        self.corpus = corpus

    def _in_corpus(self, path: str) -> str:
        return f"{self.corpus.root}/{path}"

    def metadata(self, wildcards: Wildcards) -> str:
        """The entities of the wildcards' task."""
        return self._in_corpus(self.corpus.layout.metadata(wildcards.task))

    def unlearned(self, wildcards: Wildcards) -> list[int]:
        """Indices of the entities of which there is a model of any method."""
        task = wildcards.task
        return sorted({index for method in self.models.methods_of(task) for index in self.models.emitters(task, method)})

    def similarity(self, wildcards: Wildcards) -> list[str]:
        """The similarity of the wildcards' kind; nothing where the corpus has none."""
        found = self.corpus.layout.similarities(wildcards.task, wildcards.kind)
        return [self._in_corpus(path) for path in found if self.corpus.tree.has(path)][:1]

    def instead(self, wildcards: Wildcards) -> list[str]:
        """What that of DINO is computed from where the corpus has none: the embeddings of the base, if they are read anyway."""
        embedded = wildcards.kind == "dino" and self.settings.archive.imported("tables") and not self.similarity(wildcards)
        return self.of_base(wildcards) if embedded else []

    def pairs(self, wildcards: Wildcards) -> list[str]:
        """The file of pairs of every model of the wildcards' task and method."""
        return [self._in_corpus(self.corpus.pairs(model)) for model in self.models.of_method(wildcards.task, wildcards.method)]

    def embeddings(self, wildcards: Wildcards) -> list[str]:
        """The embeddings of the images of the wildcards' run."""
        if self._is_base(wildcards.run):
            return [self._in_corpus(self.corpus.layout.embeddings_of_base(self._task(wildcards.run)))]
        return [self._in_corpus(self.corpus.embeddings(ModelId.parse(wildcards.run)))]

    def embedded(self, wildcards: Wildcards) -> list[str]:
        """Names of the models of the wildcards' task and method of which embeddings can be compared with those of the base."""
        return [model.name for model in self.models.embedded(wildcards.task, wildcards.method)]

    def on_embeddings(self, wildcards: Wildcards) -> list[str]:
        """These embeddings in our form."""
        return [f"<results>/scores/{name}_embeddings.npz" for name in self.embedded(wildcards)]

    def off_embeddings(self, wildcards: Wildcards) -> list[str]:
        """Those of the base, where there is something to compare them with."""
        return self.of_base(wildcards) if self.embedded(wildcards) else []

    def of_base(self, wildcards: Wildcards) -> list[str]:
        """The embeddings of the base in our form; nothing where the corpus has none."""
        there = self.corpus.base_embedded(wildcards.task)
        return [f"<results>/scores/{wildcards.task}_baseline_embeddings.npz"] if there else []

    @property
    def entities(self) -> Callable[[Wildcards], int]:
        """A params function: how many entities the wildcards' task has."""
        return lambda wildcards: self.settings.entity_tasks[wildcards.task].entities

    @cached_property
    def embedded_runs(self) -> list[str]:
        """Every run of which the corpus has embeddings that are read: of the base, of models."""
        if not self.settings.archive.imported("tables"):
            return []
        tasks = list(self.settings.entity_tasks)
        bases = [f"{task}_{BASELINE}" for task in tasks if self.corpus.base_embedded(task)]
        return bases + [
            model.name
            for task in tasks
            for method in self.settings.methods_of(task)
            for model in self.models.embedded(task, method)
        ]

    # --- from a hub ---

    @property
    def fetched(self) -> bool:
        """Whether rules fetch single files of a repository."""
        return self.corpus.root == FETCHED

    @property
    def listing(self) -> str:
        """The listing of the repository; nothing asks for it elsewhere."""
        return str(listing_file(self.settings.archive.record or "none", self.settings.archive.revision))

    # --- pictures ---

    def style_of_task(self, wildcards: Wildcards) -> str:
        """How prompts of the wildcards' task are made."""
        return self.settings.entity_tasks[wildcards.task].prompt_style

    @cached_property
    def runs(self) -> list[str]:
        """Every run whose pictures are there: of the base, of models."""
        if not self.settings.archive.imported("images"):
            return []
        tasks = [task for task in self.settings.entity_tasks if task in self.corpus.tree.tasks]
        bases = [f"{task}_{BASELINE}" for task in tasks if self.corpus.off_folder(task)]
        models = [
            model.name
            for task in tasks
            for method in self.settings.methods_of(task)
            for model in self.models.pictured(task, method)
        ]
        return bases + models

    def pictures(self, wildcards: Wildcards) -> list[str]:
        """The folder of the pictures of the wildcards' run."""
        return [self._in_corpus(self._folder(wildcards.run))]

    def state(self, wildcards: Wildcards) -> str:
        """What the file names of its pictures begin with."""
        return "off" if self._is_base(wildcards.run) else "on"

    def seeds(self, wildcards: Wildcards) -> list[int]:
        """The seeds of its pictures."""
        return list(self.settings.generation_of(self._task(wildcards.run)).seeds)

    def style(self, wildcards: Wildcards) -> str:
        """How prompts of its task are made."""
        return self.settings.entity_tasks[self._task(wildcards.run)].prompt_style

    def size(self, wildcards: Wildcards) -> int:
        """Height and width of its pictures."""
        return self.settings.generation_of(self._task(wildcards.run)).size

    def metadata_of_run(self, wildcards: Wildcards) -> str:
        """The entities of its task, in our form."""
        return f"<results>/metadata_{self._task(wildcards.run)}_2_enriched_filtered.json"

    def sizes(self, wildcards: Wildcards) -> str:
        """A hash of names and sizes of the files in its folder: what is read of a corpus is too large to be hashed whenever a run is planned."""
        return self._sizes([self._folder(wildcards.run)])

    def off_pictures(self, wildcards: Wildcards) -> list[str]:
        """The folder of the base's pictures."""
        off = self.corpus.off_folder(wildcards.task)
        return [self._in_corpus(off)] if off else []

    def on_pictures(self, wildcards: Wildcards) -> list[str]:
        """The folders of the pictures of every model of the wildcards' task and method."""
        return [self._in_corpus(self.corpus.images(model)) for model in self.models.pictured(wildcards.task, wildcards.method)]

    def pairing_sizes(self, wildcards: Wildcards) -> str:
        """A hash of names and sizes of the files in these folders."""
        models = self.models.pictured(wildcards.task, wildcards.method)
        return self._sizes([self.corpus.off_folder(wildcards.task), *(self.corpus.images(model) for model in models)])

    def compared(self, wildcards: Wildcards) -> list[str]:
        """Names of these models."""
        return [model.name for model in self.models.pictured(wildcards.task, wildcards.method)]

    def own_off(self, wildcards: Wildcards) -> list[str]:
        """Those whose folder is of the first generation: it holds pictures of the base, too."""
        return [model.name for model in self.models.pictured(wildcards.task, wildcards.method) if self.corpus.has_own_off(model)]

    def paired_methods(self, wildcards: Wildcards) -> list[str]:
        """The tables of pairing of the methods of the wildcards' task that have pictures."""
        methods = [method for method in self.settings.methods_of(wildcards.task) if self.models.pictured(wildcards.task, method)]
        return [f"<results>/by_method/pairing_{wildcards.task}_{method}.csv" for method in methods]

    def _sizes(self, folders: list[str]) -> str:
        listed = sorted((folder, name, size) for folder in set(folders) for name, size in self.corpus.tree.files(folder).items())
        return hashlib.sha256(repr(listed).encode()).hexdigest()

    def _folder(self, run: str) -> str:
        return self.corpus.off_folder(self._task(run)) if self._is_base(run) else self.corpus.images(ModelId.parse(run))

    @staticmethod
    def _is_base(run: str) -> bool:
        return run.endswith(f"_{BASELINE}")

    def _task(self, run: str) -> str:
        return run.removesuffix(f"_{BASELINE}") if self._is_base(run) else ModelId.parse(run).task
