"""Single cells of a task of cells, one style of one object, each forgotten by a model of its own.

In: a base, latents, judges.
Out: unlearncanvas/pairs_{task}_{method}.parquet, tables/unlearncanvas_pairs_{task}.csv.
"""


use rule studio_job as pairs with:
    """One method on every pair; what is finished survives a killed job."""
    input:
        base=plan.bases.for_method,
        receivers="<results>/receivers_{task}.json",
        emitters="<results>/emitters_{task}.json",
        latents="<results>/latents/{task}.safetensors",
        evaluators=plan.sequences.evaluators,
    output:
        answers="<results>/unlearncanvas/pairs_{task}_{method}.parquet",
    log:
        "<logs>/pairs/{task}_{method}.log",
    benchmark:
        "<benchmarks>/pairs/{task}_{method}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("models", "images", "tables", tasks=plan.sequences.pair_tasks),
        method=one_of(plan.sequences.pair_methods),
    params:
        job=plan.job("lethe.benchmarks.unlearncanvas.jobs.pairs:forget_pairs"),
        hyperparameters=plan.models.hyperparameters,
        cells=plan.sequences.cells,
        target_seeds=plan.sequences.target_seeds,
        settings=plan.sequences.pair_studio,
        fidelity=plan.settings.fidelity,
        work=plan.work("pairs"),
    message:
        "{wildcards.method} on pairs of {wildcards.task}"


use rule job as pair_table with:
    """UA in three definitions, SC, OC and UP of every pair."""
    input:
        receivers="<results>/receivers_{task}.json",
        emitters="<results>/emitters_{task}.json",
        answers=plan.sequences.pair_answers,
    output:
        table=report(
            "<results>/tables/unlearncanvas_pairs_{task}.csv",
            caption="../../report/unlearncanvas_pairs.rst",
            category="{task}",
            labels={"result": "UnlearnCanvas: pairs"},
        ),
    log:
        "<logs>/pair_table/{task}.log",
    benchmark:
        "<benchmarks>/pair_table/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("models", "images", "tables", tasks=plan.sequences.pair_tasks),
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        job=plan.job("lethe.benchmarks.unlearncanvas.jobs.sequence_tables:tabulate_pairs"),
        settings=plan.canvas.settings,
    message:
        "Pairs of {wildcards.task}"
