"""Functions only, no rules: what can be asked for, so that a misspelt target gets its nearest names."""

from itertools import product
from snakemake.cli import get_argument_parser
from snakemake.io import strip_wildcard_constraints


def refuse_unknown_targets():
    """Stop where a target is neither a rule nor a file that is there or that a rule makes; the message holds the nearest one.

    Snakemake says nothing of its targets while it reads this, so they are read from the command line, by its own parser where a word
    on it is not known here. A run that another program starts is left alone.
    """
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    if "snakemake" not in sys.argv[0] or all(map(can_be_asked_for, words)):
        return
    for target in get_argument_parser().parse_known_args(sys.argv[1:])[0].targets:
        if not can_be_asked_for(target):
            known = sorted(makeable_files()) if "/" in target else [step.name for step in workflow.rules]
            raise WorkflowError(f"no rule and no file that a rule makes is called '{target}'{nearest(target, known)}")


def can_be_asked_for(target):
    """Whether a target is a rule, a file that is there, or one that a rule makes."""
    file = target if os.path.isabs(target) else os.path.relpath(target)
    return Path(file).exists() or any(target == step.name or step.is_producer(file) for step in workflow.rules)


def makeable_files():
    """Files of this configuration: of every rule with each of the names in its wildcards, and of every model."""
    known = {
        "task": plan.tasks,
        "method": plan.models.methods,
        "base": list(plan.settings.bases),
        "evaluator": list(plan.settings.evaluators),
        "metric": plan.tables.pair_metrics,
        "kind": plan.settings.similarity.kinds,
        "dataset": list(plan.settings.deepunlearn.datasets),
        "architecture": sorted({architecture for _, architecture in STUDIES}),
        "unlearner": sorted({name for data in plan.settings.deepunlearn.datasets.values() for name in data.methods}),
        "index": ["000"],
        "tutorial": list(TUTORIALS),
        "file": list(plan.data.downloads),
        "bundle": list(bundle_contents()),
    }
    found = set(plan.products(plan.tasks) + plan.figures.of_paper(None))
    for step in workflow.rules:
        names = sorted(step.wildcard_names)
        if set(names) <= set(known):
            for values in product(*[known[name] for name in names]):
                found |= {strip_wildcard_constraints(file).format(**dict(zip(names, values))) for file in step.output}
    shards = ("datasets/generated_{run}.tar", "scores/{run}.parquet", "models/{run}/delta.safetensors")
    models = [
        f"results/{plan.settings.world}/{shard.format(run=run)}"
        for task in plan.tasks
        for run in plan.models.names(task)
        for shard in shards
    ]
    return {file.replace("<results>", f"results/{plan.settings.world}") for file in [*found, *models]}
