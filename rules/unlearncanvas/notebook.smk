"""The notebook of a task of UnlearnCanvas, executed by papermill.

In: finished tables and figures of the task.
Out: the executed notebook and an HTML export of it for the report.
"""


use rule job as notebook_unlearncanvas with:
    """The tables and figures of a task, told as a story."""
    input:
        source=ancient(plan.root / "notebooks/unlearncanvas.ipynb"),
        accuracy="<results>/tables/unlearncanvas_accuracy_{task}.csv",
        concepts="<results>/tables/unlearncanvas_concepts_{task}.csv",
        gates="<results>/tables/unlearncanvas_gates_{task}.json",
        cost="<results>/tables/unlearncanvas_cost_{task}.csv",
        samples="<results>/figures/unlearncanvas_samples_{task}.png",
        main="<results>/figures/unlearncanvas_main_{task}.png",
        confusion="<results>/figures/unlearncanvas_confusion_{task}.png",
        matrix="<results>/figures/unlearncanvas_matrix_{task}.png",
        lost="<results>/figures/unlearncanvas_matrix_{task}.csv",
        grid=plan.canvas.picture,
    output:
        notebook="<results>/notebooks/unlearncanvas_{task}.ipynb",
        html=report(
            "<results>/notebooks/unlearncanvas_{task}.html",
            caption="../../report/notebook_unlearncanvas.rst",
            category=chapters.NOTEBOOKS,
            labels={"result": "UnlearnCanvas", "task": "{task}"},
        ),
    log:
        "<logs>/notebook_unlearncanvas/{task}.log",
    benchmark:
        "<benchmarks>/notebook_unlearncanvas/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("tables", tasks=plan.canvas.tasks),
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        job=plan.job("lethe.tools.jobs.notebook:execute", "notebooks/unlearncanvas.ipynb", asks=plan.notebooks.of_data),
        outside=identities(plan.root / "notebooks/unlearncanvas.ipynb"),
        values=plan.canvas.named,
    message:
        "Notebook of UnlearnCanvas on {wildcards.task}"
