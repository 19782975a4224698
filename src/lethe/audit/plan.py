"""What an audit leads to: its task, its page and tables, and what its jobs get."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

from lethe.audit.asked import Asked, concepts_of
from lethe.audit.labels import label
from lethe.audit.unlearned import METHOD
from lethe.audit.words import check_words
from lethe.audit.world import EXAMPLE, TASK
from lethe.core.methods import UNCHANGED
from lethe.diffusion.methods import NEEDS, ROLES
from lethe.diffusion.plan.bases import Bases
from lethe.diffusion.plan.models import Models
from lethe.planning.wildcards import Wildcards
from lethe.settings.audit import Audit
from lethe.settings.errors import SettingsError
from lethe.settings.models import Settings
from lethe.settings.paths import check_exists
from lethe.settings.scoring import NEED

PAGE = "<results>/index.html"
STYLE = Path(__file__).parent / "static/style.css"


class AuditPlan:
    """The audit of a world, if it is one.

    Args:
        settings: of the world. models, bases: of the same.
    """

    def __init__(self, settings: Settings, models: Models, bases: Bases) -> None:
        self.settings = settings
        self.models = models
        self.bases = bases
        self.tasks = [TASK] if settings.audit else []
        self.unchanged = ROLES.reference(UNCHANGED)
        self.style = str(STYLE)

    @property
    def audit(self) -> Audit:
        """The section.

        Raises:
            SettingsError: there is none.
        """
        if self.settings.audit is None:
            raise SettingsError(f"audit: nothing is configured to be audited; for example {EXAMPLE} (docs/audit.md)")
        return self.settings.audit

    def products(self, wildcards: Wildcards | None = None) -> list[str]:
        """The page, its tables and the unlearned models; a ``SettingsError`` where there is no audit."""
        assert self.audit
        return [PAGE, *self.tables.values(), *self.deltas.values(), *self.exports.values()]

    @property
    def tables(self) -> dict[str, str]:
        """What it is -> the file."""
        return {
            "What changed: every prompt, model and measure": f"<results>/tables/audit_changes_{TASK}.csv",
            "What was asked for, and how it was chosen": f"<results>/tables/audit_concepts_{TASK}.csv",
            "The checks": f"<results>/tables/audit_gates_{TASK}.json",
        }

    @property
    def deltas(self) -> dict[str, str]:
        """What it is -> the file of every unlearned model."""
        return {
            f"The model without the concept, as a change of its weights: {name}": f"<results>/models/{name}/delta.safetensors"
            for name in self.judged()
        }

    @property
    def exports(self) -> dict[str, str]:
        """What it is -> the folder of every model that was made here, for other tools; not of one that acts while a picture is drawn."""
        made = [model for model in self.models.of(TASK) if self.models.runs_here(model.method) and model.name in self.judged()]
        return {
            f"The same for plain diffusers, with a model card: {model.name}": f"<results>/export/{model.name}"
            for model in made
            if not NEEDS.needs(model.method, "sampling")
        }

    def files(self, wildcards: Wildcards) -> dict[str, str]:
        """Label -> path of tables and models, as seen from the page."""
        found = {label: file.removeprefix("<results>/") for label, file in (self.tables | self.deltas | self.exports).items()}
        return {label: f"{file}/README.md" if label in self.exports else file for label, file in found.items()}

    @cached_property
    def asked(self) -> Asked:
        """The concepts."""
        return concepts_of(self.audit)

    def told(self, wildcards: Wildcards) -> str:
        """The receivers that methods are told of: in an audit without those that are watched, else all of the task."""
        return f"<results>/{'audit_told' if wildcards.task in self.tasks else 'receivers'}_{wildcards.task}.json"

    def concepts(self, wildcards: Wildcards) -> dict[str, Any]:
        """The concepts, as plain data."""
        return self.asked._asdict()

    def template(self, wildcards: Wildcards) -> str:
        """How a prompt calls a concept."""
        return self.audit.prompt

    def overwrite(self, wildcards: Wildcards) -> str:
        """The concept that takes the place of what is forgotten; empty: the unconditional one."""
        return self.audit.overwrite

    def given(self, wildcards: Wildcards) -> list[str]:
        """No file; refuses words that the tokenizer of the model does not know, where it is at hand before a job runs.

        Raises:
            SettingsError: names key, word and the nearest that is known.
        """
        from lethe.diffusion.testbed.tokens import prompt_reader, read_tokenizer  # a library that no other plan needs

        if files := self.bases.tokenizer(wildcards):
            config = self.bases.tokenizer_settings(wildcards)
            reader = prompt_reader(files[0], config) if config else read_tokenizer(Path(files[0]).parent)
            check_words(reader, self.audit.prompt, self.asked.lists)
        return []

    def vocabulary(self, wildcards: Wildcards) -> list[str]:
        """The file that neighbours are chosen from; none where what is kept is given."""
        if self.asked.keep is not None:
            return []
        check_exists("audit.vocabulary", self.audit.vocabulary)
        return [self.audit.vocabulary]

    def images(self, wildcards: Wildcards) -> list[str]:
        """The folder of pictures, if one is given."""
        return [self.audit.images] if self.audit.images else []

    def limit(self, wildcards: Wildcards) -> int:
        """Pictures of a concept that methods look at, at most."""
        return self.settings.tasks[TASK].images_per_entity

    def titles(self, wildcards: Wildcards) -> dict[str, str]:
        """How a page calls the model of others: by the name of its file or folder."""
        return {METHOD: Path(self.audit.unlearned).expanduser().resolve().name} if self.audit.unlearned else {}

    def called(self, wildcards: Wildcards) -> str:
        """How a page calls the model: its name without the folders that it lies in."""
        model = self.audit.model.rstrip("/")
        return (
            model if self.audit.revision else Path(model).expanduser().resolve().name if "/" in model or model == "." else model
        )

    def unmeasured(self, wildcards: Wildcards) -> list[str]:
        """What of all measures is left out, and why; nothing where `audit.metrics` names them."""
        if self.audit.metrics:
            return []
        there, size = self.settings.metrics_of(TASK), self.settings.generation_of(TASK).size
        lost = [names for names in NEED.values() if not names & set(there)]
        why = f"the configuration has no evaluator that knows pictures of {size} px and these words (docs/audit.md)"
        return [f"{' and '.join(label(name) for name in sorted(names))}: {why}" for names in lost]

    def judged(self, wildcards: Wildcards | None = None) -> list[str]:
        """Names of the unlearned models, those of the method that changes nothing left out."""
        return [model.name for task in self.tasks for model in self.models.of(task) if model.method != self.unchanged]

    def seeds(self, wildcards: Wildcards) -> list[int]:
        """The seeds of the pictures."""
        return list(self.settings.generation_of(TASK).seeds)

    def pictures(self, wildcards: Wildcards) -> dict[str, Any]:
        """The shards of pictures, before and after, and the base that makes pictures of latents, where these are kept."""
        shards = [f"<results>/datasets/generated_{name}" for name in self.judged()]
        off = f"<results>/datasets/generated_{TASK}_baseline"
        return {
            "decoder": [f"<results>/{folder}" for folder in self.settings.decoding_base(TASK)],
            "off_tar": f"{off}.tar",
            "off_index": f"{off}.parquet",
            "tars": [f"{shard}.tar" for shard in shards],
            "indices": [f"{shard}.parquet" for shard in shards],
        }
