"""The explorer: a page, opened by double click, for looking at every pair of entities and the pictures behind each number.

In: finished tables, similarities and shards.
Out: the page; per task a folder of data, which the page loads when it opens, with its matrices; and a folder per model, its row of each matrix,
which is loaded when it is looked at. Where tables or pictures come from a corpus of others, numbers of single pictures lack, and perhaps pictures.
"""

THUMBNAIL = 128  # pixels; the pictures of the mini world stay as they are


use rule job as explorer_page with:
    """The page without data: it shows the tasks whose folders lie beside it."""
    input:
        static=ancient(plan.explorer.static),
    output:
        page=plan.explorer.page,
    log:
        "<logs>/explorer_page.log",
    benchmark:
        "<benchmarks>/explorer_page.tsv"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        job=plan.job("lethe.benchmarks.icare.jobs.explorer_page:write"),
        outside=identities(plan.explorer.static),
        world=plan.settings.world,
        tasks=plan.entity_tasks,
        parts=plan.overviews.parts,
    message:
        "Page of the explorer"


use rule job as explorer_base with:
    """The row of the base: the numbers of every picture, and thumbnails."""
    input:
        tars=plan.explorer.shards_of_base("tar"),
        indices=plan.explorer.shards_of_base("parquet"),
        baseline="<results>/scores/{task}_baseline.parquet",
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        decoder=plan.bases.decoder,
    output:
        folder=directory("<results>/explorer/rows/{task}_baseline"),
    log:
        "<logs>/explorer_base/{task}.log",
    benchmark:
        "<benchmarks>/explorer_base/{task}.tsv"
    wildcard_constraints:
        task=one_of(plan.entity_tasks),
    resources:
        mem_mb=plan.showing_memory(1000),
        runtime=60,
        gpu=plan.decoding_gpu,
    params:
        job=plan.job("lethe.benchmarks.icare.jobs.explorer:write_base"),
        device=plan.settings.device,
        seeds=plan.seeds,
        thumbnail=THUMBNAIL,
    message:
        "Explorer, pictures of the base of {wildcards.task}"


for shape in plan.explorer.shapes:

    rule:
        """Rows of the matrix of a batch of models: of each every pair, the numbers of every picture, thumbnails."""
        name:
            shape.name("explorer_rows")
        input:
            tars=plan.explorer.shards(shape, "tar"),
            indices=plan.explorer.shards(shape, "parquet"),
            pairs="<results>/pairs_{task}.parquet",
            images=plan.explorer.images,
            metadata="<results>/metadata_{task}_2_enriched_filtered.json",
            decoder=plan.bases.decoder,
        output:
            folders=directory(shape.each("<results>/explorer/rows/{model}")),
        log:
            "<logs>/explorer_rows/{task}_{batch}_{method}_{epochs}.log",
        benchmark:
            "<benchmarks>/explorer_rows/{task}_{batch}_{method}_{epochs}.tsv"
        wildcard_constraints:
            task=shape.task,
        conda:
            "../../envs/lethe.yaml"
        resources:
            mem_mb=plan.showing_memory(1500),
            runtime=120,
            gpu=plan.decoding_gpu,
        params:
            job=plan.job("lethe.benchmarks.icare.jobs.explorer:write_rows"),
            device=plan.settings.device,
            models=plan.models.in_batch(shape),
            pictured=plan.explorer.pictured(shape),
            seeds=plan.seeds,
            receivers=plan.data.told_receivers,
            thumbnail=THUMBNAIL,
        message:
            "Explorer, rows of {wildcards.task} under {wildcards.method}, batch {wildcards.batch}"
        script:
            "../../scripts/job.py"


use rule job as explorer_task with:
    """What the page shows of a task before a row is opened, and a matrix per method and metric; made last."""
    input:
        rows=plan.explorer.rows,
        pairs="<results>/pairs_{task}.parquet",
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        similarities=plan.tables.similarities,
        noise_floor="<results>/noise_floor_{task}.json",
        verdicts=plan.tables.verdicts,
        overview="<results>/overviews/{task}.json",
    output:
        first="<results>/explorer/{task}/overview.js",
        data="<results>/explorer/{task}/data.js",
        grids=directory("<results>/explorer/{task}/grids"),
    log:
        "<logs>/explorer_task/{task}.log",
    benchmark:
        "<benchmarks>/explorer_task/{task}.tsv"
    wildcard_constraints:
        task=one_of(plan.entity_tasks),
    resources:
        mem_mb=plan.explorer.memory,
        runtime=60,
    params:
        job=plan.job("lethe.benchmarks.icare.jobs.explorer:write"),
        kinds=plan.tables.similarities_named,
        methods=plan.models.methods,
        seeds=plan.seeds,
        receivers=plan.data.told_receivers,
    message:
        "Explorer of {wildcards.task}"
