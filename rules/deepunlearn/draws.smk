"""Deep Unlearn: how far results repeat themselves, over fresh draws of the data and over runs of a method on one model.

In: a data set, found hyper-parameters; scores.
Out: tables/deepunlearn_draws_*, tables/deepunlearn_variance_*.
"""


rule deepunlearn_draws:
    """Whether the order of methods holds over fresh draws of label noise, training subset and forget set, hyper-parameters as they are."""
    input:
        plan.deepunlearn.draws,


rule deepunlearn_variance:
    """How much of a method's spread is the models', and how much its own: asks for `unlearning_seeds` of 2 or more."""
    input:
        plan.deepunlearn.variance,


use rule job as drawn_data with:
    """The data set once more, with everything drawn afresh that is drawn."""
    input:
        files=plan.studies.fetched(asked.dry_run),
    output:
        data="<results>/deepunlearn/{dataset}/draws/{draw}.safetensors",
    log:
        "<logs>/drawn_data/{dataset}_{draw}.log",
    benchmark:
        "<benchmarks>/drawn_data/{dataset}_{draw}.tsv"
    resources:
        mem_mb=plan.studies.memory,
        runtime=30,
    params:
        job=plan.job("lethe.classifiers.jobs.classification_data:prepare"),
        outside=identities(plan.studies.own_folder),
        folder=plan.studies.setting("folder"),
        selection=plan.studies.drawn,
    message:
        "Data set {wildcards.dataset}, draw {wildcards.draw}"


use rule job as drawn_study with:
    """Original, retrained and unlearned models of one draw, and their scores; models are not kept."""
    input:
        data="<results>/deepunlearn/{dataset}/draws/{draw}.safetensors",
        searches=plan.studies.searches,
    output:
        scores="<results>/deepunlearn/{dataset}/{architecture}/draws/{draw}.parquet",
    log:
        "<logs>/drawn_study/{dataset}_{architecture}_{draw}.log",
    benchmark:
        "<benchmarks>/drawn_study/{dataset}_{architecture}_{draw}.tsv"
    resources:
        mem_mb=plan.studies.memory,
        runtime=1440,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.benchmarks.deepunlearn.jobs.draws:score_draw"),
        shipped=plan.studies.shipped_study,
        methods=plan.deepunlearn.ranked_methods,
        training=plan.studies.setting("training"),
        seeds=plan.studies.seeds,
        device=plan.settings.device,
    message:
        "Draw {wildcards.draw} of {wildcards.dataset}, all methods on {wildcards.architecture}"


use rule job as deepunlearn_draws_table with:
    """Order of methods, separated pairs and the original against the noise floor, draw by draw."""
    input:
        scores=plan.deepunlearn.draws_of_study,
    output:
        table="<results>/tables/deepunlearn_draws_{dataset}_{architecture}.csv",
        summary="<results>/tables/deepunlearn_draws_{dataset}_{architecture}.json",
    log:
        "<logs>/deepunlearn_draws_table/{dataset}_{architecture}.log",
    benchmark:
        "<benchmarks>/deepunlearn_draws_table/{dataset}_{architecture}.tsv"
    params:
        job=plan.job("lethe.benchmarks.deepunlearn.jobs.draws:tabulate"),
        draws=plan.deepunlearn.draw_numbers,
        alpha=plan.settings.statistics.alpha,
    message:
        "Draws of {wildcards.dataset} compared, {wildcards.architecture}"


use rule job as deepunlearn_variance_table with:
    """Components of variance: training seeds and unlearning seeds."""
    input:
        scores="<results>/deepunlearn/{dataset}/{architecture}/scores.parquet",
    output:
        table="<results>/tables/deepunlearn_variance_{dataset}_{architecture}.csv",
    log:
        "<logs>/deepunlearn_variance_table/{dataset}_{architecture}.log",
    benchmark:
        "<benchmarks>/deepunlearn_variance_table/{dataset}_{architecture}.tsv"
    params:
        job=plan.job("lethe.benchmarks.deepunlearn.jobs.variance:tabulate"),
    message:
        "Components of variance of {wildcards.architecture} on {wildcards.dataset}"
