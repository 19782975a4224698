"""How well what was forgotten stays forgotten: attacks on unlearned models.

In: a base, deltas, pictures that nothing was trained on, judges.
Out: unlearncanvas/attack_{task}_{concept}_{method}.parquet, tables/unlearncanvas_attack_{task}.csv.
"""


rule canvas_robustness:
    """Attacks, sequences and pairs of every task whose section `unlearncanvas` has some: tables, their pages and figures."""
    input:
        plan.attacks.products,
        plan.sequences.products,
        plan.pages.of_tables(plan.attacks.products + plan.sequences.products),


use rule studio_job as canvas_attack with:
    """The models of one method that forgot one concept, attacked with vectors and words; and one that forgot another concept."""
    input:
        base=plan.bases.of_task,
        receivers="<results>/receivers_{task}.json",
        emitters="<results>/emitters_{task}.json",
        tar="<results>/sources/{task}_attack.tar",
        index="<results>/sources/{task}_attack.parquet",
        deltas=plan.attacks.deltas,
        evaluators=plan.attacks.evaluators,
    output:
        outcome="<results>/unlearncanvas/attack_{task}_{concept}_{method}.parquet",
    log:
        "<logs>/attack/{task}_{concept}_{method}.log",
    benchmark:
        "<benchmarks>/attack/{task}_{concept}_{method}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("models", "tables", tasks=plan.attacks.tasks),
        method=one_of(plan.attacks.methods),
        concept=INDEX,
    params:
        job=plan.job("lethe.diffusion.jobs.attack:attack", asks={"lethe.diffusion.methods.METHODS": []}),
        attacks=plan.attacks.settings,
        judges=plan.attacks.judges,
        settings=plan.attacks.studio,
    message:
        "Attacks on {wildcards.method} on {wildcards.task}, concept {wildcards.concept}"


use rule job as canvas_attack_table with:
    """Success of every attack, with the base, the retrained models and models that forgot another concept beside it."""
    input:
        emitters="<results>/emitters_{task}.json",
        outcomes=plan.attacks.of_task,
    output:
        table="<results>/tables/unlearncanvas_attack_{task}.csv",
    log:
        "<logs>/attack_table/{task}.log",
    benchmark:
        "<benchmarks>/attack_table/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("models", "tables", tasks=plan.attacks.tasks),
    params:
        job=plan.job("lethe.diffusion.jobs.attack_table:tabulate"),
        references=plan.attacks.references,
        kinds=plan.attacks.kinds,
        unit=plan.attacks.UNIT,
        inference=plan.inference,
    message:
        "Attacks on models of {wildcards.task}"
