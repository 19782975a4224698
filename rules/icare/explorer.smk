"""The explorer: a page, opened by double click, for looking at every pair of entities and the pictures behind each number.

In: finished tables, similarities and shards.
Out: the page, and a folder of data per task beside it, which can be made alone.
"""


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


use rule job as explorer_task with:
    """What the page shows of a task: its tables, the numbers of every image, thumbnails of every picture."""
    input:
        unpack(plan.models.shards),
        pairs="<results>/pairs_{task}.parquet",
        images=plan.tables.images,
        baseline="<results>/scores/{task}_baseline.parquet",
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        similarities=plan.tables.similarities,
        noise_floor="<results>/noise_floor_{task}.json",
        verdicts=plan.tables.verdicts,
        overview="<results>/overviews/{task}.json",
        decoder=plan.bases.decoder,
    output:
        folder=directory("<results>/explorer/{task}"),
    log:
        "<logs>/explorer_task/{task}.log",
    benchmark:
        "<benchmarks>/explorer_task/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_scored(),
    resources:
        mem_mb=plan.tables.memory(4000),
        runtime=240,
        gpu=plan.decoding_gpu,
    params:
        job=plan.job("lethe.benchmarks.icare.jobs.explorer:write"),
        kinds=plan.tables.similarities_named,
        methods=plan.models.methods,
        models=plan.models.of_wildcards,
        receivers=plan.data.told_receivers,
        device=plan.settings.device,  # of latents; pictures that are kept need none
        thumbnail=128,  # pixels; the pictures of the mini world stay as they are
    message:
        "Explorer of {wildcards.task}"
