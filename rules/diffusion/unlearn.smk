"""Unlearning: a batch of emitters a job.

In: a base, the latents of the training images, receivers and emitters, the hyper-parameters of a method on a task.
Out: prepared/{task}_{method}.safetensors, what a method needs for all emitters, and its record;
models/{task}_{index}_{method}_{epochs}/delta.safetensors, the model as a delta on its base, record.json, and losses.csv, its loss curve.
"""


use rule job as latents with:
    """VAE latents of a task's training images, encoded once and shared by every method and emitter."""
    input:
        base=plan.bases.of_task,
        tar="<results>/sources/{task}.tar",
        index="<results>/sources/{task}.parquet",
        training=plan.data.training,
    output:
        latents="<results>/latents/{task}.safetensors",
    log:
        "<logs>/latents/{task}.log",
    benchmark:
        "<benchmarks>/latents/{task}.tsv"
    wildcard_constraints:
        task=one_of(set(plan.tasks) - set(plan.audit.tasks)),
    resources:
        mem_mb=plan.memory("latents"),
        runtime=60,
        gpu=plan.gpu,
        gpu_mem_mb=plan.gpu_memory("latents"),
    params:
        job=plan.job("lethe.diffusion.jobs.latents:encode_task"),
        device=plan.settings.device,
        size=plan.image_size,
    message:
        "Latents of the training images of {wildcards.task}"


use rule job as prepare with:
    """What a method prepares once for all emitters of a task, such as the importance of every weight."""
    input:
        base=plan.bases.for_method,
        receivers=plan.audit.told,
        emitters="<results>/emitters_{task}.json",
        latents="<results>/latents/{task}.safetensors",
    output:
        tensors="<results>/prepared/{task}_{method}.safetensors",
        record="<results>/prepared/{task}_{method}.json",
    log:
        "<logs>/prepare/{task}_{method}.log",
    benchmark:
        "<benchmarks>/prepare/{task}_{method}.tsv"
    wildcard_constraints:
        task=one_of(plan.models.tasks),
        method=one_of(plan.models.preparing),
    resources:
        mem_mb=plan.training_memory,
        runtime=600,
        gpu=plan.gpu,
        gpu_mem_mb=plan.training_gpu_memory,
    params:
        job=plan.job("lethe.diffusion.jobs.prepare:prepare"),
        hyperparameters=plan.models.hyperparameters,
        seed=plan.settings.seed,
        device=plan.settings.device,
        fidelity=plan.settings.fidelity,
    message:
        "What {wildcards.method} prepares for {wildcards.task}"


for shape in plan.models.shapes("models", having=plan.models.runs_here):

    rule:
        """One method on the emitters of a batch; what is finished survives a killed job."""
        name:
            shape.name("unlearn")
        input:
            base=plan.bases.for_method,
            receivers=plan.audit.told,
            emitters="<results>/emitters_{task}.json",
            latents="<results>/latents/{task}.safetensors",
            weights=untimed(plan.bases.retrained_part, ancient),
            prepared=plan.models.prepared,
            measured=plan.models.measured(shape),
        output:
            deltas=shape.each("<results>/models/{model}/delta.safetensors"),
            records=shape.each("<results>/models/{model}/record.json"),
            losses=shape.each("<results>/models/{model}/losses.csv"),
        log:
            "<logs>/unlearn/{task}_{batch}_{method}_{epochs}.log",
        benchmark:
            "<benchmarks>/unlearn/{task}_{batch}_{method}_{epochs}.tsv"
        wildcard_constraints:
            task=shape.task,
        conda:
            "../../envs/lethe.yaml"
        resources:
            mem_mb=plan.training_memory,
            runtime=600,
            gpu=plan.gpu,
            gpu_mem_mb=plan.training_gpu_memory,
        params:
            job=plan.job("lethe.diffusion.jobs.unlearn:unlearn"),
            outside=identities(plan.bases.retrained_part),
            models=plan.models.in_batch(shape),
            hyperparameters=plan.models.hyperparameters,
            seed=plan.settings.seed,
            device=plan.settings.device,
            fidelity=plan.settings.fidelity,
            work=plan.work(shape.name("unlearn")),
        message:
            "{wildcards.method} on {wildcards.task}, batch {wildcards.batch}"
        script:
            "../../scripts/job.py"
