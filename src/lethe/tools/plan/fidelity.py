"""What the effects of deviations from the reference are computed from."""

from __future__ import annotations

from lethe.benchmarks.deepunlearn.plan.tables import DeepUnlearn
from lethe.benchmarks.icare.plan.tables import Tables
from lethe.classifiers.plan.studies import Studies
from lethe.diffusion.plan.models import Models
from lethe.planning.wildcards import Wildcards
from lethe.settings.models import Settings

PUBLISHED_KINDS = ("clip", "attr", "act")  # similarities that the reference computes in another way
PER_TASK = (
    "pairs_{task}.parquet",
    "interference_per_entity_{task}.json",
    "noise_floor_{task}.json",
    "scores/{task}_baseline.parquet",
    "scores/{task}_baseline_embeddings.npz",
    "metadata_{task}_1_enriched_but_not_filtered.json",
    "metadata_{task}_2_enriched_filtered.json",
    "receivers_{task}.json",
    "tables/similarity_{task}.csv",
    "tables/relations_{task}.csv",
    "tables/alignments_{task}.csv",
)
BUILT_PER_TASK = (  # where models and images are made here
    "sources/{task}.json",
    "datasets/splits_{task}/000/train_forget/metadata.jsonl",
    "datasets/splits_{task}/000/train_retain/metadata.jsonl",
)


class Effects:
    """The finished results that tell what a deviation changes.

    Attributes:
        kinds: similarities of this world that have a published variant.
    """

    def __init__(self, settings: Settings, models: Models, tables: Tables, studies: Studies, deepunlearn: DeepUnlearn) -> None:
        self.settings = settings
        self.models = models
        self.tables = tables
        self.studies = studies
        self.deepunlearn = deepunlearn
        self.kinds = [kind for kind in PUBLISHED_KINDS if kind in settings.similarity.kinds]

    @property
    def built(self) -> bool:
        """Whether models and images are made here; a published record holds no variants."""
        return self.models.built("models", "images", "metadata")

    @property
    def matrices(self) -> list[str]:
        """The similarities of the wildcard's task as the reference computes them."""
        return [f"<results>/similarity_published/similarity_{kind}_{{task}}.json" for kind in self.kinds]

    @property
    def runs(self) -> dict[str, dict[str, list[str]]]:
        """Task -> method -> names of its models: what is compared, and on the first task of the demo the published variants."""
        variants = {self.settings.demo_tasks[0]: self.models.published_variants}
        return {
            task: {method: self.models.names(task, [method]) for method in (*self.models.compared, *variants.get(task, ()))}
            for task in self.settings.full_tasks
        }

    def files(self, wildcards: Wildcards) -> list[str]:
        """Finished files of every task that effects are read from."""
        per_task = list(PER_TASK)
        per_model = ["scores/{model}_embeddings.npz"]
        if self.built:
            per_task += [*BUILT_PER_TASK, *(file.removeprefix("<results>/") for file in self.matrices)]
            per_model += ["models/{model}/record.json", "models/{model}/delta.safetensors"]
        files = [pattern.format(task=task) for task in self.settings.full_tasks for pattern in per_task]
        files += [
            f"similarity_{name}_{task}.json" for task in self.settings.full_tasks for name in self.tables.similarity_names(task)
        ]
        for methods in self.runs.values():
            for method, models in methods.items():
                of_variant = ["scores/{model}.parquet", "models/{model}/record.json"]
                patterns = per_model if method in self.models.methods else of_variant
                files += [pattern.format(model=model) for model in models for pattern in patterns]
        return [f"<results>/{name}" for name in files]

    def bases(self, wildcards: Wildcards) -> list[str]:
        """Bases whose architecture some effects need."""
        return [f"<results>/base/{base}" for base in self.settings.bases] if self.built else []

    @property
    def study_tables(self) -> list[str]:
        """Tables of studies of Deep Unlearn that effects are read from."""
        names = []
        for dataset, architecture in self.studies.pairs:
            kinds = (
                "deepunlearn",
                "deepunlearn_groups",
                *(["deepunlearn_lira"] if self.deepunlearn.attacked(dataset, architecture) else []),
            )
            names += [f"<results>/tables/{kind}_{dataset}_{architecture}.csv" for kind in kinds]
        return names
