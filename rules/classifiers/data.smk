"""Data sets of classifiers and their splits.

In: a data set (config `deepunlearn.datasets`).
Out: deepunlearn/{dataset}/data.safetensors.
"""


use rule job as fetch_classification_data with:
    """The original files of a data set, each checked against its MD5."""
    output:
        folder=directory("<results>/deepunlearn/{dataset}/files"),
    log:
        "<logs>/fetch_classification_data/{dataset}.log",
    benchmark:
        "<benchmarks>/fetch_classification_data/{dataset}.tsv"
    resources:
        mem_mb=500,
        runtime=60,
    params:
        job=plan.job("lethe.classifiers.data.fetch:fetch"),
        provider=plan.studies.provider,
    message:
        "Files of {wildcards.dataset}"


use rule job as classification_data with:
    """Images, labels and pinned splits of a data set in one file."""
    input:
        files=plan.studies.fetched(asked.dry_run),
        scores=plan.studies.forget_scores,
    output:
        data="<results>/deepunlearn/{dataset}/data.safetensors",
    log:
        "<logs>/classification_data/{dataset}.log",
    benchmark:
        "<benchmarks>/classification_data/{dataset}.tsv"
    resources:
        mem_mb=plan.studies.memory,
        runtime=30,
    params:
        job=plan.job("lethe.classifiers.jobs.classification_data:prepare"),
        outside=identities(plan.studies.own_folder),
        folder=plan.studies.setting("folder"),
        selection=plan.studies.selection,
    message:
        "Data set {wildcards.dataset}"
