"""Hyper-parameters of methods, searched or shipped.

In: tuning models.
Out: deepunlearn/{dataset}/{architecture}/search/{unlearner}.json, hyperparameters/{study}.yaml.
"""


use rule job as search_hyperparameters with:
    """Optuna studies of one method, one per tuning seed, side by side."""
    input:
        data="<results>/deepunlearn/{dataset}/data.safetensors",
        original=plan.studies.tuned("original"),
        retrained=plan.studies.tuned("retrained"),
        retrained_again=plan.studies.tuned("retrained_again"),
    output:
        best="<results>/deepunlearn/{dataset}/{architecture}/search/{unlearner}.json",
        trials="<results>/deepunlearn/{dataset}/{architecture}/search/{unlearner}.parquet",
    log:
        "<logs>/search_hyperparameters/{dataset}_{architecture}_{unlearner}.log",
    benchmark:
        "<benchmarks>/search_hyperparameters/{dataset}_{architecture}_{unlearner}.tsv"
    resources:
        mem_mb=plan.studies.search_memory,
        runtime=1440,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.classifiers.jobs.search:search_method"),
        settings=plan.settings.deepunlearn.search.model_dump(),
        training=plan.studies.setting("training"),
        device=plan.settings.device,
        work=plan.work("search_hyperparameters"),
    message:
        "Search for {wildcards.unlearner}, {wildcards.architecture} on {wildcards.dataset}"


use rule job as pack_hyperparameters with:
    """What the searches found as a file for config/methods/classifiers, where it belongs after a look."""
    input:
        searches=plan.studies.files("search/{unlearner}.json"),
    output:
        found="<results>/hyperparameters/{dataset}_{architecture}.yaml",
    log:
        "<logs>/pack_hyperparameters/{dataset}_{architecture}.log",
    benchmark:
        "<benchmarks>/pack_hyperparameters/{dataset}_{architecture}.tsv"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        job=plan.job("lethe.classifiers.hyperparameters:pack"),
        search=plan.settings.deepunlearn.search.model_dump(),
    message:
        "Hyper-parameters of {wildcards.architecture} on {wildcards.dataset}"
