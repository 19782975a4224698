"""How well an entity that was forgotten stays forgotten: attacks on unlearned models of tasks of the section `attacks`.

In: a base, deltas on it, pictures that its training never saw (the non-members of membership inference), a judge.
Out: attacks/{task}_{concept}_{method}.parquet, tables/attack_{task}.csv. Not part of `all`: the target `attacks`.
"""


use rule studio_job as entity_attack with:
    """The models of one method that forgot one entity, attacked with vectors and words; and one that forgot another entity."""
    input:
        base=plan.bases.of_task,
        receivers="<results>/receivers_{task}.json",
        emitters="<results>/emitters_{task}.json",
        latents="<results>/membership/{task}.safetensors",
        index="<results>/membership/{task}_baseline.parquet",
        deltas=plan.entity_attacks.deltas,
        evaluators=plan.entity_attacks.evaluators,
    output:
        outcome="<results>/attacks/{task}_{concept}_{method}.parquet",
    log:
        "<logs>/entity_attack/{task}_{concept}_{method}.log",
    benchmark:
        "<benchmarks>/entity_attack/{task}_{concept}_{method}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("models", "tables", tasks=plan.entity_attacks.tasks),
        method=one_of(plan.entity_attacks.methods),
        concept=INDEX,
    params:
        job=plan.job("lethe.diffusion.jobs.attack:attack", asks={"lethe.diffusion.methods.METHODS": []}),
        attacks=plan.entity_attacks.settings,
        judges=plan.entity_attacks.judges,
        settings=plan.entity_attacks.studio,
    message:
        "Attacks on {wildcards.method} on {wildcards.task}, entity {wildcards.concept}"


use rule job as entity_attack_table with:
    """Success of every attack, with the base, the retrained models and models that forgot another entity beside it."""
    input:
        emitters="<results>/emitters_{task}.json",
        outcomes=plan.entity_attacks.of_task,
    output:
        table="<results>/tables/attack_{task}.csv",
    log:
        "<logs>/entity_attack_table/{task}.log",
    benchmark:
        "<benchmarks>/entity_attack_table/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("models", "tables", tasks=plan.entity_attacks.tasks),
    params:
        job=plan.job("lethe.diffusion.jobs.attack_table:tabulate"),
        references=plan.entity_attacks.references,
        kinds=plan.entity_attacks.kinds,
        unit=plan.entity_attacks.UNIT,
        inference=plan.inference,
    message:
        "Attacks on models of {wildcards.task}"
