"""What every deviation from the reference changes: results/{world}/tables/fidelity.csv, outside `all`.

In: finished tables and models, the published variants of similarities, and MUNBa as published on the first task of the demo.
Out: one table, a row per effect; docs/fidelity.md quotes it.
"""


use rule similarities as published_similarities with:
    """The same similarities as the published code computes them, faults included."""
    output:
        matrices=plan.fidelity.matrices,
    log:
        "<logs>/published_similarities/{task}.log",
    benchmark:
        "<benchmarks>/published_similarities/{task}.tsv"
    params:
        job=plan.job("lethe.benchmarks.icare.jobs.similarities:compute"),
        kinds=plan.fidelity.kinds,
        act_steps=plan.settings.similarity.act_steps,
        settings=plan.data.task,
        seeds=plan.seeds,
        world=plan.settings.world,
        fidelity="published",
        device=plan.settings.device,
    message:
        "Similarities of the entities of {wildcards.task} as the reference computes them"


use rule job as fidelity with:
    """The effect of every deviation from the reference; one row at least for each, and the reason where there is no effect."""
    input:
        files=plan.fidelity.files,
        bases=plan.fidelity.bases,
        study_tables=plan.fidelity.study_tables,
        bench="results/bench/uce.json",
    output:
        table="<results>/tables/fidelity.csv",
    log:
        "<logs>/fidelity.log",
    benchmark:
        "<benchmarks>/fidelity.tsv"
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        job=plan.job("lethe.tools.jobs.fidelity:tabulate"),
        settings={
            name: task.model_dump() for name, task in plan.settings.entity_tasks.items() if name in plan.settings.full_tasks
        },
        runs=plan.fidelity.runs,
        methods=plan.models.compared,
        inference=plan.inference,
        studies=plan.studies.names,
        kinds=list(plan.settings.similarity.kinds),
    message:
        "Effects of deviations from the reference"
