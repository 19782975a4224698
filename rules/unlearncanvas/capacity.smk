"""How much SPEED can erase on tasks of cells; no part of `canvas`.

In: a base.
Out: tables/unlearncanvas_capacity_{task}.csv.
"""


use rule job as capacity with:
    """The residual of every concept against the rank of the null space; seconds on the mini world."""
    input:
        base=plan.bases.of_task,
        receivers="<results>/receivers_{task}.json",
        emitters="<results>/emitters_{task}.json",
    output:
        table="<results>/tables/unlearncanvas_capacity_{task}.csv",
    log:
        "<logs>/capacity/{task}.log",
    benchmark:
        "<benchmarks>/capacity/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("tables", tasks=plan.canvas.with_capacity),
    resources:
        mem_mb=plan.memory("generate"),
        runtime=240,
        gpu=plan.gpu,
        gpu_mem_mb=plan.gpu_memory("generate"),
    params:
        job=plan.job("lethe.benchmarks.unlearncanvas.jobs.capacity:measure_capacity"),
        concepts=plan.canvas.concepts_of_capacity,
        hyperparameters=plan.canvas.hyperparameters_of_capacity,
        settings=plan.canvas.settings,
        device=plan.settings.device,
    message:
        "Capacity of SPEED on {wildcards.task}"
