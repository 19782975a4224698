"""The answer of a world in one minute.

In: finished tables and grids of pictures.
Out: answer_{extent}.html.
"""


use rule job as answer with:
    """The first page: what was found, what does not hold, how methods compare, and pictures; `demo` or `all`."""
    input:
        tables=plan.answer.tables,
        figures=plan.answer.figures,
        code=ancient(plan.answer.static),
    output:
        answer=report(
            "<results>/answer_{extent}.html",
            caption="../../report/answer.rst",
            category="the answer",
            labels={"result": "findings, checks, methods"},
        ),
        sentences="<results>/answer_{extent}.txt",
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
        pictured=plan.answer.pictured,
        studies=plan.answer.studies,
        canvases=plan.answer.canvases,
        links=plan.answer.links,
    message:
        "The answer"
