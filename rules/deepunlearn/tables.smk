"""Deep Unlearn: what 18 methods make classifiers forget, as tables; and the targets of the benchmark.

In: scores, run times, found hyper-parameters.
Out: tables/deepunlearn_*.
"""


rule deepunlearn:
    """The whole study: tables, figures and gates of every data set and architecture."""
    input:
        plan.deepunlearn.products(plan.studies.pairs),
        "<results>/figures/deepunlearn_ranking.png",


rule deepunlearn_search:
    """Every hyper-parameter search, whatever the configuration says about using them, as files for config/methods/classifiers."""
    input:
        [f"<results>/hyperparameters/{study}.yaml" for study in plan.studies.names],


rule deepunlearn_weights:
    """Of every study, the share of weights that no gradient reaches, and of those that FF treats alike."""
    input:
        [f"<results>/tables/deepunlearn_weights_{study}.csv" for study in plan.studies.names],


use rule job as run_times with:
    """Seconds per method, with the machine to itself: the job takes all its cores."""
    input:
        data="<results>/deepunlearn/{dataset}/data.safetensors",
        original="<results>/deepunlearn/{dataset}/{architecture}/original.safetensors",
        searches=plan.studies.searches,
    output:
        times="<results>/deepunlearn/{dataset}/{architecture}/run_times.parquet",
    log:
        "<logs>/run_times/{dataset}_{architecture}.log",
    benchmark:
        "<benchmarks>/run_times/{dataset}_{architecture}.tsv"
    threads: CORES
    resources:
        mem_mb=plan.studies.memory,
        runtime=600,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.benchmarks.deepunlearn.jobs.run_times:time_methods"),
        shipped=plan.studies.shipped_study,
        methods=plan.studies.methods,
        training=plan.studies.setting("training"),
        repeats=plan.settings.deepunlearn.timing_repeats,
        device=plan.settings.device,
    message:
        "Run times of {wildcards.architecture} on {wildcards.dataset}, alone on the machine"


use rule job as deepunlearn_tables with:
    """Means and intervals over seeds, run-time efficiency, the noise floor, which methods differ."""
    input:
        data="<results>/deepunlearn/{dataset}/data.safetensors",
        scores="<results>/deepunlearn/{dataset}/{architecture}/scores.parquet",
        times="<results>/deepunlearn/{dataset}/{architecture}/run_times.parquet",
        searches=plan.studies.searches,
    output:
        methods="<results>/tables/deepunlearn_{dataset}_{architecture}.csv",
        seeds="<results>/tables/deepunlearn_seeds_{dataset}_{architecture}.csv",
        groups="<results>/tables/deepunlearn_groups_{dataset}_{architecture}.csv",
        ranks="<results>/tables/deepunlearn_ranks_{dataset}_{architecture}.csv",
        floor="<results>/tables/deepunlearn_floor_{dataset}_{architecture}.csv",
        pairs="<results>/tables/deepunlearn_pairs_{dataset}_{architecture}.csv",
        study_gates="<results>/deepunlearn/{dataset}/{architecture}/study_gates.json",
        search_gates="<results>/deepunlearn/{dataset}/{architecture}/search_gates.json",
    log:
        "<logs>/deepunlearn_tables/{dataset}_{architecture}.log",
    benchmark:
        "<benchmarks>/deepunlearn_tables/{dataset}_{architecture}.tsv"
    params:
        job=plan.job("lethe.benchmarks.deepunlearn.jobs.study_tables:tabulate"),
        shipped=plan.studies.shipped_study,
        alpha=plan.settings.statistics.alpha,
    message:
        "Tables of {wildcards.architecture} on {wildcards.dataset}"


use rule job as deepunlearn_study_gates with:
    """The originals lie above the noise floor, or the run stops here (`gates.stop`)."""
    input:
        checked="<results>/deepunlearn/{dataset}/{architecture}/study_gates.json",
    output:
        gates="<results>/tables/deepunlearn_study_gates_{dataset}_{architecture}.json",
    log:
        "<logs>/deepunlearn_study_gates/{dataset}_{architecture}.log",
    benchmark:
        "<benchmarks>/deepunlearn_study_gates/{dataset}_{architecture}.tsv"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        job=plan.job("lethe.benchmarks.deepunlearn.jobs.pass_gates:pass_gates"),
        stop=plan.stopping("tables/deepunlearn_study_gates_{dataset}_{architecture}.json"),
        study="the study of {architecture} on {dataset}",
    message:
        "Noise floor of {wildcards.architecture} on {wildcards.dataset}"


use rule job as deepunlearn_search_gates with:
    """No method was found nearer to exact unlearning than exact unlearning itself, or the run stops here (`gates.stop`)."""
    input:
        checked="<results>/deepunlearn/{dataset}/{architecture}/search_gates.json",
    output:
        gates="<results>/tables/deepunlearn_search_gates_{dataset}_{architecture}.json",
    log:
        "<logs>/deepunlearn_search_gates/{dataset}_{architecture}.log",
    benchmark:
        "<benchmarks>/deepunlearn_search_gates/{dataset}_{architecture}.tsv"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        job=plan.job("lethe.benchmarks.deepunlearn.jobs.pass_gates:pass_gates"),
        stop=plan.stopping("tables/deepunlearn_search_gates_{dataset}_{architecture}.json"),
        study="the search for {architecture} on {dataset}",
    message:
        "Norms of the search for {wildcards.architecture} on {wildcards.dataset}"


use rule job as deepunlearn_ledger with:
    """Ours beside the numbers of an independent re-run of the published study (config/reference)."""
    input:
        methods="<results>/tables/deepunlearn_{dataset}_{architecture}.csv",
        reference=ancient(plan.root / "config/reference/deepunlearn_{dataset}_{architecture}.csv"),
    output:
        table="<results>/tables/deepunlearn_ledger_{dataset}_{architecture}.csv",
    log:
        "<logs>/deepunlearn_ledger/{dataset}_{architecture}.log",
    benchmark:
        "<benchmarks>/deepunlearn_ledger/{dataset}_{architecture}.tsv"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        job=plan.job("lethe.benchmarks.deepunlearn.jobs.ledger:compare"),
        outside=identities(plan.root / "config/reference/deepunlearn_{dataset}_{architecture}.csv"),
    message:
        "Ledger of {wildcards.architecture} on {wildcards.dataset}"


use rule job as weights_table with:
    """Shares of weights by tensor: with a gradient of exactly zero whatever the image, and at the bound of FF's variance."""
    input:
        data="<results>/deepunlearn/{dataset}/data.safetensors",
        original="<results>/deepunlearn/{dataset}/{architecture}/original.safetensors",
    output:
        table="<results>/tables/deepunlearn_weights_{dataset}_{architecture}.csv",
    log:
        "<logs>/weights_table/{dataset}_{architecture}.log",
    benchmark:
        "<benchmarks>/weights_table/{dataset}_{architecture}.tsv"
    resources:
        mem_mb=plan.studies.memory,
        runtime=600,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.benchmarks.deepunlearn.jobs.weights:tabulate"),
        methods=plan.studies.methods,
        device=plan.settings.device,
    message:
        "Weights that methods act on, {wildcards.architecture} on {wildcards.dataset}"
