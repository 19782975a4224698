"""Original and retrained classifiers, trained stacked. What a job has finished survives when it is killed.

In: images, labels and splits.
Out: deepunlearn/{dataset}/{architecture}/{original,retrained,retrained_again}.safetensors, the same below tuning/ for the search.
"""


use rule job as classifiers with:
    """Original and retrained models of every seed, and retrained ones of as many other seeds: the noise floor."""
    input:
        data="<results>/deepunlearn/{dataset}/data.safetensors",
    output:
        original="<results>/deepunlearn/{dataset}/{architecture}/original.safetensors",
        retrained="<results>/deepunlearn/{dataset}/{architecture}/retrained.safetensors",
        retrained_again="<results>/deepunlearn/{dataset}/{architecture}/retrained_again.safetensors",
    log:
        "<logs>/classifiers/{dataset}_{architecture}.log",
    benchmark:
        "<benchmarks>/classifiers/{dataset}_{architecture}.tsv"
    resources:
        mem_mb=plan.studies.training_memory,
        runtime=plan.studies.training_time,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.classifiers.jobs.classifiers:train"),
        training=plan.studies.setting("training"),
        tuning=False,
        seeds=plan.studies.seeds,
        device=plan.settings.device,
        work=plan.work("classifiers"),
    message:
        "Original and retrained {wildcards.architecture} on {wildcards.dataset}"


use rule job as tuning_classifiers with:
    """Models for the search alone: other seeds than the reported ones, and a forget set each that is not reported."""
    input:
        data="<results>/deepunlearn/{dataset}/data.safetensors",
    output:
        original="<results>/deepunlearn/{dataset}/{architecture}/tuning/original.safetensors",
        retrained="<results>/deepunlearn/{dataset}/{architecture}/tuning/retrained.safetensors",
        retrained_again="<results>/deepunlearn/{dataset}/{architecture}/tuning/retrained_again.safetensors",
    log:
        "<logs>/tuning_classifiers/{dataset}_{architecture}.log",
    benchmark:
        "<benchmarks>/tuning_classifiers/{dataset}_{architecture}.tsv"
    resources:
        mem_mb=plan.studies.training_memory,
        runtime=plan.studies.tuning_time,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.classifiers.jobs.classifiers:train"),
        training=plan.studies.setting("training"),
        tuning=True,
        seeds=plan.settings.deepunlearn.search.seeds,
        device=plan.settings.device,
        work=plan.work("tuning_classifiers"),
    message:
        "{wildcards.architecture} to tune on, {wildcards.dataset}"
