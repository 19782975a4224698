"""Concepts of a task of cells, forgotten one after another.

In: a base, latents, judges.
Out: unlearncanvas/sequence_{task}_{method}.parquet, tables/unlearncanvas_sequence_{task}.csv.
"""


use rule studio_job as sequence with:
    """One method, concept after concept, in every arm; what is finished survives a killed job."""
    input:
        base=plan.bases.for_method,
        receivers="<results>/receivers_{task}.json",
        emitters="<results>/emitters_{task}.json",
        latents="<results>/latents/{task}.safetensors",
        evaluators=plan.sequences.evaluators,
    output:
        answers="<results>/unlearncanvas/sequence_{task}_{method}.parquet",
    log:
        "<logs>/sequence/{task}_{method}.log",
    benchmark:
        "<benchmarks>/sequence/{task}_{method}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("models", "images", "tables", tasks=plan.sequences.tasks),
        method=one_of(plan.sequences.methods),
    params:
        job=plan.job("lethe.benchmarks.unlearncanvas.jobs.sequence:forget_in_sequence"),
        hyperparameters=plan.models.hyperparameters,
        forget=plan.sequences.forget,
        strengths=plan.sequences.strengths,
        settings=plan.sequences.studio,
        fidelity=plan.settings.fidelity,
        work=plan.work("sequence"),
    message:
        "{wildcards.method} on {wildcards.task}, one concept after another"


use rule job as retrained_sequence with:
    """The base that was trained without the whole sequence, drawn and judged."""
    input:
        base=plan.sequences.retrained_base,
        receivers="<results>/receivers_{task}.json",
        emitters="<results>/emitters_{task}.json",
        evaluators=plan.sequences.evaluators,
    output:
        answers="<results>/unlearncanvas/retrained_sequence_{task}.parquet",
    log:
        "<logs>/retrained_sequence/{task}.log",
    benchmark:
        "<benchmarks>/retrained_sequence/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("models", "images", "tables", tasks=plan.sequences.with_retrained),
    resources:
        mem_mb=plan.memory("generate"),
        runtime=60,
        gpu=plan.gpu,
        gpu_mem_mb=plan.gpu_memory("generate"),
    params:
        job=plan.job("lethe.benchmarks.unlearncanvas.jobs.sequence:draw_retrained", asks={"lethe.diffusion.methods.METHODS": []}),
        forget=plan.sequences.forget,
        never_seen=plan.sequences.never_seen,
        settings=plan.sequences.studio,
    message:
        "Trained without the sequence of {wildcards.task}"


use rule job as sequence_table with:
    """UA of every concept after every step, what is kept, and retention at equal UA."""
    input:
        receivers="<results>/receivers_{task}.json",
        emitters="<results>/emitters_{task}.json",
        base="<results>/answers/{task}_baseline.parquet",
        answers=plan.sequences.answers,
        retrained=plan.sequences.retrained,
    output:
        table="<results>/tables/unlearncanvas_sequence_{task}.csv",
        matched="<results>/tables/unlearncanvas_matched_{task}.csv",
    log:
        "<logs>/sequence_table/{task}.log",
    benchmark:
        "<benchmarks>/sequence_table/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("models", "images", "tables", tasks=plan.sequences.tasks),
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        job=plan.job("lethe.benchmarks.unlearncanvas.jobs.sequence_tables:tabulate_sequence"),
        forget=plan.sequences.forget,
        kept_styles=plan.sequences.kept_styles,
        kept_objects=plan.sequences.kept_objects,
        seeds=plan.sequences.seeds,
        settings=plan.canvas.settings,
        inference=plan.inference,
    message:
        "Sequences of {wildcards.task}"
