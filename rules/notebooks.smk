"""Notebooks, executed on the published tables.

In: tables and similarities of a task.
Out: the executed notebook and an HTML export of it for the report.
"""


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
