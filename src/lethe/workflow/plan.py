"""One object that answers the rules: what a configuration leads to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from lethe.answer.overviews import Overviews
from lethe.answer.pages import Pages
from lethe.answer.plan import Answer
from lethe.archive.corpus.imports import Imports
from lethe.archive.corpus.plan import Corpus
from lethe.archive.export_plan import Exports
from lethe.archive.plan import Archive
from lethe.audit.plan import AuditPlan
from lethe.benchmarks.deepunlearn.plan import figures as deepunlearn_figures
from lethe.benchmarks.deepunlearn.plan.tables import DeepUnlearn
from lethe.benchmarks.icare.plan import figures as icare_figures
from lethe.benchmarks.icare.plan.attacks import EntityAttacks
from lethe.benchmarks.icare.plan.explorer import Explorer
from lethe.benchmarks.icare.plan.notebooks import Notebooks
from lethe.benchmarks.icare.plan.tables import Tables
from lethe.benchmarks.icare.plan.trajectories import Trajectories
from lethe.benchmarks.unlearncanvas.plan import figures as canvas_figures
from lethe.benchmarks.unlearncanvas.plan.attacks import CanvasAttacks
from lethe.benchmarks.unlearncanvas.plan.edits import Edits
from lethe.benchmarks.unlearncanvas.plan.grid import Grids
from lethe.benchmarks.unlearncanvas.plan.sequences import Sequences
from lethe.benchmarks.unlearncanvas.plan.studios import CanvasStudios
from lethe.benchmarks.unlearncanvas.plan.tables import Canvas
from lethe.classifiers import ARCHITECTURES
from lethe.classifiers.plan.studies import Studies
from lethe.dictionary.plan import Dictionary
from lethe.diffusion.metrics import METRICS, PLACES
from lethe.diffusion.plan.bases import Bases
from lethe.diffusion.plan.data import Data
from lethe.diffusion.plan.entities import Entities
from lethe.diffusion.plan.external import ExternalFiles, Externals
from lethe.diffusion.plan.finetuned import Finetuned
from lethe.diffusion.plan.models import Models
from lethe.diffusion.plan.tracking import Tracking
from lethe.execution.code import code_of
from lethe.figures.plan import losses
from lethe.figures.plan.figures import Figures
from lethe.figures.templates import TEMPLATES
from lethe.figures.templates.world import World
from lethe.planning.batches import Shape
from lethe.planning.memory import Job, decoding, judging, need, scoring, tabulating
from lethe.planning.targets import OF_MODELS
from lethe.planning.wildcards import Wildcards
from lethe.settings.downloads import Download
from lethe.settings.models import Settings
from lethe.tools.plan.claims import Claims
from lethe.tools.plan.fidelity import Effects
from lethe.tools.plan.speed import Benchmarks
from lethe.workflow.asked import asked_by
from lethe.workflow.gates import stopping
from lethe.workflow.inputs import Inputs
from lethe.workflow.record import DECIDE_CODE, Record

RUN = "lethe.execution.run"
METHODS = "lethe.diffusion.methods.METHODS"
Asks = Mapping[str, Iterable[str]]


class Plan:
    """Which models, files and products exist, and what each job gets.

    Args:
        settings: of the world.
        downloads: file -> entry of config/downloads.yaml.
        root: folder of the checkout.
    """

    def __init__(self, settings: Settings, downloads: dict[str, Download], root: Path) -> None:
        self.settings = settings
        self.root = root
        self.tasks = list(settings.tasks)
        self.corpus = Corpus(settings)
        self.corpus.check()
        self.externals = Externals(settings, root)
        self.models = Models(settings, root / "config/methods/diffusion", self.externals, self.corpus)
        if self.models.held is not None:
            for task in settings.entity_tasks:
                self.corpus.check_models(task, self.models.of(task))
        self.tracking = Tracking(settings, self.models)
        self.imports = Imports(settings, self.models, self.corpus)
        self.data = Data(settings, downloads, root)
        self.bases = Bases(settings, self.data, root / "assets/mini")
        self.entities = Entities(settings, self.bases)
        self.external_files = ExternalFiles(settings, self.externals, self.bases)
        self.tables = Tables(settings, self.models, self.bases)
        self.trajectories = Trajectories(settings, self.models)
        world = World(settings, self.models, list(ARCHITECTURES))
        aliases = [*losses.ALIASES, *icare_figures.ALIASES, *deepunlearn_figures.ALIASES, *canvas_figures.ALIASES]
        self.figures = Figures(world, aliases)
        self.task_figures = icare_figures.TaskFigures(settings, self.models)
        self.notebooks = Notebooks(settings, root / "notebooks")
        self.studies = Studies(settings, root)
        self.inputs = Inputs(settings, self.data, self.bases, self.studies, root / "config/downloads.yaml")
        self.deepunlearn = DeepUnlearn(settings, self.studies, root)
        self.finetuned = Finetuned(settings, self.bases)
        self.canvas = Canvas(settings, self.models, self.bases, root)
        self.edits = Edits(settings, self.canvas)
        studios = CanvasStudios(settings)
        self.grids = Grids(settings, self.models, studios, root / "config/grids")
        self.sequences = Sequences(settings, self.models, studios)
        self.attacks = CanvasAttacks(settings, self.models)
        self.entity_attacks = EntityAttacks(settings, self.models, self.bases)
        self.audit = AuditPlan(settings, self.models, self.bases)
        self.archive = Archive(settings, self.models, self.tables, self.studies, self.deepunlearn)
        self.exports = Exports(settings, self.models, root)
        self.record = Record(settings, root)
        self.dictionary = Dictionary(settings)
        theirs = self.imports.runs if settings.archive.imported("tables", "images") else None
        self.explorer = Explorer(settings, self.models, root, theirs)
        self.benchmarks = Benchmarks(settings, self.models, self.bases)
        self.claims = Claims(settings, self.benchmarks, self.studies, self.deepunlearn)
        self.pages = Pages(settings, self.studies, self.tables)
        self.answer = Answer(settings, self.models, self.studies, self.deepunlearn, self.canvas, self.tables, self.pages, root)
        self.overviews = Overviews(settings, self.studies, self.deepunlearn, self.canvas)
        self.fidelity = Effects(settings, self.models, self.tables, self.studies, self.deepunlearn)
        self.gpu = 1 if settings.device == "cuda" else 0
        self.functions: list[str] = []

    # --- products ---

    def products(self, tasks: Iterable[str]) -> list[str]:
        """Everything that some tasks lead to: of entities tables, figures, notebooks; of cells scores, tables, gates, figures; lists of images."""
        tasks = list(tasks)
        if self.audit.tasks:  # a world of its own, with no other task
            return self.audit.products()
        entities, cells = ([task for task in tasks if task in of_kind] for of_kind in self._kinds)
        lists = self.data.split_lists(tasks) if self.models.built("models", "images") else []
        of_entities = self.tables.of_tasks(entities) + self.task_figures.of_tasks(entities)
        if self.models.held is None:  # notebooks ask for sources and scores, which a corpus of others does not hold
            of_entities += self.notebooks.of_tasks(entities)
        return of_entities + [file for task in cells for file in self.models.scores(task)] + self.canvas.products(cells) + lists

    @property
    def entity_tasks(self) -> list[str]:
        """Tasks of entities: those of I-CARE."""
        return list(self.settings.entity_tasks)

    @property
    def _kinds(self) -> tuple[Collection[str], Collection[str]]:
        return self.settings.entity_tasks, self.settings.cell_tasks

    @cached_property
    def known(self) -> dict[str, list[str]]:
        """Name of a wildcard -> the values that it takes in this world; of an index or a draw the first."""
        return {
            "task": self.tasks,
            "method": self.models.methods,
            "base": list(self.settings.bases),
            "evaluator": list(self.bases.with_weights),
            "vae": self.bases.vaes,
            "tokenizer": self.bases.tokenizers,
            "metric": self.tables.pair_metrics,
            "kind": list(self.settings.similarity.kinds),
            "dataset": list(self.settings.deepunlearn.datasets),
            "architecture": self.studies.architectures,
            "unlearner": self.studies.unlearners,
            "block": self.deepunlearn.blocks,
            "draw": ["1"],
            "extent": ["demo", "all"],
            "readable": self.pages.kinds,
            "subject": self.pages.subjects,
            "template": list(TEMPLATES),
            "index": ["000"],
            "tutorial": list(self.notebooks.tutorial_tasks),
            "file": list(self.data.downloads),
            "bundle": list(self.archive.bundles),
        }

    @property
    def other_files(self) -> list[str]:
        """Products, every figure of the paper and the files of every model, which rules make with wildcards beside those known."""
        runs = [run for task in self.tasks for run in self.models.names(task)]
        models = [f"<results>/{file.format(run=run)}" for run in runs for file in OF_MODELS]
        files = self.products(self.tasks) + self.task_figures.of_paper() + models
        return [file.replace("<results>", f"results/{self.settings.world}") for file in files]

    # --- what every job gets ---

    def job(
        self, function: str, *sources: str, asks: Asks | Callable[[Wildcards], Asks] | None = None
    ) -> Callable[[Wildcards], str]:
        """A params function: the function that a job calls and a hash of the code behind it, ``module:function@hash``.

        Args:
            function: ``"lethe.diffusion.jobs.latents:encode_task"``.
            sources: further code that the job runs, files of the checkout whose names may hold wildcards: ``"notebooks/{tutorial}.ipynb"``.
            asks: dotted registry -> names that the job asks it for, where wildcards and configuration do not tell (``asked_by``); or a
                function of the wildcards that gives it.
        """
        self.functions.append(function)
        known: dict[tuple[tuple[str, str], ...], str] = {}

        def once(wildcards: Wildcards) -> str:
            key = tuple((name, value) for name, value in wildcards.items() if name in DECIDE_CODE)
            if key not in known:
                known[key] = named(wildcards)
            return known[key]

        def named(wildcards: Wildcards) -> str:
            own = asks(wildcards) if callable(asks) else asks
            asked = asked_by(self.settings, self._runnable, dict(wildcards.items())) | dict(own or {})
            asked[METHODS] = [name for name in asked[METHODS] if name not in self.externals]  # of others there is no code
            files = [str(self.root / source.format_map(_ByName(wildcards))) for source in sources]
            return f"{function}@{code_of(function, asked, files)}"

        return named if callable(asks) else once  # which may depend on more wildcards

    @cached_property
    def _runnable(self) -> list[str]:
        return self.models.runnable  # is asked for thousands of times

    @property
    def modules(self) -> set[str]:
        """What jobs import: the modules of all functions that the rules name, and what calls them."""
        return {RUN, *(function.partition(":")[0] for function in self.functions)}

    @cached_property
    def inference(self) -> dict[str, Any]:
        """How uncertainty is computed in every result, as plain data."""
        return self.settings.statistics.model_dump() | {"seed": self.settings.seed}

    def stopping(self, file: str) -> list[str]:
        """The gates of ``file`` (a key of ``lethe.workflow.gates.GATES``) that stop a run."""
        return stopping(file, self.settings.gates.stop)

    def generation(self, wildcards: Wildcards) -> dict[str, Any]:
        """How images of the wildcard's task are sampled, as plain data."""
        return self.settings.generation_of(wildcards.task).model_dump()

    def seeds(self, wildcards: Wildcards) -> list[int]:
        """The seeds of its images."""
        return list(self.settings.generation_of(wildcards.task).seeds)

    def first_seed(self, wildcards: Wildcards) -> int:
        """The first of them: of pictures that show one seed."""
        return self.seeds(wildcards)[0]

    def image_size(self, wildcards: Wildcards) -> int:
        """Height and width of its images in pixels."""
        return self.settings.generation_of(wildcards.task).size

    def scoring(self, wildcards: Wildcards) -> dict[str, Any]:
        """What is measured on images of the wildcard's task, as plain data."""
        return self.settings.scoring_by(self.settings.metrics_of(wildcards.task))

    def apart(self, wildcards: Wildcards) -> list[str]:
        """Metrics of the wildcard's task that no GPU computes: where a world uses one, jobs without it score them first.

        None where pictures are kept as latents: to make pictures of them without a GPU takes longer than these metrics hold one.
        """
        asked = self.settings.metrics_of(wildcards.task) if self.gpu and not self.decoding_gpu else []
        return [name for name in asked if name in METRICS and PLACES.get(name, "runs_on", "device") == "cpu"]

    @property
    def decoding_gpu(self) -> int:
        """GPUs of a job that makes pictures of many latents and needs one for nothing else."""
        return self.gpu if self.settings.keep_images == "latents" else 0

    def scored_apart(self, shape: Shape | None = None) -> Callable[[Wildcards], list[str]]:
        """An input function: scores by the metrics of ``apart``, a file for each model of a batch, or the base's; none where none is apart."""

        def files(wildcards: Wildcards) -> list[str]:
            if not self.apart(wildcards):
                return []
            runs = [f"{wildcards.task}_baseline"] if shape is None else self.models.in_batch(shape)(wildcards)
            return [f"<results>/scores/apart/{run}.parquet" for run in runs]

        return files

    def work(self, rule: str) -> Callable[[Wildcards], str]:
        """A params function: where a job of ``rule`` keeps what it has finished, so that a killed one goes on."""
        return lambda wildcards: f"results/{self.settings.world}/.work/{rule}/{'_'.join(wildcards)}"

    def memory(self, job: Job) -> int:
        """MB of main memory for a job that loads a base (lethe.planning.memory); a profile may say otherwise."""
        return need(job, self.settings).host

    def gpu_memory(self, job: Job) -> int:
        """MB of GPU memory for such a job; 0 on the CPU."""
        return need(job, self.settings).gpu

    def training_memory(self, wildcards: Wildcards) -> int:
        """MB of main memory for a job of the wildcards' method."""
        return need("unlearn", self.settings, self.models.hyperparameters(wildcards)).host

    def training_gpu_memory(self, wildcards: Wildcards) -> int:
        """MB of GPU memory for such a job."""
        return need("unlearn", self.settings, self.models.hyperparameters(wildcards)).gpu

    def drawing_memory(self, wildcards: Wildcards) -> int:
        """MB of main memory for a job that draws images of models of the wildcards' method."""
        return need("generate", self.settings, self.models.hyperparameters(wildcards)).host

    def drawing_gpu_memory(self, wildcards: Wildcards) -> int:
        """MB of GPU memory for such a job."""
        return need("generate", self.settings, self.models.hyperparameters(wildcards)).gpu

    def scoring_memory(self, wildcards: Wildcards) -> int:
        """MB of main memory for a job that scores the images of the wildcard's task."""
        return scoring(self.settings, wildcards.task)

    def showing_memory(self, megabytes: int) -> int:
        """MB of main memory for a job that takes ``megabytes`` and shows some pictures, one decoded after the other."""
        return megabytes + decoding(self.settings, together=False)

    def tabulating_memory(self, wildcards: Wildcards) -> int:
        """MB of main memory for a job that reads all answer sets of the wildcard's task."""
        return tabulating(self.settings, wildcards.task, len(self.models.of(wildcards.task)))

    def judging_memory(self, wildcards: Wildcards) -> int:
        """MB of main memory for the training of the wildcard's evaluator."""
        return judging(self.settings, wildcards.evaluator)

    def noise(self, wildcards: Wildcards) -> dict[str, Any]:
        """What captions and noise of membership inference depend on, beside the image."""
        settings = self.settings
        return {"world": settings.world, "task": wildcards.task, "seed": settings.seed, "fidelity": settings.fidelity}


class _ByName(dict[str, str]):
    """Wildcards as ``str.format_map`` asks for them."""

    def __init__(self, wildcards: Wildcards) -> None:
        super().__init__()
        self.wildcards = wildcards

    def __missing__(self, name: str) -> str:
        return getattr(self.wildcards, name)
