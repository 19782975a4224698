"""Notebooks, executed by papermill.

In: finished tables of a task (analysis); a base, latents, metadata and the judge (tutorials, which unlearn for real).
Out: the executed notebook and an HTML export of it for the report.
"""


localrules:
    notebooks,
    tutorials,


rule notebooks:
    """Every notebook: the analysis of every task and the tutorials."""
    input:
        notebook_files(TASKS),
        tutorial_files,


rule tutorials:
    """The tutorials of the library, each of which unlearns one entity of the mini world."""
    input:
        tutorial_files,


rule notebook_interference:
    """The tables of a task opened and read step by step."""
    input:
        notebook=ROOT / "notebooks/interference.ipynb",
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        pairs="<results>/pairs_{task}.parquet",
        unlearning="<results>/tables/unlearning_{task}.csv",
        correlations="<results>/tables/similarity_{task}.csv",
        noise_floor="<results>/noise_floor_{task}.json",
    output:
        notebook="<results>/notebooks/interference_{task}.ipynb",
        html=report(
            "<results>/notebooks/interference_{task}.html",
            caption="../report/notebook.rst",
            category="{task}",
            labels={"result": "notebook"},
        ),
    log:
        "<logs>/notebook_interference/{task}.log",
    benchmark:
        "<benchmarks>/notebook_interference/{task}.tsv"
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        code=fingerprint("lethe.plots.interference_matrix", "lethe.plots.notebook"),
    message:
        "Notebook of {wildcards.task}"
    script:
        "../scripts/run_notebook.py"


rule tutorial:
    """A tutorial: one entity of the mini world is unlearned on the CPU, with pictures before and after."""
    input:
        notebook=ROOT / "notebooks/{tutorial}.ipynb",
        base=base_of_tutorial,
        latents=latents_of_tutorial,
        metadata=metadata_of_tutorial,
        judge="<results>/evaluators/judge",
    output:
        notebook="<results>/notebooks/{tutorial}.ipynb",
        html=report(
            "<results>/notebooks/{tutorial}.html",
            caption="../report/tutorial.rst",
            category="tutorials",
            labels={"result": "{tutorial}"},
        ),
    log:
        "<logs>/tutorial/{tutorial}.log",
    benchmark:
        "<benchmarks>/tutorial/{tutorial}.tsv"
    wildcard_constraints:
        tutorial=one_of(TUTORIALS),
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        code=fingerprint(
            "lethe.metrics.confusion",
            "lethe.metrics.run",
            "lethe.plots.before_after",
            "lethe.plots.notebook",
            "lethe.unlearners.run",
            *[UNLEARNERS.module_of(method) for method in ("distil", "distil_module", "distil_weight", "munba", "uce")],
        ),
    message:
        "Notebook {wildcards.tutorial}"
    script:
        "../scripts/run_notebook.py"
