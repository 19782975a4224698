"""Functions only, no rules: what the explorer is made from."""

from lethe.explorer.page import PARTS, STATIC


def explorer_files(tasks):
    """The page and the data of some tasks."""
    return expand("<results>/explorer/{name}", name=["index.html", *tasks])


def runs_of_task(wildcards):
    """Names of all unlearned models of the wildcard's task."""
    return plan.models.names(wildcards.task)


def explorer_shards(wildcards):
    """The off images of a task, then the on images of every model."""
    shards = [
        f"<results>/datasets/generated_{name}" for name in (f"{wildcards.task}_baseline", *plan.models.names(wildcards.task))
    ]
    return {"tars": [f"{shard}.tar" for shard in shards], "indices": [f"{shard}.parquet" for shard in shards]}
