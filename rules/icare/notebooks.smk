"""Notebooks, executed by papermill.

In: finished tables of a task (analysis); a base, latents, metadata and the judge (tutorials, which unlearn for real).
Out: the executed notebook and an HTML export of it for the report.
"""


use rule job as notebook_interference with:
    """The tables of a task opened and read step by step."""
    input:
        source=ancient(plan.root / "notebooks/interference.ipynb"),
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        pairs="<results>/pairs_{task}.parquet",
        unlearning="<results>/tables/unlearning_{task}.csv",
        correlations="<results>/tables/similarity_{task}.csv",
        noise_floor="<results>/noise_floor_{task}.json",
    output:
        notebook="<results>/notebooks/interference_{task}.ipynb",
        html=report(
            "<results>/notebooks/interference_{task}.html",
            caption="../../report/notebook.rst",
            category=chapters.NOTEBOOKS,
            labels={"result": "interference", "task": "{task}"},
        ),
    log:
        "<logs>/notebook_interference/{task}.log",
    benchmark:
        "<benchmarks>/notebook_interference/{task}.tsv"
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        job=plan.job("lethe.tools.jobs.notebook:execute", "notebooks/interference.ipynb"),
        outside=identities(plan.root / "notebooks/interference.ipynb"),
    message:
        "Notebook of {wildcards.task}"


use rule notebook_interference as notebook_data_preparation with:
    """How the entities of a task were chosen, from records to forget and retain lists, step by step."""
    input:
        unpack(plan.data.first_split),
        source=ancient(plan.root / "notebooks/data_preparation.ipynb"),
        records="<results>/sources/{task}.json",
        images="<results>/sources/{task}.parquet",
        enriched="<results>/metadata_{task}_1_enriched_but_not_filtered.json",
        filtered="<results>/metadata_{task}_2_enriched_filtered.json",
    output:
        notebook="<results>/notebooks/data_preparation_{task}.ipynb",
        html=report(
            "<results>/notebooks/data_preparation_{task}.html",
            caption="../../report/notebook_data_preparation.rst",
            category=chapters.NOTEBOOKS,
            labels={"result": "data preparation", "task": "{task}"},
        ),
    log:
        "<logs>/notebook_data_preparation/{task}.log",
    benchmark:
        "<benchmarks>/notebook_data_preparation/{task}.tsv"
    params:
        job=plan.job("lethe.tools.jobs.notebook:execute", "notebooks/data_preparation.ipynb", asks=plan.notebooks.of_data),
        outside=identities(plan.root / "notebooks/data_preparation.ipynb"),
        values=plan.notebooks.values("data_preparation", "balance", "priority", "images_per_entity"),
    message:
        "Notebook of the data preparation of {wildcards.task}"


use rule notebook_interference as notebook_data_exploration with:
    """The images, attributes and similarities of a task, looked at."""
    input:
        source=ancient(plan.root / "notebooks/data_exploration.ipynb"),
        tar="<results>/sources/{task}.tar",
        index="<results>/sources/{task}.parquet",
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        similarities=plan.tables.similarities_of_base,
    output:
        notebook="<results>/notebooks/data_exploration_{task}.ipynb",
        html=report(
            "<results>/notebooks/data_exploration_{task}.html",
            caption="../../report/notebook_data_exploration.rst",
            category=chapters.NOTEBOOKS,
            labels={"result": "data exploration", "task": "{task}"},
        ),
    log:
        "<logs>/notebook_data_exploration/{task}.log",
    benchmark:
        "<benchmarks>/notebook_data_exploration/{task}.tsv"
    params:
        job=plan.job("lethe.tools.jobs.notebook:execute", "notebooks/data_exploration.ipynb", asks=plan.notebooks.of_data),
        outside=identities(plan.root / "notebooks/data_exploration.ipynb"),
        values=plan.notebooks.values(
            "data_exploration", "attributes", "balance", "priority", kinds=list(plan.settings.similarity.kinds)
        ),
    message:
        "Notebook of the data of {wildcards.task}"


use rule notebook_interference as notebook_statistics with:
    """The statistics of a task: similarity and attributes against interference, with corrected p-values."""
    input:
        source=ancient(plan.root / "notebooks/statistics.ipynb"),
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        pairs="<results>/pairs_{task}.parquet",
        entities="<results>/interference_per_entity_{task}.json",
        similarity_table="<results>/tables/similarity_{task}.csv",
        relation_table="<results>/tables/relations_{task}.csv",
        alignment_table="<results>/tables/alignments_{task}.csv",
        similarities=plan.tables.similarities_of_base,
    output:
        notebook="<results>/notebooks/statistics_{task}.ipynb",
        html=report(
            "<results>/notebooks/statistics_{task}.html",
            caption="../../report/notebook_statistics.rst",
            category=chapters.NOTEBOOKS,
            labels={"result": "statistics", "task": "{task}"},
        ),
    log:
        "<logs>/notebook_statistics/{task}.log",
    benchmark:
        "<benchmarks>/notebook_statistics/{task}.tsv"
    params:
        job=plan.job("lethe.tools.jobs.notebook:execute", "notebooks/statistics.ipynb", asks=plan.notebooks.templates),
        outside=identities(plan.root / "notebooks/statistics.ipynb"),
        values=plan.notebooks.values(
            "statistics",
            "task",
            "balance",
            kinds=list(plan.settings.similarity.kinds),
            methods=plan.models.compared,
            alpha=plan.settings.statistics.alpha,
        ),
    message:
        "Notebook of the statistics of {wildcards.task}"


use rule job as tutorial with:
    """A tutorial: one entity or style of the mini world is unlearned on the CPU, with pictures before and after."""
    input:
        unpack(plan.notebooks.judges),
        source=ancient(plan.root / "notebooks/{tutorial}.ipynb"),
        base=plan.notebooks.base,
        latents=plan.notebooks.latents,
        receivers=plan.notebooks.receivers,
        emitters=plan.notebooks.emitters,
    output:
        notebook="<results>/notebooks/{tutorial}.ipynb",
        html=report(
            "<results>/notebooks/{tutorial}.html",
            caption="../../report/tutorial.rst",
            category=chapters.NOTEBOOKS,
            labels={"result": "tutorial", "task": "{tutorial}"},
        ),
    log:
        "<logs>/tutorial/{tutorial}.log",
    benchmark:
        "<benchmarks>/tutorial/{tutorial}.tsv"
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        job=plan.job("lethe.tools.jobs.notebook:execute", "notebooks/{tutorial}.ipynb", asks=plan.notebooks.asks),
        outside=identities(plan.root / "notebooks/{tutorial}.ipynb"),
    message:
        "Notebook {wildcards.tutorial}"
