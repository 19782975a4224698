"""U-LiRA: per-sample membership inference against unlearned classifiers, and its gate.

In: a data set, found hyper-parameters.
Out: deepunlearn/{dataset}/{architecture}/lira/, tables/deepunlearn_lira_*.
"""


use rule job as lira_models with:
    """U-LiRA: originals on random halves of the data, and retrained models for every forget set."""
    input:
        data="<results>/deepunlearn/{dataset}/data.safetensors",
    output:
        original_models="<results>/deepunlearn/{dataset}/{architecture}/lira/original_models.safetensors",
        original="<results>/deepunlearn/{dataset}/{architecture}/lira/original.safetensors",
        retrained="<results>/deepunlearn/{dataset}/{architecture}/lira/retrained.safetensors",
    log:
        "<logs>/lira_models/{dataset}_{architecture}.log",
    benchmark:
        "<benchmarks>/lira_models/{dataset}_{architecture}.tsv"
    wildcard_constraints:
        dataset=one_of(plan.settings.deepunlearn.lira),
    resources:
        mem_mb=plan.studies.memory,
        runtime=1440,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.benchmarks.deepunlearn.jobs.lira_models:train"),
        lira=plan.deepunlearn.lira,
        training=plan.studies.setting("training"),
        device=plan.settings.device,
    message:
        "U-LiRA models, {wildcards.architecture} on {wildcards.dataset}"


use rule job as lira_forget with:
    """U-LiRA: one method on every original and forget set, and what the results say about every sample."""
    input:
        data="<results>/deepunlearn/{dataset}/data.safetensors",
        original="<results>/deepunlearn/{dataset}/{architecture}/lira/original_models.safetensors",
        search=plan.studies.search,
    output:
        said="<results>/deepunlearn/{dataset}/{architecture}/lira/{unlearner}.safetensors",
    log:
        "<logs>/lira_forget/{dataset}_{architecture}_{unlearner}.log",
    benchmark:
        "<benchmarks>/lira_forget/{dataset}_{architecture}_{unlearner}.tsv"
    resources:
        mem_mb=plan.studies.memory,
        runtime=1440,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.benchmarks.deepunlearn.jobs.lira_forget:forget"),
        shipped=plan.studies.shipped,
        lira=plan.deepunlearn.lira,
        device=plan.settings.device,
    message:
        "U-LiRA models of {wildcards.unlearner}, {wildcards.architecture} on {wildcards.dataset}"


use rule job as lira_scores with:
    """U-LiRA: accuracy, AUC, TPR at 1 % FPR with bootstrap intervals, in three variants."""
    input:
        said=plan.deepunlearn.lira_outputs,
    output:
        table="<results>/tables/deepunlearn_lira_{dataset}_{architecture}.csv",
        roc="<results>/deepunlearn/{dataset}/{architecture}/lira/roc.parquet",
        gates="<results>/deepunlearn/{dataset}/{architecture}/lira/gates.json",
    log:
        "<logs>/lira_scores/{dataset}_{architecture}.log",
    benchmark:
        "<benchmarks>/lira_scores/{dataset}_{architecture}.tsv"
    resources:
        mem_mb=plan.studies.memory,
        runtime=30,
    params:
        job=plan.job("lethe.benchmarks.deepunlearn.jobs.lira_scores:attack_models"),
        methods=plan.deepunlearn.attacked_methods,
        lira=plan.deepunlearn.lira,
        bootstrap=plan.settings.statistics.bootstrap,
        seed=plan.settings.seed,
    message:
        "U-LiRA of {wildcards.architecture} on {wildcards.dataset}"


use rule job as lira_gate with:
    """The retrained models' interval holds 0.5 and the originals' does not, or the run stops here (`gates.stop`)."""
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


use rule job as memorisation with:
    """Which samples the networks know by heart, by U-LiRA's originals: forget sets are chosen by it."""
    input:
        data="<results>/deepunlearn/{dataset}/data.safetensors",
        said="<results>/deepunlearn/{dataset}/{architecture}/lira/original.safetensors",
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
