"""What the explorer shows first: findings, methods with intervals, worst pairs and checks of every task, study and canvas.

In: finished tables.
Out: overviews/{task}.json, which the explorer's folder of a task takes in; explorer/*/overview.js of the other benchmarks; explorer/links_{extent}.js.
"""


use rule job as overview_of_task with:
    """The overview of a task of entities."""
    input:
        tables=plan.overviews.tables,
        pairs="<results>/pairs_{task}.parquet",
        floor="<results>/noise_floor_{task}.json",
        gates="<results>/tables/gates_{task}.json",
    output:
        overview="<results>/overviews/{task}.json",
    log:
        "<logs>/overview_of_task/{task}.log",
    benchmark:
        "<benchmarks>/overview_of_task/{task}.tsv"
    wildcard_constraints:
        task=one_of(plan.entity_tasks),
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        job=plan.job("lethe.answer.jobs.overview:tell_task"),
        exclude=plan.data.tuning_emitters,
    message:
        "Overview of {wildcards.task}"


use rule job as overview_of_study with:
    """The overview of a study of Deep Unlearn that is attacked."""
    input:
        tables=[
            "<results>/tables/deepunlearn_{dataset}_{architecture}.csv",
            "<results>/tables/deepunlearn_lira_{dataset}_{architecture}.csv",
            "<results>/deepunlearn/{dataset}/{architecture}/lira/gates.json",
        ],
        gates=[
            "<results>/deepunlearn/{dataset}/{architecture}/study_gates.json",
            "<results>/deepunlearn/{dataset}/{architecture}/search_gates.json",
        ],
    output:
        overview="<results>/explorer/deepunlearn_{dataset}_{architecture}/overview.js",
    log:
        "<logs>/overview_of_study/{dataset}_{architecture}.log",
    benchmark:
        "<benchmarks>/overview_of_study/{dataset}_{architecture}.tsv"
    params:
        job=plan.job("lethe.answer.jobs.overview:tell_study"),
        study=plan.overviews.study,
    message:
        "Overview of {wildcards.dataset}, {wildcards.architecture}"


use rule job as overview_of_canvas with:
    """The overview of a task of UnlearnCanvas: of all methods, or of those of the demo."""
    input:
        table=plan.overviews.canvas_table,
        gates=plan.overviews.canvas_gates,
        confusion=plan.overviews.canvas_confusion,
    output:
        overview="<results>/explorer/unlearncanvas_{extent}_{task}/overview.js",
    log:
        "<logs>/overview_of_canvas/{extent}_{task}.log",
    benchmark:
        "<benchmarks>/overview_of_canvas/{extent}_{task}.tsv"
    wildcard_constraints:
        extent="demo|all",
        task=one_of(plan.canvas.tasks),
    params:
        job=plan.job("lethe.answer.jobs.overview:tell_canvas"),
    message:
        "Overview of {wildcards.task}, {wildcards.extent}"


use rule job as explorer_links with:
    """The way from the explorer to an answer: only where this was asked for is there a link, and then there is an answer."""
    input:
        answer="<results>/answer_{extent}.html",
    output:
        links="<results>/explorer/links_{extent}.js",
    log:
        "<logs>/explorer_links/{extent}.log",
    benchmark:
        "<benchmarks>/explorer_links/{extent}.tsv"
    wildcard_constraints:
        extent="demo|all",
    params:
        job=plan.job("lethe.answer.jobs.overview:link"),
    message:
        "Link from the explorer to the answer"
