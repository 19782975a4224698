"""Scoring: one batched pass over every shard.

In: off and on shards, evaluators.
Out: scores/{run}.parquet, one row per image, and the backbone's embeddings. Off images are scored once per task.
Where a world uses a GPU, metrics that no GPU computes are scored by jobs without it, into scores/apart/{run}.parquet; not where
pictures are kept as latents, which only a GPU makes pictures of in good time.
"""


use rule job as score_baseline_apart with:
    """Scores of the off images by metrics that no GPU computes, in a job without one."""
    input:
        tars=["<results>/datasets/generated_{task}_baseline.tar"],
        indices=["<results>/datasets/generated_{task}_baseline.parquet"],
        receivers="<results>/receivers_{task}.json",
    output:
        scores=["<results>/scores/apart/{task}_baseline.parquet"],
    log:
        "<logs>/score_baseline_apart/{task}.log",
    benchmark:
        "<benchmarks>/score_baseline_apart/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_scored(),
    threads: 2
    resources:
        mem_mb=plan.scoring_memory,
        runtime=60,
    params:
        job=plan.job("lethe.diffusion.jobs.score:score_apart"),
        models=["{task}_baseline"],
        scoring=plan.scoring,
        apart=plan.apart,
        work=plan.work("score_baseline_apart"),
    message:
        "Scores of the off images of {wildcards.task} by metrics that no GPU computes"


use rule job as score_baseline with:
    """Scores and embeddings of the off images."""
    input:
        tar="<results>/datasets/generated_{task}_baseline.tar",
        index="<results>/datasets/generated_{task}_baseline.parquet",
        receivers="<results>/receivers_{task}.json",
        evaluators=plan.bases.evaluators,
        lpips=untimed(plan.bases.lpips_weights, ancient),
        scored_apart=plan.scored_apart(),
        decoder=plan.bases.decoder,
    output:
        scores="<results>/scores/{task}_baseline.parquet",
        seed_pairs="<results>/scores/{task}_seed_pairs.parquet",
        embeddings="<results>/scores/{task}_baseline_embeddings.npz",
    log:
        "<logs>/score_baseline/{task}.log",
    benchmark:
        "<benchmarks>/score_baseline/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_scored(),
    resources:
        mem_mb=plan.scoring_memory,
        runtime=60,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.diffusion.jobs.score:score_baseline"),
        outside=identities(plan.bases.lpips_weights),
        scoring=plan.scoring,
        apart=plan.apart,
        settings=plan.bases.evaluator_settings,
        device=plan.settings.device,
    message:
        "Scores of the off images of {wildcards.task}"


for shape in plan.models.scored_shapes:

    rule:
        """Scores of the on images of a batch of models, each against its off image."""
        name:
            shape.name("score")
        input:
            tars=shape.each("<results>/datasets/generated_{model}.tar"),
            indices=shape.each("<results>/datasets/generated_{model}.parquet"),
            off_tar="<results>/datasets/generated_{task}_baseline.tar",
            off_index="<results>/datasets/generated_{task}_baseline.parquet",
            off_embeddings="<results>/scores/{task}_baseline_embeddings.npz",
            receivers="<results>/receivers_{task}.json",
            evaluators=plan.bases.evaluators,
            lpips=untimed(plan.bases.lpips_weights, ancient),
            scored_apart=plan.scored_apart(shape),
            decoder=plan.bases.decoder,
        output:
            scores=shape.each("<results>/scores/{model}.parquet"),
            embeddings=shape.each("<results>/scores/{model}_embeddings.npz"),
        log:
            "<logs>/score/{task}_{batch}_{method}_{epochs}.log",
        benchmark:
            "<benchmarks>/score/{task}_{batch}_{method}_{epochs}.tsv"
        wildcard_constraints:
            task=shape.task,
        conda:
            "../../envs/lethe.yaml"
        resources:
            mem_mb=plan.scoring_memory,
            runtime=240,
            gpu=plan.gpu,
        params:
            job=plan.job("lethe.diffusion.jobs.score:score"),
            outside=identities(plan.bases.lpips_weights),
            models=plan.models.in_batch(shape),
            scoring=plan.scoring,
            apart=plan.apart,
            settings=plan.bases.evaluator_settings,
            device=plan.settings.device,
            work=plan.work(shape.name("score")),
        message:
            "Scores of {wildcards.task} under {wildcards.method}, batch {wildcards.batch}"
        script:
            "../../scripts/job.py"

    rule:
        """Scores of the on images of a batch of models by metrics that no GPU computes, in a job without one."""
        name:
            shape.name("score_apart")
        input:
            tars=shape.each("<results>/datasets/generated_{model}.tar"),
            indices=shape.each("<results>/datasets/generated_{model}.parquet"),
            receivers="<results>/receivers_{task}.json",
        output:
            scores=shape.each("<results>/scores/apart/{model}.parquet"),
        log:
            "<logs>/score_apart/{task}_{batch}_{method}_{epochs}.log",
        benchmark:
            "<benchmarks>/score_apart/{task}_{batch}_{method}_{epochs}.tsv"
        wildcard_constraints:
            task=shape.task,
        conda:
            "../../envs/lethe.yaml"
        threads: 2
        resources:
            mem_mb=plan.scoring_memory,
            runtime=240,
        params:
            job=plan.job("lethe.diffusion.jobs.score:score_apart"),
            models=plan.models.in_batch(shape),
            scoring=plan.scoring,
            apart=plan.apart,
            work=plan.work(shape.name("score_apart")),
        message:
            "Scores of {wildcards.task} under {wildcards.method}, batch {wildcards.batch}, by metrics that no GPU computes"
        script:
            "../../scripts/job.py"
