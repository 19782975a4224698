"""Unlearned classifiers and their scores.

In: original models, found hyper-parameters.
Out: deepunlearn/{dataset}/{architecture}/unlearned/{unlearner}.safetensors, scores.parquet.
"""


use rule job as forget_samples with:
    """One method on the models of every seed, `unlearning_seeds` times."""
    input:
        data="<results>/deepunlearn/{dataset}/data.safetensors",
        original="<results>/deepunlearn/{dataset}/{architecture}/original.safetensors",
        search=plan.studies.search,
    output:
        models="<results>/deepunlearn/{dataset}/{architecture}/unlearned/{unlearner}.safetensors",
    log:
        "<logs>/forget_samples/{dataset}_{architecture}_{unlearner}.log",
    benchmark:
        "<benchmarks>/forget_samples/{dataset}_{architecture}_{unlearner}.tsv"
    resources:
        mem_mb=plan.studies.unlearning_memory,
        runtime=600,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.classifiers.jobs.forget_samples:forget"),
        shipped=plan.studies.shipped,
        seeds=plan.studies.seeds,
        runs=plan.studies.setting("unlearning_seeds"),
        device=plan.settings.device,
    message:
        "{wildcards.unlearner} on {wildcards.architecture}, {wildcards.dataset}"


use rule job as score_study with:
    """Accuracies and membership attacks of every model: of all methods, the originals and the retrained."""
    input:
        data="<results>/deepunlearn/{dataset}/data.safetensors",
        original="<results>/deepunlearn/{dataset}/{architecture}/original.safetensors",
        retrained="<results>/deepunlearn/{dataset}/{architecture}/retrained.safetensors",
        retrained_again="<results>/deepunlearn/{dataset}/{architecture}/retrained_again.safetensors",
        unlearned=plan.studies.files("unlearned/{unlearner}.safetensors"),
    output:
        scores="<results>/deepunlearn/{dataset}/{architecture}/scores.parquet",
    log:
        "<logs>/score_study/{dataset}_{architecture}.log",
    benchmark:
        "<benchmarks>/score_study/{dataset}_{architecture}.tsv"
    resources:
        mem_mb=plan.studies.unlearning_memory,
        runtime=120,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.classifiers.jobs.score_study:score_models"),
        methods=plan.studies.methods,
        seeds=plan.studies.seeds,
        device=plan.settings.device,
    message:
        "Scores of {wildcards.architecture} on {wildcards.dataset}"
