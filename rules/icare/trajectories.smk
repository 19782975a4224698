"""Trainings looked into: what a method has reached after the epochs of `checkpoints`. Made when asked for.

In: what `unlearn` reads, the off images and their scores.
Out: trajectories/{task}_{index}_{method}/epoch_{epochs}/delta.safetensors, a table and a strip of pictures. The last equals the model
without checkpoints.
"""


use rule job as trajectory with:
    """One emitter unlearned once more, with a model, a row of the table and a column of pictures for each epoch."""
    input:
        base=plan.bases.for_method,
        receivers="<results>/receivers_{task}.json",
        emitters="<results>/emitters_{task}.json",
        latents="<results>/latents/{task}.safetensors",
        prepared=plan.models.prepared,
        off_tar="<results>/datasets/generated_{task}_baseline.tar",
        off_index="<results>/datasets/generated_{task}_baseline.parquet",
        off="<results>/scores/{task}_baseline.parquet",
        off_embeddings="<results>/scores/{task}_baseline_embeddings.npz",
        evaluators=plan.bases.evaluators,
        lpips=untimed(plan.bases.lpips_weights, ancient),
        decoder=plan.bases.decoder,
    output:
        models=directory("<results>/trajectories/{task}_{index}_{method}"),
        table="<results>/tables/trajectory_{task}_{index}_{method}.csv",
        figure="<results>/trajectories/{task}_{index}_{method}.png",
    log:
        "<logs>/trajectory/{task}_{index}_{method}.log",
    benchmark:
        "<benchmarks>/trajectory/{task}_{index}_{method}.tsv"
    wildcard_constraints:
        task=one_of(plan.entity_tasks),
        method=one_of(plan.trajectories.methods),
    resources:
        mem_mb=plan.training_memory,
        runtime=600,
        gpu=plan.gpu,
        gpu_mem_mb=plan.training_gpu_memory,
    params:
        job=plan.job("lethe.benchmarks.icare.jobs.trajectory:look"),
        outside=identities(plan.bases.lpips_weights),
        steps=plan.trajectories.steps,
        hyperparameters=plan.models.hyperparameters,
        seed=plan.settings.seed,
        fidelity=plan.settings.fidelity,
        generation=plan.generation,
        world=plan.settings.world,
        scoring=plan.scoring,
        settings=plan.bases.evaluator_settings,
        device=plan.settings.device,
        dtype=plan.settings.dtype,
    message:
        "{wildcards.method} on emitter {wildcards.index} of {wildcards.task}, along its training"
