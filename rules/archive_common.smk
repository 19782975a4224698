"""Functions of published records, no rules: what rules/common.smk is to I-CARE."""

from functools import lru_cache


def run_files(task, method, *patterns):
    """`patterns` for every model of a task and method."""
    return expand(
        "<results>/{file}", file=[pattern.format(run=run) for run in plan.models.names(task, [method]) for pattern in patterns]
    )


@lru_cache(maxsize=None)
def bundle_contents():
    """bundle -> (class of artefacts, its files). Few and large: a Zenodo record takes a hundred files."""
    stems = ["metadata_{task}_1_enriched_but_not_filtered", "metadata_{task}_2_enriched_filtered"]
    stems += [f"similarity_{kind}_{{task}}" for kind in plan.tables.similarity_names]
    names = [stem.format(task=task) for task in plan.tasks for stem in stems]
    bundles = {"metadata": ("metadata", expand("<results>/{name}.json", name=names))}
    shard = ("datasets/generated_{run}.tar", "datasets/generated_{run}.parquet")
    for task in plan.tasks:
        off = [pattern.format(run=f"{task}_baseline") for pattern in shard]
        bundles[f"images_{task}_baseline"] = ("images", expand("<results>/{file}", file=off))
        for method in plan.models.methods_of(task):
            model = run_files(task, method, "models/{run}/delta.safetensors", "models/{run}/record.json")
            bundles[f"models_{task}_{method}"] = ("models", model)
            bundles[f"images_{task}_{method}"] = ("images", run_files(task, method, *shard))
    classifiers = [file for file in deepunlearn_products(STUDIES) if "/tables/" in file]
    bundles["tables"] = ("tables", plan.tables.of_tasks(plan.tasks) + classifiers)
    return {name: content for name, content in bundles.items() if content[0] in plan.settings.publish.classes}


def bundle_kind(wildcards):
    """The class of the artefacts in the wildcard's bundle."""
    return bundle_contents()[wildcards.bundle][0]


def bundle_files(wildcards):
    """What goes into the wildcard's bundle."""
    return bundle_contents()[wildcards.bundle][1]


def settings_of_images():
    """The settings that decide what is on the images: a record that was made with other ones is refused."""
    kept = {
        "base",
        "entities",
        "balance",
        "priority",
        "rules",
        "selection",
        "prompt_style",
        "overwrite_prompt",
        "images_per_entity",
    }
    return {
        "world": plan.settings.world,
        "fidelity": plan.settings.fidelity,
        "seed": plan.settings.seed,
        "generation": plan.settings.generation.model_dump(mode="json", exclude={"batch_size"}),
        "tasks": {name: task.model_dump(mode="json", include=kept) for name, task in plan.settings.tasks.items()},
    }


def token_of_zenodo(wildcards):
    """The metadata of the draft; asking for it declares the token that a draft needs.

    This is the `envvars:` directive, at the moment when a job that needs the token is planned: at the top of a file it would
    stop every other target where there is no token.
    """
    workflow.register_envvars("ZENODO_TOKEN")
    return "<results>/publish/metadata.json"


def token_of_huggingface(wildcards):
    """The manifest to push; asking for it declares the token, see `token_of_zenodo`."""
    if not plan.settings.publish.huggingface:
        raise WorkflowError("publish.huggingface names no data set (owner/name), see docs/zenodo.md")
    workflow.register_envvars("HF_TOKEN")
    return "<results>/publish/manifest.json"
