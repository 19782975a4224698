"""Scoring: one batched pass over every shard.

In: off and on shards, evaluators.
Out: scores/{run}.parquet, one row per image, and the backbone's embeddings. Off images are scored once per task.
"""


rule score_baseline:
    """Scores and embeddings of the off images."""
    input:
        tar="<results>/datasets/generated_{task}_baseline.tar",
        index="<results>/datasets/generated_{task}_baseline.parquet",
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        evaluators=expand("<results>/evaluators/{evaluator}", evaluator=list(SETTINGS.evaluators)),
        lpips=lpips_weights,
    output:
        scores="<results>/scores/{task}_baseline.parquet",
        seed_pairs="<results>/scores/{task}_seed_pairs.parquet",
        embeddings="<results>/scores/{task}_baseline_embeddings.npz",
    log:
        "<logs>/score_baseline/{task}.log",
    benchmark:
        "<benchmarks>/score_baseline/{task}.tsv"
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
        gpu=GPU,
    params:
        code=fingerprint(*modules_of(SETTINGS.scoring.metrics)),
        scoring=SETTINGS.scoring.model_dump(exclude={"distribution", "membership"}),
        roles=list(SETTINGS.evaluators),
        device=SETTINGS.device,
    message:
        "Scores of the off images of {wildcards.task}"
    script:
        "../scripts/score_baseline.py"


rule score:
    """Scores of the on images of ten models, each against its off image."""
    input:
        tars=expand("<results>/datasets/generated_{{task}}_{{decade}}{unit}_{{method}}_{{epochs}}.tar", unit=range(10)),
        indices=expand("<results>/datasets/generated_{{task}}_{{decade}}{unit}_{{method}}_{{epochs}}.parquet", unit=range(10)),
        off_tar="<results>/datasets/generated_{task}_baseline.tar",
        off_index="<results>/datasets/generated_{task}_baseline.parquet",
        off_embeddings="<results>/scores/{task}_baseline_embeddings.npz",
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        evaluators=expand("<results>/evaluators/{evaluator}", evaluator=list(SETTINGS.evaluators)),
        lpips=lpips_weights,
    output:
        scores=expand("<results>/scores/{{task}}_{{decade}}{unit}_{{method}}_{{epochs}}.parquet", unit=range(10)),
        embeddings=expand("<results>/scores/{{task}}_{{decade}}{unit}_{{method}}_{{epochs}}_embeddings.npz", unit=range(10)),
    log:
        "<logs>/score/{task}_{decade}_{method}_{epochs}.log",
    benchmark:
        "<benchmarks>/score/{task}_{decade}_{method}_{epochs}.tsv"
    wildcard_constraints:
        method=one_of(grouped_methods()),
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=240,
        gpu=GPU,
    params:
        code=fingerprint(*modules_of(SETTINGS.scoring.metrics)),
        scoring=SETTINGS.scoring.model_dump(exclude={"distribution", "membership"}),
        roles=list(SETTINGS.evaluators),
        device=SETTINGS.device,
        work=work_folder("score"),
    message:
        "Scores of {wildcards.task} under {wildcards.method}, emitters {wildcards.decade}0 to {wildcards.decade}9"
    script:
        "../scripts/score.py"


use rule score as score_retrain with:
    input:
        tars=["<results>/datasets/generated_{task}_{index}_retrain_{epochs}.tar"],
        indices=["<results>/datasets/generated_{task}_{index}_retrain_{epochs}.parquet"],
        off_tar="<results>/datasets/generated_{task}_baseline.tar",
        off_index="<results>/datasets/generated_{task}_baseline.parquet",
        off_embeddings="<results>/scores/{task}_baseline_embeddings.npz",
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        evaluators=expand("<results>/evaluators/{evaluator}", evaluator=list(SETTINGS.evaluators)),
        lpips=lpips_weights,
    output:
        scores=["<results>/scores/{task}_{index}_retrain_{epochs}.parquet"],
        embeddings=["<results>/scores/{task}_{index}_retrain_{epochs}_embeddings.npz"],
    log:
        "<logs>/score_retrain/{task}_{index}_{epochs}.log",
    benchmark:
        "<benchmarks>/score_retrain/{task}_{index}_{epochs}.tsv"
    params:
        code=fingerprint(*modules_of(SETTINGS.scoring.metrics)),
        scoring=SETTINGS.scoring.model_dump(exclude={"distribution", "membership"}),
        roles=list(SETTINGS.evaluators),
        device=SETTINGS.device,
        work=work_folder("score_retrain"),
    message:
        "Scores of {wildcards.task} retrained without entity {wildcards.index}"
