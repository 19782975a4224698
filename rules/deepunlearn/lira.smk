"""U-LiRA: per-sample membership inference against unlearned classifiers, and its gate.

Models come in blocks of splits, a job each; what a job has finished survives when it is killed.

In: a data set, found hyper-parameters.
Out: deepunlearn/{dataset}/{architecture}/lira/{block}/, lira/search/, tables/deepunlearn_lira_*.
"""


use rule job as lira_models with:
    """U-LiRA: originals on random halves of the data, and retrained models for every forget set, of a block of splits."""
    input:
        data="<results>/deepunlearn/{dataset}/data.safetensors",
    output:
        models="<results>/deepunlearn/{dataset}/{architecture}/lira/{block}/models.safetensors",
        original="<results>/deepunlearn/{dataset}/{architecture}/lira/{block}/original.safetensors",
        retrained="<results>/deepunlearn/{dataset}/{architecture}/lira/{block}/retrained.safetensors",
    log:
        "<logs>/lira_models/{dataset}_{architecture}_{block}.log",
    benchmark:
        "<benchmarks>/lira_models/{dataset}_{architecture}_{block}.tsv"
    wildcard_constraints:
        dataset=one_of(plan.settings.deepunlearn.lira),
    resources:
        mem_mb=plan.studies.training_memory,
        runtime=plan.deepunlearn.lira_time,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.benchmarks.deepunlearn.jobs.lira_models:train"),
        lira=plan.deepunlearn.lira,
        training=plan.studies.setting("training"),
        device=plan.settings.device,
        work=plan.work("lira_models"),
    message:
        "U-LiRA models, {wildcards.architecture} on {wildcards.dataset}, splits {wildcards.block}"


use rule job as lira_forget with:
    """U-LiRA: one method on every original and forget set of a block, and what the results say about every sample."""
    input:
        data="<results>/deepunlearn/{dataset}/data.safetensors",
        models="<results>/deepunlearn/{dataset}/{architecture}/lira/{block}/models.safetensors",
        search=plan.deepunlearn.lira_found,
    output:
        said="<results>/deepunlearn/{dataset}/{architecture}/lira/{block}/{unlearner}.safetensors",
    log:
        "<logs>/lira_forget/{dataset}_{architecture}_{block}_{unlearner}.log",
    benchmark:
        "<benchmarks>/lira_forget/{dataset}_{architecture}_{block}_{unlearner}.tsv"
    wildcard_constraints:
        dataset=one_of(plan.settings.deepunlearn.lira),
    resources:
        mem_mb=plan.deepunlearn.lira_memory,
        runtime=plan.deepunlearn.lira_time,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.benchmarks.deepunlearn.jobs.lira_forget:forget"),
        shipped=plan.deepunlearn.lira_shipped,
        lira=plan.deepunlearn.lira,
        device=plan.settings.device,
        work=plan.work("lira_forget"),
    message:
        "U-LiRA models of {wildcards.unlearner}, {wildcards.architecture} on {wildcards.dataset}, splits {wildcards.block}"


rule deepunlearn_lira_search:
    """Every search for U-LiRA, whatever the configuration says about using them."""
    input:
        plan.deepunlearn.lira_searches,


use rule job as lira_tuning_models with:
    """U-LiRA's search: per split two models without a forget set that is never attacked, from different initialisations."""
    input:
        data="<results>/deepunlearn/{dataset}/data.safetensors",
    output:
        retrained="<results>/deepunlearn/{dataset}/{architecture}/lira/{block}/tuning_retrained.safetensors",
        retrained_again="<results>/deepunlearn/{dataset}/{architecture}/lira/{block}/tuning_retrained_again.safetensors",
    log:
        "<logs>/lira_tuning_models/{dataset}_{architecture}_{block}.log",
    benchmark:
        "<benchmarks>/lira_tuning_models/{dataset}_{architecture}_{block}.tsv"
    wildcard_constraints:
        dataset=one_of(plan.settings.deepunlearn.lira),
    resources:
        mem_mb=plan.studies.training_memory,
        runtime=plan.deepunlearn.lira_time,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.benchmarks.deepunlearn.jobs.lira_search:train"),
        lira=plan.deepunlearn.lira,
        training=plan.studies.setting("training"),
        device=plan.settings.device,
        work=plan.work("lira_tuning_models"),
    message:
        "{wildcards.architecture} to tune U-LiRA's methods on, {wildcards.dataset}, splits {wildcards.block}"


use rule job as lira_search with:
    """U-LiRA's search: Optuna studies of one method, one per split of the first half of them, side by side."""
    input:
        data="<results>/deepunlearn/{dataset}/data.safetensors",
        models=plan.deepunlearn.tuning_files("models"),
        retrained=plan.deepunlearn.tuning_files("tuning_retrained"),
        retrained_again=plan.deepunlearn.tuning_files("tuning_retrained_again"),
    output:
        best="<results>/deepunlearn/{dataset}/{architecture}/lira/search/{unlearner}.json",
        trials="<results>/deepunlearn/{dataset}/{architecture}/lira/search/{unlearner}.parquet",
    log:
        "<logs>/lira_search/{dataset}_{architecture}_{unlearner}.log",
    benchmark:
        "<benchmarks>/lira_search/{dataset}_{architecture}_{unlearner}.tsv"
    wildcard_constraints:
        dataset=one_of(plan.settings.deepunlearn.lira),
    resources:
        mem_mb=plan.deepunlearn.lira_search_memory,
        runtime=1440,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.benchmarks.deepunlearn.jobs.lira_search:search_method"),
        lira=plan.deepunlearn.lira,
        splits=plan.deepunlearn.tuning_splits,
        settings=plan.deepunlearn.lira_search,
        training=plan.studies.setting("training"),
        device=plan.settings.device,
        work=plan.work("lira_search"),
    message:
        "Search for {wildcards.unlearner} under U-LiRA, {wildcards.architecture} on {wildcards.dataset}"


use rule job as lira_scores with:
    """U-LiRA in three variants: accuracy, AUC, TPR at 1 % and 0.1 % FPR with intervals over splits and samples; pairs; kept samples; each sample."""
    input:
        said=plan.deepunlearn.lira_outputs,
    output:
        table="<results>/tables/deepunlearn_lira_{dataset}_{architecture}.csv",
        pairs="<results>/tables/deepunlearn_lira_pairs_{dataset}_{architecture}.csv",
        retained="<results>/tables/deepunlearn_lira_retained_{dataset}_{architecture}.csv",
        by_sample="<results>/tables/deepunlearn_lira_samples_{dataset}_{architecture}.parquet",
        roc="<results>/deepunlearn/{dataset}/{architecture}/lira/roc.parquet",
        gates="<results>/deepunlearn/{dataset}/{architecture}/lira/gates.json",
    log:
        "<logs>/lira_scores/{dataset}_{architecture}.log",
    benchmark:
        "<benchmarks>/lira_scores/{dataset}_{architecture}.tsv"
    resources:
        mem_mb=plan.deepunlearn.attack_memory,
        runtime=30,
    params:
        job=plan.job("lethe.benchmarks.deepunlearn.jobs.lira_scores:attack_models"),
        methods=plan.deepunlearn.attacked_methods,
        lira=plan.deepunlearn.lira,
        alpha=plan.settings.statistics.alpha,
        seed=plan.settings.seed,
    message:
        "U-LiRA of {wildcards.architecture} on {wildcards.dataset}"


use rule job as lira_gate with:
    """U-LiRA finds nothing in retrained models, and more in original ones, or the run stops here (`gates.stop`)."""
    input:
        checked="<results>/deepunlearn/{dataset}/{architecture}/lira/gates.json",
    output:
        gates="<results>/tables/deepunlearn_gates_{dataset}_{architecture}.json",
    log:
        "<logs>/lira_gate/{dataset}_{architecture}.log",
    benchmark:
        "<benchmarks>/lira_gate/{dataset}_{architecture}.tsv"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        job=plan.job("lethe.benchmarks.deepunlearn.jobs.pass_gates:pass_gates"),
        stop=plan.stopping("tables/deepunlearn_gates_{dataset}_{architecture}.json"),
        study="U-LiRA on {architecture} on {dataset}",
    message:
        "U-LiRA gate of {wildcards.architecture} on {wildcards.dataset}"


use rule job as deepunlearn_coverage with:
    """How often U-LiRA's intervals hold the truth of made-up data, and how often its gate is wrong. Outside `all`: minutes."""
    output:
        json="results/bench/deepunlearn_coverage.json",
    log:
        "logs/bench/deepunlearn_coverage.log",
    benchmark:
        "benchmarks/bench/deepunlearn_coverage.tsv"
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        job=plan.job("lethe.benchmarks.deepunlearn.jobs.coverage:cover"),
    message:
        "Coverage of U-LiRA's intervals"


use rule job as memorisation with:
    """Which samples the networks know by heart, by U-LiRA's originals: forget sets are chosen by it."""
    input:
        data="<results>/deepunlearn/{dataset}/data.safetensors",
        said=plan.deepunlearn.lira_originals,
    output:
        scores="<results>/deepunlearn/{dataset}/{architecture}/lira/memorisation.parquet",
    log:
        "<logs>/memorisation/{dataset}_{architecture}.log",
    benchmark:
        "<benchmarks>/memorisation/{dataset}_{architecture}.tsv"
    resources:
        mem_mb=plan.studies.memory,
        runtime=10,
    params:
        job=plan.job("lethe.benchmarks.deepunlearn.jobs.memorisation:score"),
        lira=plan.deepunlearn.lira,
    message:
        "What {wildcards.architecture} knows by heart, {wildcards.dataset}"
