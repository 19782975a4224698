"""Deep Unlearn: classifiers that forget a random part of their training data; 18 methods, population and per-sample membership inference.

In: a data set (config `deepunlearn.datasets`), found hyper-parameters.
Out: deepunlearn/{dataset}/{architecture}/..., tables/deepunlearn_*, figures/deepunlearn_*. All models of a job are trained stacked.
"""


rule deepunlearn:
    """The whole study: tables, figures and gates of every data set and architecture."""
    input:
        plan.studies.products(plan.studies.pairs),
        "<results>/figures/deepunlearn_ranking.png",


rule deepunlearn_search:
    """Every hyper-parameter search, whatever the configuration says about using them, as files for config/deepunlearn."""
    input:
        [f"<results>/hyperparameters/{study}.yaml" for study in plan.studies.names],


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
        job=plan.job("lethe.deepunlearn.data.fetch:fetch"),
    message:
        "Files of {wildcards.dataset}"


use rule job as classification_data with:
    """Images, labels and pinned splits of a data set in one file."""
    input:
        files=plan.studies.fetched(asked.dry_run),
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
        job=plan.job("lethe.jobs.classification_data:prepare"),
        outside=identities(plan.studies.own_folder),
        folder=plan.studies.setting("folder"),
        val_share=plan.studies.setting("val_share"),
        forget_share=plan.studies.setting("forget_share"),
    message:
        "Data set {wildcards.dataset}"


use rule job as classifiers with:
    """Original and retrained models of every seed."""
    input:
        data="<results>/deepunlearn/{dataset}/data.safetensors",
    output:
        original="<results>/deepunlearn/{dataset}/{architecture}/original.safetensors",
        retrained="<results>/deepunlearn/{dataset}/{architecture}/retrained.safetensors",
    log:
        "<logs>/classifiers/{dataset}_{architecture}.log",
    benchmark:
        "<benchmarks>/classifiers/{dataset}_{architecture}.tsv"
    resources:
        mem_mb=plan.studies.memory,
        runtime=1440,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.jobs.classifiers:train"),
        training=plan.studies.setting("training"),
        tuning=False,
        seeds=plan.studies.seeds,
        device=plan.settings.device,
    message:
        "Original and retrained {wildcards.architecture} on {wildcards.dataset}"


use rule job as tuning_classifiers with:
    """Models for the search alone: other seeds than the reported ones, and a forget set each that is not reported."""
    input:
        data="<results>/deepunlearn/{dataset}/data.safetensors",
    output:
        original="<results>/deepunlearn/{dataset}/{architecture}/tuning/original.safetensors",
        retrained="<results>/deepunlearn/{dataset}/{architecture}/tuning/retrained.safetensors",
    log:
        "<logs>/tuning_classifiers/{dataset}_{architecture}.log",
    benchmark:
        "<benchmarks>/tuning_classifiers/{dataset}_{architecture}.tsv"
    resources:
        mem_mb=plan.studies.memory,
        runtime=600,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.jobs.classifiers:train"),
        training=plan.studies.setting("training"),
        tuning=True,
        seeds=plan.settings.deepunlearn.search.seeds,
        device=plan.settings.device,
    message:
        "{wildcards.architecture} to tune on, {wildcards.dataset}"


use rule job as search_hyperparameters with:
    """Optuna studies of one method, one per tuning seed, side by side."""
    input:
        data="<results>/deepunlearn/{dataset}/data.safetensors",
        original=plan.studies.tuned("original"),
        retrained=plan.studies.tuned("retrained"),
    output:
        best="<results>/deepunlearn/{dataset}/{architecture}/search/{unlearner}.json",
        trials="<results>/deepunlearn/{dataset}/{architecture}/search/{unlearner}.parquet",
    log:
        "<logs>/search_hyperparameters/{dataset}_{architecture}_{unlearner}.log",
    benchmark:
        "<benchmarks>/search_hyperparameters/{dataset}_{architecture}_{unlearner}.tsv"
    resources:
        mem_mb=plan.studies.memory,
        runtime=1440,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.jobs.search:search_method"),
        settings=plan.settings.deepunlearn.search.model_dump(),
        training=plan.studies.setting("training"),
        device=plan.settings.device,
    message:
        "Search for {wildcards.unlearner}, {wildcards.architecture} on {wildcards.dataset}"


use rule job as pack_hyperparameters with:
    """What the searches found as a file for config/deepunlearn, where it belongs after a look."""
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
        job=plan.job("lethe.deepunlearn.hyperparameters:pack"),
        search=plan.settings.deepunlearn.search.model_dump(),
    message:
        "Hyper-parameters of {wildcards.architecture} on {wildcards.dataset}"


use rule job as forget_samples with:
    """One method on the models of every seed."""
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
        mem_mb=plan.studies.memory,
        runtime=600,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.jobs.forget_samples:forget"),
        shipped=plan.studies.shipped,
        seeds=plan.studies.seeds,
        device=plan.settings.device,
    message:
        "{wildcards.unlearner} on {wildcards.architecture}, {wildcards.dataset}"


use rule job as score_study with:
    """Accuracies and membership attacks of every model: of all methods, the originals and the retrained."""
    input:
        data="<results>/deepunlearn/{dataset}/data.safetensors",
        original="<results>/deepunlearn/{dataset}/{architecture}/original.safetensors",
        retrained="<results>/deepunlearn/{dataset}/{architecture}/retrained.safetensors",
        unlearned=plan.studies.files("unlearned/{unlearner}.safetensors"),
    output:
        scores="<results>/deepunlearn/{dataset}/{architecture}/scores.parquet",
    log:
        "<logs>/score_study/{dataset}_{architecture}.log",
    benchmark:
        "<benchmarks>/score_study/{dataset}_{architecture}.tsv"
    resources:
        mem_mb=plan.studies.memory,
        runtime=120,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.jobs.score_study:score_models"),
        methods=plan.studies.methods,
        seeds=plan.studies.seeds,
        device=plan.settings.device,
    message:
        "Scores of {wildcards.architecture} on {wildcards.dataset}"


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
        job=plan.job("lethe.jobs.run_times:time_methods"),
        shipped=plan.studies.shipped_study,
        methods=plan.studies.methods,
        training=plan.studies.setting("training"),
        repeats=plan.settings.deepunlearn.timing_repeats,
        device=plan.settings.device,
    message:
        "Run times of {wildcards.architecture} on {wildcards.dataset}, alone on the machine"


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
        job=plan.job("lethe.jobs.lira_models:train"),
        lira=plan.studies.lira,
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
        job=plan.job("lethe.jobs.lira_forget:forget"),
        shipped=plan.studies.shipped,
        lira=plan.studies.lira,
        device=plan.settings.device,
    message:
        "U-LiRA models of {wildcards.unlearner}, {wildcards.architecture} on {wildcards.dataset}"


use rule job as lira_scores with:
    """U-LiRA: accuracy, AUC, TPR at 1 % FPR with bootstrap intervals, in three variants."""
    input:
        said=plan.studies.lira_outputs,
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
        job=plan.job("lethe.jobs.lira_scores:attack_models"),
        methods=plan.studies.attacked_methods,
        lira=plan.studies.lira,
        bootstrap=plan.settings.statistics.bootstrap,
        seed=plan.settings.seed,
    message:
        "U-LiRA of {wildcards.architecture} on {wildcards.dataset}"


use rule job as lira_gate with:
    """The retrained models' interval holds 0.5 and the originals' does not, or the run stops here."""
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
        job=plan.job("lethe.jobs.lira_gate:pass_gates"),
    message:
        "U-LiRA gate of {wildcards.architecture} on {wildcards.dataset}"


use rule job as deepunlearn_tables with:
    """Means and intervals over seeds, run-time efficiency, ranking groups."""
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
    log:
        "<logs>/deepunlearn_tables/{dataset}_{architecture}.log",
    benchmark:
        "<benchmarks>/deepunlearn_tables/{dataset}_{architecture}.tsv"
    params:
        job=plan.job("lethe.jobs.study_tables:tabulate"),
        shipped=plan.studies.shipped_study,
        alpha=plan.settings.statistics.alpha,
    message:
        "Tables of {wildcards.architecture} on {wildcards.dataset}"


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
        job=plan.job("lethe.jobs.ledger:compare"),
        outside=identities(plan.root / "config/reference/deepunlearn_{dataset}_{architecture}.csv"),
    message:
        "Ledger of {wildcards.architecture} on {wildcards.dataset}"


for figure in plan.studies.figures:

    rule:
        """A figure of a study from its tables, with the data it draws."""
        name:
            f"deepunlearn_{figure.name}"
        input:
            **figure.tables,
        output:
            png=report(
                f"<results>/figures/deepunlearn_{figure.name}_{{dataset}}_{{architecture}}.png",
                caption=f"../report/deepunlearn_{figure.name}.rst",
                category="Deep Unlearn",
                labels={"result": f"{figure.label}, {{architecture}} on {{dataset}}"},
            ),
            csv=f"<results>/figures/deepunlearn_{figure.name}_{{dataset}}_{{architecture}}.csv",
        log:
            f"<logs>/deepunlearn_{figure.name}/{{dataset}}_{{architecture}}.log",
        benchmark:
            f"<benchmarks>/deepunlearn_{figure.name}/{{dataset}}_{{architecture}}.tsv"
        conda:
            "../envs/lethe.yaml"
        resources:
            mem_mb=1000,
            runtime=10,
        params:
            job=plan.job(f"lethe.plots.deepunlearn_{figure.name}:write"),
        message:
            f"Figure of {figure.label}, {{wildcards.architecture}} on {{wildcards.dataset}}"
        script:
            "../scripts/job.py"


use rule job as deepunlearn_ranking with:
    """Groups and mean ranks of every method."""
    input:
        groups=[f"<results>/tables/deepunlearn_groups_{study}.csv" for study in plan.studies.names],
        ranks=[f"<results>/tables/deepunlearn_ranks_{study}.csv" for study in plan.studies.names],
    output:
        png=report(
            "<results>/figures/deepunlearn_ranking.png",
            caption="../report/deepunlearn_ranking.rst",
            category="Deep Unlearn",
            labels={"result": "ranking"},
        ),
        csv="<results>/figures/deepunlearn_ranking.csv",
    log:
        "<logs>/deepunlearn_ranking/ranking.log",
    benchmark:
        "<benchmarks>/deepunlearn_ranking/ranking.tsv"
    params:
        job=plan.job("lethe.plots.deepunlearn_ranking:write"),
    message:
        "Ranking of all methods"
