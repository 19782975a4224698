"""The record of a run: its configuration, its machine, its code and times, and all of it as a Workflow Run RO-Crate.

In: the products of the target that was asked for, `all` or `demo`.
Out: run_config.yaml, provenance/, ro-crate-metadata.json.
What triggers it: a product that is newer, another configuration, other code of any rule, another lock file. A commit that changes none of them
does not: the record says what the products were made with.
"""


localrules:
    run_config,
    provenance,
    ro_crate,


rule run_config:
    """The merged configuration with every default; laid over config/config.yaml it gives the same run."""
    output:
        config="<results>/run_config.yaml",
    log:
        "<logs>/run_config/all.log",
    benchmark:
        "<benchmarks>/run_config/all.tsv"
    conda:
        "../envs/lethe.yaml"
    resources:
        mem_mb=500,
        runtime=10,
    params:
        code=fingerprint("lethe.archive.provenance"),
        config=configuration(),
    message:
        "Merged configuration"
    script:
        "../scripts/run_config.py"


rule host:
    """The kind of machine that models run on: a job of its own, so that on a cluster it describes a compute node."""
    input:
        lock=plan.root / "requirements.lock",
    output:
        record="<results>/provenance/host.json",
    log:
        "<logs>/host/all.log",
    benchmark:
        "<benchmarks>/host/all.tsv"
    conda:
        "../envs/lethe.yaml"
    resources:
        mem_mb=500,
        runtime=10,
        gpu=plan.gpu,
    params:
        code=fingerprint("lethe.archive.provenance"),
    message:
        "Machine"
    script:
        "../scripts/host.py"


rule provenance:
    """Commit, packages, machine, code of every rule, number and times of jobs; the workflow that ran is kept beside it."""
    input:
        products=finished_products,
        config="<results>/run_config.yaml",
        host="<results>/provenance/host.json",
        lock=plan.root / "requirements.lock",
        workflow=workflow_files(),
    output:
        record="<results>/provenance/run.json",
        workflow=directory("<results>/provenance/workflow"),
    log:
        "<logs>/provenance/all.log",
    benchmark:
        "<benchmarks>/provenance/all.tsv"
    conda:
        "../envs/lethe.yaml"
    resources:
        mem_mb=500,
        runtime=10,
    params:
        code=fingerprint("lethe.archive.provenance"),
        codes=code_of_rules,
        benchmarks=f"benchmarks/{plan.settings.world}",
        root=str(plan.root),
        target=asked_target,
    message:
        "Record of the run"
    script:
        "../scripts/provenance.py"


rule ro_crate:
    """Everything that a run gave, as linked data: https://www.researchobject.org/workflow-run-crate."""
    input:
        products=finished_products,
        config="<results>/run_config.yaml",
        record="<results>/provenance/run.json",
        workflow="<results>/provenance/workflow",
        citation=plan.root / "CITATION.cff",
    output:
        crate="<results>/ro-crate-metadata.json",
    log:
        "<logs>/ro_crate/all.log",
    benchmark:
        "<benchmarks>/ro_crate/all.tsv"
    conda:
        "../envs/lethe.yaml"
    resources:
        mem_mb=500,
        runtime=30,
    params:
        code=fingerprint("lethe.archive.crate"),
    message:
        "RO-Crate of the run"
    script:
        "../scripts/ro_crate.py"
