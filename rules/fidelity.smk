"""What every deviation from the reference changes: results/{world}/tables/fidelity.csv, outside `all`.

In: finished tables and models, the published variants of similarities, and MUNBa as published on the first task of the demo.
Out: one table, a row per effect; docs/fidelity.md quotes it.
"""


use rule similarities as published_similarities with:
    output:
        matrices=expand("<results>/similarity_published/similarity_{kind}_{{task}}.json", kind=published_kinds()),
    log:
        "<logs>/published_similarities/{task}.log",
    benchmark:
        "<benchmarks>/published_similarities/{task}.tsv"
    params:
        code=fingerprint("lethe.interference.similarities"),
        kinds=published_kinds(),
        act_steps=plan.settings.similarity.act_steps,
        task=plan.data.task,
        seeds=list(plan.settings.generation.seeds),
        world=plan.settings.world,
        fidelity="published",
        device=plan.settings.device,
    message:
        "Similarities of the entities of {wildcards.task} as the reference computes them"


rule fidelity:
    """The effect of every deviation from the reference; one row at least for each, and the reason where there is no effect."""
    input:
        files=fidelity_files,
        bases=fidelity_bases,
        uce="results/bench/uce.json",
    output:
        table="<results>/tables/fidelity.csv",
    log:
        "<logs>/fidelity.log",
    benchmark:
        "<benchmarks>/fidelity.tsv"
    conda:
        "../envs/lethe.yaml"
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        code=fingerprint("lethe.fidelity.registry"),
        tasks={name: task.model_dump() for name, task in plan.settings.tasks.items()},
        runs=fidelity_runs(),
        methods=plan.models.compared,
        inference=plan.inference,
        studies=[f"{dataset}_{architecture}" for dataset, architecture in STUDIES],
        kinds=list(plan.settings.similarity.kinds),
    message:
        "Effects of deviations from the reference"
    script:
        "../scripts/fidelity.py"
