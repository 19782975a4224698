"""Generation: every receiver asked for, under the base (off) and under every unlearned model (on).

In: a base and deltas on it.
Out: one deterministic tar of PNGs, or of latents (`keep_images`), and one index per model; any single PNG is a target too.
"""


use rule job as generate_baseline with:
    """Off images of a task: made once, whatever the number of emitters and methods."""
    input:
        base=plan.bases.of_task,
        receivers="<results>/receivers_{task}.json",
        emitters="<results>/emitters_{task}.json",
    output:
        tars=["<results>/datasets/generated_{task}_baseline.tar"],
        indices=["<results>/datasets/generated_{task}_baseline.parquet"],
    log:
        "<logs>/generate_baseline/{task}.log",
    benchmark:
        "<benchmarks>/generate_baseline/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("images"),
    resources:
        mem_mb=plan.memory("generate"),
        runtime=120,
        gpu=plan.gpu,
        gpu_mem_mb=plan.gpu_memory("generate"),
    params:
        job=plan.job("lethe.diffusion.jobs.generate:generate"),
        generation=plan.generation,
        world=plan.settings.world,
        device=plan.settings.device,
        dtype=plan.settings.dtype,
        keep_images=plan.settings.keep_images,
        work=plan.work("generate_baseline"),
    message:
        "Off images of {wildcards.task}"


for shape in plan.models.shapes("images", having=plan.externals.has_model):

    rule:
        """On images of a batch of models; what is finished survives a killed job."""
        name:
            shape.name("generate")
        input:
            base=plan.bases.of_task,
            receivers="<results>/receivers_{task}.json",
            emitters="<results>/emitters_{task}.json",
            deltas=shape.each("<results>/models/{model}/delta.safetensors"),
            asked=plan.data.asked,
        output:
            tars=shape.each("<results>/datasets/generated_{model}.tar"),
            indices=shape.each("<results>/datasets/generated_{model}.parquet"),
        log:
            "<logs>/generate/{task}_{batch}_{method}_{epochs}.log",
        benchmark:
            "<benchmarks>/generate/{task}_{batch}_{method}_{epochs}.tsv"
        wildcard_constraints:
            task=shape.task,
        conda:
            "../../envs/lethe.yaml"
        resources:
            mem_mb=plan.drawing_memory,
            runtime=600,
            gpu=plan.gpu,
            gpu_mem_mb=plan.drawing_gpu_memory,
        params:
            job=plan.job("lethe.diffusion.jobs.generate:generate"),
            models=plan.models.in_batch(shape),
            generation=plan.generation,
            world=plan.settings.world,
            device=plan.settings.device,
            dtype=plan.settings.dtype,
            keep_images=plan.settings.keep_images,
            work=plan.work(shape.name("generate")),
        message:
            "On images of {wildcards.task} under {wildcards.method}, batch {wildcards.batch}"
        script:
            "../../scripts/job.py"


use rule job as image with:
    """Any single picture: images/{run}/{receiver}_{seed}.png, e.g. images/objects_003_uce_000/007_42.png or images/objects_baseline/007_42.png."""
    input:
        tar="<results>/datasets/generated_{run}.tar",
        index="<results>/datasets/generated_{run}.parquet",
        asked=plan.data.asked_of_run,
        decoder=plan.bases.decoder_of_run,
    output:
        png="<results>/images/{run}/{receiver}_{seed}.png",
    log:
        "<logs>/image/{run}/{receiver}_{seed}.log",
    benchmark:
        "<benchmarks>/image/{run}/{receiver}_{seed}.tsv"
    resources:
        mem_mb=plan.showing_memory(500),
        runtime=5,
    params:
        job=plan.job("lethe.diffusion.jobs.image:extract"),
        entities=plan.data.entities_of_run,
    message:
        "Picture {wildcards.receiver}_{wildcards.seed} of {wildcards.run}"
