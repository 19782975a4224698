"""The models that everything else uses: bases and evaluators, shipped, trained here, or from outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from lethe.core.methods import RETRAINED
from lethe.diffusion.compvis import check_checkpoint, described_by
from lethe.diffusion.folder import check_folder
from lethe.diffusion.methods import ROLES
from lethe.diffusion.plan.data import Data, task_of
from lethe.diffusion.plan.usable import UsableBases
from lethe.diffusion.pretraining.architectures import tokenizer_config
from lethe.diffusion.supported import check_sampling
from lethe.planning.wildcards import Wildcards
from lethe.settings.bases import Base, Evaluator, Model
from lethe.settings.errors import SettingsError
from lethe.settings.generation import Generation
from lethe.settings.models import Settings
from lethe.settings.paths import check_exists
from lethe.settings.pretraining import SETTINGS_OF, PretrainingSettings, Trained

PARTS_OF_BASES: tuple[Literal["vae", "tokenizer"], ...] = ("vae", "tokenizer")
TRAINED = ("prebuilt", "train")  # sources of models that this project trained


class Bases(UsableBases):
    """Bases, evaluators and the checkpoints they are put together from.

    Args:
        settings: of the world.
        data: what the world's own models are trained on.
        assets: folder of the shipped checkpoints, assets/mini.
    """

    def __init__(self, settings: Settings, data: Data, assets: Path) -> None:
        super().__init__(settings)
        self.data = data
        self._assets = assets

    @property
    def trained(self) -> list[str]:
        """Names of bases that are put together from checkpoints."""
        return _from(self.settings.bases, *TRAINED)

    @property
    def local(self) -> list[str]:
        """Names of bases that are folders of one's own."""
        return [name for name in _from(self.settings.bases, "pretrained") if self.settings.bases[name].folder]

    @property
    def on_hub(self) -> list[str]:
        """Names of bases that are fetched."""
        return [name for name in _from(self.settings.bases, "pretrained") if not self.settings.bases[name].folder]

    @property
    def evaluators_trained(self) -> list[str]:
        """Names of evaluators that are put together from checkpoints."""
        return _from(self.with_weights, *TRAINED)

    @property
    def with_weights(self) -> dict[str, Evaluator]:
        """Evaluators that are models of their own."""
        return {name: entry for name, entry in self.settings.evaluators.items() if entry.kind != "zero_shot"}

    @property
    def evaluators_on_hub(self) -> list[str]:
        """Names of evaluators that are fetched."""
        return [name for name in _from(self.settings.evaluators, "pretrained") if name not in self.attributes]

    @property
    def evaluators_published(self) -> list[str]:
        """Names of classifiers whose checkpoint is a published file."""
        return [name for name in _from(self.settings.evaluators, "pretrained") if name in self.attributes]

    def checkpoint(self, wildcards: Wildcards) -> list[str]:
        """The file from outside that the wildcard's classifier is, or that its training starts from; a ``SettingsError`` without it."""
        entry = self.settings.evaluators[wildcards.evaluator]
        found = {"start": entry.start} if entry.source == "train" else {"path": entry.path}
        for key in [key for key, path in found.items() if path]:
            check_exists(f"evaluators.{wildcards.evaluator}.{key}", found[key])
        return [path for path in found.values() if path]

    def classes(self, wildcards: Wildcards) -> list[str]:
        """The classes of a published classifier, in their order."""
        name = wildcards.evaluator
        return self.settings.classes_in(self.settings.tasks_of_evaluator(name)[0], self.attributes[name])

    def evaluators(self, wildcards: Wildcards) -> list[str]:
        """The folders of the evaluators of the wildcard's task, in the order of the configuration; a zero-shot classifier is its clip."""
        names = self.settings.evaluators_of(wildcards.task)
        clip = next((name for name in names if self.settings.evaluators[name].kind == "clip"), "")
        return [f"<results>/evaluators/{name if name in self.with_weights else clip}" for name in names]

    def evaluator_settings(self, wildcards: Wildcards) -> dict[str, Any]:
        """Name -> what these evaluators are, as plain data; not where they come from, which their folders tell."""
        names, kept = self.settings.evaluators_of(wildcards.task), self.settings.evaluators
        return {name: self._described(name) | ({"features": True} if kept[name].features else {}) for name in names}

    def described(self, wildcards: Wildcards) -> dict[str, Any]:
        """What the wildcard's evaluator is, as plain data."""
        return self._described(wildcards.evaluator)

    def _described(self, evaluator: str) -> dict[str, Any]:
        return self.settings.evaluators[evaluator].model_dump(include={"kind", "attribute", "metric"})

    def of_kind(self, kind: str) -> Callable[[Wildcards], str]:
        """An input function: the folder of the evaluator of a kind that scores the wildcard's task."""

        def folder(wildcards: Wildcards) -> str:
            names = self.settings.evaluators_of(wildcards.task)
            return f"<results>/evaluators/{next(name for name in names if self.settings.evaluators[name].kind == kind)}"

        return folder

    # --- what they are put together from ---

    def part(self, name: str, source: str) -> list[str]:
        """A trained checkpoint and its record: shipped with the repository or trained by this workflow."""
        folder = str(self._assets) if source == "prebuilt" else "<results>/parts"
        return [f"{folder}/{name}.safetensors", f"{folder}/{name}.json"]

    def parts(self, wildcards: Wildcards) -> dict[str, Any]:
        """What a base's pipeline folder is put together from."""
        base = self.settings.bases[wildcards.base]
        return {
            "vae": self._shared(base, "vae", base.source),
            "weights": self.part(f"base_{wildcards.base}", base.source),
            "tokenizer": self._shared(base, "tokenizer", base.source)[1],
        }

    def _shared(self, base: Base, part: Literal["vae", "tokenizer"], source: str) -> list[str]:
        """The autoencoder or tokenizer of a base: of one that is trained like another, the other's own, or nothing could be compared."""
        name, like = getattr(base, part), self.settings.bases.get(base.like or "")
        return self.part(name, like.source if like and getattr(like, part) == name else source)

    def evaluator_parts(self, wildcards: Wildcards) -> dict[str, Any]:
        """What an evaluator's folder is put together from."""
        entry = self.settings.evaluators[wildcards.evaluator]
        tokenizer = self.part(entry.tokenizer, entry.source)[1] if entry.kind == "clip" else []
        return {"weights": self.part(wildcards.evaluator, entry.source), "tokenizer": tokenizer}

    @cached_property
    def retrained(self) -> str:
        """The reference by retraining, whose name begins those of its checkpoints."""
        return ROLES.reference(RETRAINED)

    def retrained_part(self, wildcards: Wildcards) -> list[str]:
        """Of a batch of the reference by retraining: the weights of the base trained without the entity, and their record."""
        if wildcards.method != self.retrained:
            return []
        source = self.settings.bases[self.settings.tasks[wildcards.task].base].source
        return self.part(f"{self.retrained}_{wildcards.task}_{wildcards.batch}", source)

    @property
    def reference(self) -> str:
        """The checkpoint of a base that is trained without the wildcards' entity, without its ending."""
        return f"<results>/parts/{self.retrained}_{{task}}_{{index}}"

    @property
    def all_parts(self) -> list[str]:
        """Every checkpoint of the world's own models, and its record."""
        names = [*self.vaes, *self.with_weights, *[f"base_{base}" for base in self.trained]]
        names += [
            f"{self.retrained}_{name}_{index:03d}"
            for name, task in self.settings.tasks.items()
            for index in task.retrain_emitters
        ]
        parts = [f"<results>/parts/{name}.{suffix}" for name in names for suffix in ("safetensors", "json")]
        return [*parts, *(f"<results>/parts/{name}.json" for name in self.tokenizers)]

    @property
    def vaes(self) -> list[str]:
        """Names of the parts that are autoencoders of bases."""
        return list(dict.fromkeys(base.vae for base in self.settings.bases.values()))

    @property
    def tokenizers(self) -> list[str]:
        """Names of the parts that are tokenizers of bases or evaluators."""
        of_evaluators = [entry.tokenizer for entry in self.settings.evaluators.values() if entry.kind == "clip"]
        return list(dict.fromkeys([*(base.tokenizer for base in self.settings.bases.values()), *of_evaluators]))

    def sources(self, wildcards: Wildcards) -> list[str]:
        """Source images that the wildcard's part, base, evaluator, or the base of its task, is trained on."""
        return self.data.sources(self.tasks_on(wildcards), "judges" if "evaluator" in dict(wildcards.items()) else "")

    def pretraining(self, wildcards: Wildcards) -> dict[str, Any]:
        """What the training of the wildcard's part, evaluator or base, or of the base of its task, reads, as plain data."""
        given = dict(wildcards.items())
        model: Trained = "base"
        if "evaluator" in given:
            model = SETTINGS_OF[self.settings.evaluators[given["evaluator"]].kind]
        elif named := [part for part in PARTS_OF_BASES if part in given]:
            model = named[0]
        return self._pretraining(wildcards).part(model)

    def _pretraining(self, wildcards: Wildcards) -> PretrainingSettings:
        given, settings = dict(wildcards.items()), self.settings
        if "evaluator" in given:
            return settings.pretraining_of(settings.evaluators[given["evaluator"]])
        for part in PARTS_OF_BASES:
            if part in given:  # bases that share a part are trained alike
                named = [base for base in settings.bases.values() if getattr(base, part) == given[part]]
                return settings.pretraining_of(named[0]) if named else settings.pretraining
        return settings.pretraining_of(self._base_of(wildcards))

    def start(self, wildcards: Wildcards) -> list[str]:
        """The shipped checkpoint that the training of the wildcard's autoencoder starts from, if it does."""
        start = self._pretraining(wildcards).vae.start
        return self.part(start, "prebuilt") if start else []

    def exclude(self, wildcards: Wildcards) -> list[str]:
        """Classes that the training of the wildcard's base never sees."""
        return list(self.settings.bases[wildcards.base].exclude)

    def held_out(self, wildcards: Wildcards) -> list[str]:
        """The folder of the base that is trained as that of the wildcard's task, but without some cells; none if there is none."""
        return [f"<results>/base/{name}" for name in self._held_out(wildcards)]

    def never_seen(self, wildcards: Wildcards) -> list[str]:
        """Names of these cells."""
        excluded = [label for name in self._held_out(wildcards) for label in self.settings.bases[name].exclude]
        return [label.removeprefix(f"{wildcards.task}/") for label in excluded]

    def _held_out(self, wildcards: Wildcards) -> list[str]:
        base = self.settings.tasks[wildcards.task].base
        return [name for name, entry in self.settings.bases.items() if entry.like == base and entry.exclude][:1]

    def seed(self, wildcards: Wildcards) -> int:
        """The seed of the training of the wildcard's evaluator."""
        own = self.settings.evaluators[wildcards.evaluator].seed
        return self.settings.seed if own is None else own

    def styles(self, wildcards: Wildcards) -> dict[str, str]:
        """Prompt styles of the tasks that it is trained on."""
        return self.data.prompt_styles(self.tasks_on(wildcards))

    def tasks_on(self, wildcards: Wildcards) -> list[str]:
        """Of an autoencoder or a tokenizer: the tasks of every base that names it; of a tokenizer, those of evaluators too."""
        given, settings = dict(wildcards.items()), self.settings
        if "evaluator" in given:
            return settings.tasks_of_evaluator(given["evaluator"])
        if "vae" in given:
            return [name for name, task in settings.tasks.items() if settings.bases[task.base].vae == given["vae"]]
        if "tokenizer" in given:
            asked = given["tokenizer"]
            read = [e for e, entry in settings.evaluators.items() if entry.kind == "clip" and entry.tokenizer == asked]
            of_clips = {task for evaluator in read for task in settings.tasks_of_evaluator(evaluator)}
            return [
                name for name, task in settings.tasks.items() if settings.bases[task.base].tokenizer == asked or name in of_clips
            ]
        base = given["base"] if "base" in given else settings.tasks[given["task"]].base
        base = settings.bases[base].like or base
        return [name for name, task in settings.tasks.items() if task.base == base]

    def vae_of(self, wildcards: Wildcards) -> list[str]:
        """The autoencoder that the wildcard's base, or the base of its task, is trained with."""
        return self._shared(self._base_of(wildcards), "vae", "train")

    def tokenizer_of(self, wildcards: Wildcards) -> str | list[str]:
        """The tokenizer of the wildcard's base, of the base of its task, or of its evaluator if it reads text, where they are trained."""
        given = dict(wildcards.items())
        if "evaluator" not in given:
            return self._shared(self._base_of(wildcards), "tokenizer", "train")[1]
        evaluator = self.settings.evaluators[given["evaluator"]]
        return self.part(evaluator.tokenizer, "train")[1] if evaluator.kind == "clip" else []

    def judges_of(self, wildcards: Wildcards) -> list[str]:
        """The classifiers that measure a base which is trained: those that know what all its tasks show."""
        tasks = set(self.tasks_on(wildcards))
        judges = [name for name in self.attributes if tasks <= set(self.settings.tasks_of_evaluator(name))]
        return [file for name in judges for file in self.part(name, self.settings.evaluators[name].source)]

    @property
    def attributes(self) -> dict[str, str]:
        """Name of a classifier -> the attribute that it tells."""
        return {name: entry.attribute for name, entry in self.settings.evaluators.items() if entry.kind == "classifier"}

    def _base_of(self, wildcards: Wildcards) -> Base:
        given = dict(wildcards.items())
        return self.settings.bases[given["base"] if "base" in given else self.settings.tasks[given["task"]].base]

    # --- bases from outside ---

    def base(self, wildcards: Wildcards) -> dict[str, Any]:
        """Where the wildcard's base is from, as plain data."""
        return self.settings.bases[wildcards.base].model_dump(include={"source", "path", "revision", "config", "averaged"})

    def evaluator(self, wildcards: Wildcards) -> dict[str, Any]:
        """Where the wildcard's evaluator comes from and what it is, as plain data; not whom it scores."""
        return self.settings.evaluators[wildcards.evaluator].model_dump(exclude={"tasks", "features"})

    def kind_of_evaluator(self, wildcards: Wildcards) -> str:
        """The kind of the wildcard's evaluator."""
        return self.settings.evaluators[wildcards.evaluator].kind

    def given(self, wildcards: Wildcards) -> list[str]:
        """No file, but what is wrong with a base of one's own, as far as its files tell.

        Raises:
            SettingsError: names the key and what is wrong.
        """
        entry, key, folder = self.settings.bases[wildcards.base], f"bases.{wildcards.base}.path", self.files_of(wildcards.base)
        assert folder is not None and entry.folder is not None
        in_file = entry.in_one_file and folder == entry.described
        check_exists(key.replace(".path", ".config") if in_file else key, str(folder))
        check_exists(key, str(entry.folder if in_file else folder))
        try:
            check_checkpoint(entry.folder, folder) if in_file else check_folder(folder)
            for generation in self._samplings(wildcards.base):
                check_sampling(folder, generation.scheduler, generation.size)
        except (OSError, ValueError) as error:
            raise SettingsError(f"{key}: {error}") from None
        return []

    def _samplings(self, base: str) -> list[Generation]:
        """How images of the tasks of a base are sampled; of a base without a task, as in the world."""
        tasks = [name for name, task in self.settings.tasks.items() if task.base == base]
        return [self.settings.generation_of(task) for task in tasks] or [self.settings.generation]

    def own_folder(self, wildcards: Wildcards) -> list[str]:
        """The folder of a base of one's own; of a CompVis file that and what describes it."""
        entry = self.settings.bases[wildcards.base]
        return [str(path) for path in (entry.folder, *(described_by(entry.described) if entry.in_one_file else [])) if path]

    def tokenizer(self, wildcards: Wildcards) -> list[str]:
        """The tokenizer of a task's base, where it is a file before the base is trained or fetched: not of one on the hub."""
        base = self.settings.origin_of(self.settings.tasks[wildcards.task].base)
        if base.source != "pretrained":
            return [self.part(base.tokenizer, base.source)[1]]
        folder = base.described / "tokenizer" if base.described else None
        return sorted(str(file) for file in folder.iterdir() if file.is_file()) if folder and folder.is_dir() else []

    def tokenizer_settings(self, wildcards: Wildcards) -> dict[str, Any]:
        """The configuration of that tokenizer, where the base is put together here; a pretrained one has its own."""
        base = self.settings.origin_of(self.settings.tasks[wildcards.task].base)
        return {} if base.source == "pretrained" else tokenizer_config(self.settings.pretraining_of(base).tokenizer)

    def shown_lists(self, wildcards: Wildcards) -> list[str]:
        """The list of training images, where members are the images that the methods were shown."""
        return [self.data.training(wildcards)] if self.settings.scoring.membership.members == "unlearning" else []

    def decoder(self, wildcards: Wildcards) -> list[str]:
        """The base whose VAE makes pictures of the kept latents of the wildcard's task; none where pictures are kept."""
        return [f"<results>/{folder}" for folder in self.settings.decoding_base(wildcards.task)]

    def decoder_of_run(self, wildcards: Wildcards) -> list[str]:
        """The same of the task of the wildcard's run, ``people_000_uce_000`` or ``people_baseline``."""
        return [f"<results>/{folder}" for folder in self.settings.decoding_base(task_of(wildcards.run))]

    def lpips_weights(self, wildcards: Wildcards) -> list[str]:
        """Files of the weights that the metric `lpips_alex` reads; the job says which one is missing and where it is published."""
        folder = self.settings.scoring.lpips_alex
        if not folder:
            return []
        check_exists("scoring.lpips_alex", folder)
        return sorted(str(file) for file in Path(folder).iterdir() if file.is_file())


def _from(entries: Mapping[Any, Model], *sources: str) -> list[str]:
    """The names of bases or evaluators that come from one of ``sources``."""
    return [name for name, entry in entries.items() if entry.source in sources]
