"""What the gates of an UnlearnCanvas world rest on: colours, autoencoder, prompts with a prefix, cells that a base never saw. The quality
of a base, and of a model that edits.

In: base, judges, training images and real images that nothing was trained on.
Out: unlearncanvas/world_{task}.json, tables/unlearncanvas_{base,edits,style_transfer}_{task}.csv.
"""


use rule job as unlearncanvas_world with:
    """Judges, base and autoencoder of a task, measured on real and on drawn images."""
    input:
        base=plan.bases.of_task,
        held_out=plan.bases.held_out,
        receivers="<results>/receivers_{task}.json",
        tar="<results>/sources/{task}.tar",
        index="<results>/sources/{task}.parquet",
        reference_tar="<results>/sources/{task}_reference.tar",
        reference_index="<results>/sources/{task}_reference.parquet",
        evaluators=plan.bases.evaluators,
    output:
        figures="<results>/unlearncanvas/world_{task}.json",
    log:
        "<logs>/unlearncanvas_world/{task}.log",
    benchmark:
        "<benchmarks>/unlearncanvas_world/{task}.tsv"
    wildcard_constraints:
        task=one_of(plan.canvas.with_world),
    resources:
        mem_mb=plan.memory("generate"),
        runtime=120,
        gpu=plan.gpu,
        gpu_mem_mb=plan.gpu_memory("generate"),
    params:
        job=plan.job("lethe.benchmarks.unlearncanvas.jobs.world:measure_world"),
        world=plan.settings.world,
        style=plan.canvas.style,
        never_seen=plan.bases.never_seen,
        scoring=plan.canvas.scoring,
        settings=plan.bases.evaluator_settings,
        generation=plan.generation,
        device=plan.settings.device,
        dtype=plan.settings.dtype,
    message:
        "Judges, base and autoencoder of {wildcards.task}"


rule canvas_editing:
    """Quality of the base, pictures edited by a model that edits, and style transfer, of every task that has them: tables."""
    input:
        plan.edits.products,


use rule job as unlearncanvas_base with:
    """The quality of a base: what judges see in its images, how far they are from real ones."""
    input:
        receivers="<results>/receivers_{task}.json",
        emitters="<results>/emitters_{task}.json",
        real_scores="<results>/unlearncanvas/real_{task}.parquet",
        real="<results>/unlearncanvas/real_{task}_embeddings.npz",
        base_scores="<results>/scores/{task}_baseline.parquet",
        base="<results>/scores/{task}_baseline_embeddings.npz",
    output:
        table="<results>/tables/unlearncanvas_base_{task}.csv",
    log:
        "<logs>/unlearncanvas_base/{task}.log",
    benchmark:
        "<benchmarks>/unlearncanvas_base/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("tables", tasks=plan.canvas.compared),
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        job=plan.job("lethe.benchmarks.unlearncanvas.jobs.base_quality:tabulate_base"),
        settings=plan.canvas.settings,
    message:
        "Quality of the base of {wildcards.task}"


use rule job as unlearncanvas_edits with:
    """Held-out pictures, edited to every style by a model that edits, and judged."""
    input:
        unpack(plan.canvas.real),
        editor=plan.edits.editor,
        receivers="<results>/receivers_{task}.json",
        evaluators=plan.bases.evaluators,
    output:
        table="<results>/tables/unlearncanvas_edits_{task}.csv",
    log:
        "<logs>/unlearncanvas_edits/{task}.log",
    benchmark:
        "<benchmarks>/unlearncanvas_edits/{task}.tsv"
    wildcard_constraints:
        task=one_of(plan.edits.tasks),
    resources:
        mem_mb=plan.memory("generate"),
        runtime=240,
        gpu=plan.gpu,
        gpu_mem_mb=plan.gpu_memory("generate"),
    params:
        job=plan.job("lethe.benchmarks.unlearncanvas.jobs.edits:judge_edits"),
        world=plan.settings.world,
        name=plan.edits.name,
        scoring=plan.edits.scoring,
        settings=plan.bases.evaluator_settings,
        canvas=plan.canvas.settings,
        editing=plan.edits.editing,
        sampling=plan.edits.sampling,
        device=plan.settings.device,
        dtype=plan.settings.dtype,
    message:
        "Pictures of {wildcards.task}, edited and judged"


use rule job as unlearncanvas_style_transfer with:
    """Style transfer without training, by the model that edits, and of others, held against what is known pixel for pixel."""
    input:
        unpack(plan.edits.held_out),
        base=plan.bases.of_task,
        receivers="<results>/receivers_{task}.json",
        evaluators=plan.edits.spaces,
        editor=plan.edits.editor,
        answers=untimed(plan.edits.answers, ancient),
    output:
        table="<results>/tables/unlearncanvas_style_transfer_{task}.csv",
    log:
        "<logs>/unlearncanvas_style_transfer/{task}.log",
    benchmark:
        "<benchmarks>/unlearncanvas_style_transfer/{task}.tsv"
    wildcard_constraints:
        task=one_of(plan.canvas.with_world),
    resources:
        mem_mb=plan.memory("generate"),
        runtime=600,
        gpu=plan.gpu,
        gpu_mem_mb=plan.gpu_memory("generate"),
    params:
        job=plan.job("lethe.benchmarks.unlearncanvas.jobs.style_transfer:measure_transfer"),
        outside=identities(plan.edits.answers),
        world=plan.settings.world,
        canvas=plan.canvas.settings,
        settings=plan.edits.transfer,
        sampling=plan.edits.sampling,
        editing=plan.edits.editing,
        name=plan.edits.name,
        device=plan.settings.device,
    message:
        "Style transfer on {wildcards.task}"


use rule job as unlearncanvas_layout with:
    """The training images in the layout of the published data set, `{Style}/{Object}/{k}.jpg`, and as its table; on request alone."""
    input:
        tar="<results>/sources/{task}.tar",
        index="<results>/sources/{task}.parquet",
        receivers="<results>/receivers_{task}.json",
    output:
        folder=directory("<results>/unlearncanvas/images_{task}"),
        table="<results>/unlearncanvas/images_{task}.parquet",
    log:
        "<logs>/unlearncanvas_layout/{task}.log",
    benchmark:
        "<benchmarks>/unlearncanvas_layout/{task}.tsv"
    wildcard_constraints:
        task=one_of(plan.canvas.tasks),
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        job=plan.job("lethe.benchmarks.unlearncanvas.jobs.published_layout:write_layout"),
        settings=plan.canvas.settings,
    message:
        "Images of {wildcards.task} as published"
