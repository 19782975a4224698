"""What becomes of every receiver, in a word; made when asked for, and by the explorer.

In: CLIP's embeddings of the off and on images.
Out: tables/verdicts_{task}.csv; where a judge knows the entities, tables/verdict_agreement_{task}.csv, which holds the verdicts against it.
"""


use rule job as verdicts with:
    """Preserved, drifted, bled into the substitute, or destroyed: the verdict of every pair."""
    input:
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        off_embeddings="<results>/scores/{task}_baseline_embeddings.npz",
        on_embeddings=plan.models.files("<results>/scores/{model}_embeddings.npz"),
    output:
        table="<results>/tables/verdicts_{task}.csv",
    log:
        "<logs>/verdicts/{task}.log",
    benchmark:
        "<benchmarks>/verdicts/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("tables", tasks=plan.entity_tasks),
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        job=plan.job("lethe.benchmarks.icare.jobs.verdicts:tabulate"),
        models=plan.models.of_wildcards,
    message:
        "Verdicts on the receivers of {wildcards.task}"


use rule job as verdict_agreement with:
    """How often verdicts agree with what an independent judge sees in the same pictures."""
    input:
        verdicts="<results>/tables/verdicts_{task}.csv",
        tars=plan.models.files("<results>/datasets/generated_{model}.tar"),
        indices=plan.models.files("<results>/datasets/generated_{model}.parquet"),
        judge=plan.tables.judge,
        decoder=plan.bases.decoder,
        receivers="<results>/receivers_{task}.json",
    output:
        table="<results>/tables/verdict_agreement_{task}.csv",
    log:
        "<logs>/verdict_agreement/{task}.log",
    benchmark:
        "<benchmarks>/verdict_agreement/{task}.tsv"
    wildcard_constraints:
        task=one_of(plan.tables.judged),
    resources:
        mem_mb=4000,
        runtime=60,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.benchmarks.icare.jobs.verdict_agreement:compare"),
        models=plan.models.of_wildcards,
        settings=plan.data.task,
        device=plan.settings.device,
    message:
        "Verdicts of {wildcards.task} beside its judge"
