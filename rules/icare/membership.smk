"""Membership inference: does an unlearned model still know the images it was trained on?

In: a base, deltas on it, images that were trained on and others of the same entities.
Out: membership/{run}.parquet, the loss of every image asked about, and one table per task. Part of `all`, not of `demo`.
"""


use rule job as membership_baseline with:
    """Members and non-members of every entity, encoded once for all models, and their losses under the base."""
    input:
        base=plan.tables.with_members,
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        receivers="<results>/receivers_{task}.json",
        tar="<results>/sources/{task}.tar",
        index="<results>/sources/{task}.parquet",
        shown=plan.bases.shown_lists,
    output:
        latents="<results>/membership/{task}.safetensors",
        losses="<results>/membership/{task}_baseline.parquet",
    log:
        "<logs>/membership_baseline/{task}.log",
    benchmark:
        "<benchmarks>/membership_baseline/{task}.tsv"
    resources:
        mem_mb=plan.memory("generate"),
        runtime=120,
        gpu=plan.gpu,
        gpu_mem_mb=plan.gpu_memory("generate"),
    params:
        job=plan.job("lethe.diffusion.jobs.membership:losses_of_base"),
        settings=plan.data.task,
        membership=plan.settings.scoring.membership.model_dump(),
        identity=plan.noise,
        size=plan.image_size,
        batch_size=2 * plan.settings.generation.batch_size,  # as many rows as a pass of guided sampling
        device=plan.settings.device,
        dtype=plan.settings.dtype,
    message:
        "Members and non-members of {wildcards.task} under the base"


for shape in plan.models.shapes(methods=plan.models.methods, tasks=plan.entity_tasks, having=plan.externals.has_model):

    rule:
        """Losses under a batch of models, each on the images of its emitter and on some of other entities."""
        name:
            shape.name("membership")
        input:
            base=plan.tables.asked_base,
            receivers="<results>/receivers_{task}.json",
            latents="<results>/membership/{task}.safetensors",
            baseline="<results>/membership/{task}_baseline.parquet",
            deltas=shape.each("<results>/models/{model}/delta.safetensors"),
        output:
            losses=shape.each("<results>/membership/{model}.parquet"),
        log:
            "<logs>/membership/{task}_{batch}_{method}_{epochs}.log",
        benchmark:
            "<benchmarks>/membership/{task}_{batch}_{method}_{epochs}.tsv"
        wildcard_constraints:
            task=shape.task,
        conda:
            "../../envs/lethe.yaml"
        resources:
            mem_mb=plan.memory("generate"),
            runtime=120,
            gpu=plan.gpu,
            gpu_mem_mb=plan.gpu_memory("generate"),
        params:
            job=plan.job("lethe.diffusion.jobs.membership:losses_of_batch"),
            models=plan.models.in_batch(shape),
            membership=plan.settings.scoring.membership.model_dump(),
            identity=plan.noise,
            batch_size=2 * plan.settings.generation.batch_size,
            device=plan.settings.device,
            dtype=plan.settings.dtype,
        message:
            "Membership under {wildcards.method} on {wildcards.task}, batch {wildcards.batch}"
        script:
            "../../scripts/job.py"


use rule job as membership_table with:
    """How well members can be told from non-members under every model, with the gates of the table."""
    input:
        baseline="<results>/membership/{task}_baseline.parquet",
        losses=plan.tables.losses,
    output:
        table="<results>/tables/membership_{task}.csv",
        means="<results>/tables/membership_means_{task}.csv",
        gates="<results>/tables/membership_gates_{task}.json",
    log:
        "<logs>/membership_table/{task}.log",
    benchmark:
        "<benchmarks>/membership_table/{task}.tsv"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        job=plan.job("lethe.benchmarks.icare.jobs.membership_table:tabulate"),
        stop=plan.stopping("tables/membership_gates_{task}.json"),
        models=plan.tables.asked_for_losses,
        settings=plan.data.task,
        membership=plan.settings.scoring.membership.model_dump(),
        statistics=plan.settings.statistics.model_dump(),
        seed=plan.settings.seed,
    message:
        "Membership inference on {wildcards.task}"
