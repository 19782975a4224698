"""The answer of a world in one minute.

In: finished tables, gates and pictures.
Out: worst_pairs/{task}.json, answer_{extent}.html, and tables/to_answer_{extent}.js, by which pages of tables lead back to it.
"""


use rule job as worst_pictures with:
    """What is forgotten, the neighbour that lost most and the one that lost least, before and after; chosen by rule."""
    input:
        unpack(plan.models.shards),
        pairs="<results>/pairs_{task}.parquet",
        floor="<results>/noise_floor_{task}.json",
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        decoder=plan.bases.decoder,
    output:
        shown="<results>/worst_pairs/{task}.json",
    log:
        "<logs>/worst_pictures/{task}.log",
    benchmark:
        "<benchmarks>/worst_pictures/{task}.tsv"
    wildcard_constraints:
        task=one_of(plan.answer.with_pictures),
    resources:
        mem_mb=plan.showing_memory(2000),
        runtime=10,
    params:
        job=plan.job("lethe.answer.jobs.worst:show"),
        models=plan.answer.models,
        exclude=plan.data.tuning_emitters,
    message:
        "Pictures of a bad case of {wildcards.task}"


use rule job as answer with:
    """The first page: what was found, what does not hold, how methods compare, and pictures; `demo` or `all`."""
    input:
        tables=plan.answer.tables,
        gates=plan.answer.gates,
        pictures=plan.answer.pictures,
        pages=plan.answer.pages,
        code=ancient(plan.answer.static),
    output:
        answer=report(
            "<results>/answer_{extent}.html",
            caption="../../report/answer.rst",
            category=chapters.ANSWER,
            labels={"result": "findings, pictures, methods, checks", "task": "all"},
        ),
        sentences="<results>/answer_{extent}.txt",
        way="<results>/tables/to_answer_{extent}.js",
    log:
        "<logs>/answer/{extent}.log",
    benchmark:
        "<benchmarks>/answer/{extent}.tsv"
    wildcard_constraints:
        extent="demo|all",
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        job=plan.job("lethe.answer.jobs.answer:tell"),
        outside=identities(plan.answer.static),
        world=plan.settings.world,
        tasks=plan.answer.tasks,
        studies=plan.answer.studies,
        canvases=plan.answer.canvases,
        judging=plan.answer.judging,
        links=plan.answer.links,
    message:
        "The answer"
