"""Functions only, no rules: what the effects of deviations are computed from."""

from lethe.fidelity import PUBLISHED_METHODS

PUBLISHED_KINDS = ["clip", "attr", "act"]  # similarities that the reference computes in another way


def models_are_built():
    """Whether models and images are made here; a published record holds no variants."""
    return plan.settings.archive.models == plan.settings.archive.images == plan.settings.archive.metadata == "build"


def published_variants():
    """Methods that behave as published and run beside ours on one task, outside `all`, unless the world has them anyway."""
    if not models_are_built():
        return []
    return [
        published
        for ours, published in PUBLISHED_METHODS.items()
        if ours in plan.models.methods and published not in plan.models.methods
    ]


def fidelity_runs():
    """task -> method -> its models: what is compared, and on the first task of the demo the published variants."""
    methods = {
        task: [*plan.models.compared, *(published_variants() if task == plan.settings.demo_tasks[0] else [])]
        for task in plan.tasks
    }
    return {task: {method: plan.models.names(task, [method]) for method in found} for task, found in methods.items()}


def published_kinds():
    """Similarities of this world that have a published variant."""
    return [kind for kind in PUBLISHED_KINDS if kind in plan.settings.similarity.kinds]


def fidelity_files(wildcards):
    """Finished files that effects are read from."""
    per_task = ["pairs_{task}.parquet", "interference_per_entity_{task}.json", "noise_floor_{task}.json"]
    per_task += ["scores/{task}_baseline.parquet", "scores/{task}_baseline_embeddings.npz"]
    per_task += [f"metadata_{{task}}_{stage}.json" for stage in ("1_enriched_but_not_filtered", "2_enriched_filtered")]
    per_task += [f"similarity_{name}_{{task}}.json" for name in plan.tables.similarity_names]
    per_task += [f"tables/{name}_{{task}}.csv" for name in ("similarity", "relations", "alignments")]
    per_run = ["scores/{run}_embeddings.npz"]
    if models_are_built():
        per_task += ["sources/{task}.json"]
        per_task += [f"datasets/splits_{{task}}/000/train_{name}/metadata.jsonl" for name in ("forget", "retain")]
        per_task += [f"similarity_published/similarity_{kind}_{{task}}.json" for kind in published_kinds()]
        per_run += ["models/{run}/record.json", "models/{run}/delta.safetensors"]
    found = fidelity_runs()
    names = [
        run for methods in found.values() for method, models in methods.items() if method in plan.models.methods for run in models
    ]
    files = [pattern.format(task=task) for task in plan.tasks for pattern in per_task]
    files += [pattern.format(run=run) for run in names for pattern in per_run]
    for methods in found.values():
        for method in published_variants():
            for run in methods.get(method, []):
                files += [f"scores/{run}.parquet", f"models/{run}/record.json"]
    files += [f"tables/deepunlearn_{dataset}_{architecture}.csv" for dataset, architecture in STUDIES]
    files += [f"tables/deepunlearn_groups_{dataset}_{architecture}.csv" for dataset, architecture in STUDIES]
    files += [
        f"tables/deepunlearn_lira_{dataset}_{architecture}.csv"
        for dataset, architecture in STUDIES
        if attacked(dataset, architecture)
    ]
    return [f"<results>/{name}" for name in dict.fromkeys(files)]


def fidelity_bases(wildcards):
    """Bases whose architecture some effects need."""
    return [f"<results>/base/{base}" for base in plan.settings.bases] if models_are_built() else []


def claimed_studies():
    """Studies of Deep Unlearn whose models are attacked."""
    return [study for study in STUDIES if attacked(*study)]


def claimed_benchmarks():
    """What `make bench` measures, in a world that it is written for."""
    return BENCHMARKS if "judge" in plan.settings.evaluators else []


def claim_tables(wildcards):
    """Finished tables that claims are read from."""
    tables = [f"tables/{name}_{task}.csv" for task in plan.tasks for name in ("unlearning", "similarity", "relations")]
    tables += [f"tables/gates_{task}.json" for task in plan.tasks]
    tables += ["deepunlearn/{}/{}/lira/gates.json".format(*study) for study in claimed_studies()]
    return [f"<results>/{table}" for table in tables] + [f"results/bench/{name}.json" for name in claimed_benchmarks()]


def template_code(wildcards):
    """Fingerprint of the code behind a result: its computation and its picture."""
    return fingerprint(
        "lethe.plots.templates.figure", TEMPLATES.module_of(wildcards.template), PLOTS.module_of(wildcards.template)
    )
