"""Grids of hyper-parameters, tried on concepts that are never reported, with seeds and a judge of their own.

In: a base, latents, the judge, config/grids/{task}.yaml.
Out: unlearncanvas/grid_{task}_{method}.csv, tables/unlearncanvas_grid_{task}.csv.
"""


rule canvas_grid:
    """Every point of every grid, and which is chosen. What is chosen is written into config/methods/diffusion by hand."""
    input:
        plan.grids.products,


use rule studio_job as grid_points with:
    """One method on the tuning concepts at every point of its grid; what is finished survives a killed job."""
    input:
        base=plan.bases.for_method,
        receivers="<results>/receivers_{task}.json",
        emitters="<results>/emitters_{task}.json",
        latents="<results>/latents/{task}.safetensors",
        evaluators=plan.grids.evaluators,
    output:
        table="<results>/unlearncanvas/grid_{task}_{method}.csv",
    log:
        "<logs>/grid_points/{task}_{method}.log",
    benchmark:
        "<benchmarks>/grid_points/{task}_{method}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("models", "images", "tables", tasks=plan.grids.tasks),
        method=one_of(plan.grids.methods),
    params:
        job=plan.job("lethe.benchmarks.unlearncanvas.jobs.grid:try_points"),
        points=plan.grids.points,
        kept=plan.grids.kept,
        tuning=plan.data.tuning_emitters,
        settings=plan.grids.studio,
        fidelity=plan.settings.fidelity,
        work=plan.work("grid_points"),
    message:
        "Grid of {wildcards.method} on {wildcards.task}"


use rule job as grid_table with:
    """Every point with its spread over the tuning concepts, and which one is chosen."""
    input:
        grids=plan.grids.of_task,
    output:
        table="<results>/tables/unlearncanvas_grid_{task}.csv",
    log:
        "<logs>/grid_table/{task}.log",
    benchmark:
        "<benchmarks>/grid_table/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("models", "images", "tables", tasks=plan.grids.tasks),
    params:
        job=plan.job("lethe.benchmarks.unlearncanvas.jobs.grid_table:tabulate"),
    message:
        "Grids of {wildcards.task}"
