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


def asked(wildcards):
    """Which of the two targets with a record was asked for."""
    return asked_target(
        workflow.dag_settings.targets
    )  # only local rules may call this: a job on a cluster knows its own target only


def finished_products(wildcards):
    """The products of the target that was asked for."""
    target = rules.demo if asked(wildcards) == "demo" else rules.all
    return [file for file in target.input if file not in target.input.record]


def code_of_rules(wildcards):
    """Name of each rule -> hash of its code, asked when all rules are known."""
    return codes(steps(), plan.known)


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
        job=plan.job("lethe.jobs.record:write_configuration"),
        values=plan.record.configuration(config),
    message:
        "Merged configuration"
    script:
        "../scripts/job.py"


rule host:
    """The kind of machine that models run on: a job of its own, so that on a cluster it describes a compute node."""
    input:
        ancient(plan.root / "requirements.lock"),
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
        job=plan.job("lethe.jobs.record:describe_host"),
        outside=identities(plan.root / "requirements.lock"),
    message:
        "Machine"
    script:
        "../scripts/job.py"


rule provenance:
    """Commit, packages, machine, code of every rule, number and times of jobs; the workflow that ran is kept beside it."""
    input:
        finished_products,
        ancient(plan.root / "requirements.lock"),
        config="<results>/run_config.yaml",
        host="<results>/provenance/host.json",
        sources=ancient(plan.record.workflow_files),
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
        job=plan.job("lethe.jobs.record:write_record"),
        outside=identities(plan.root / "requirements.lock", plan.record.workflow_files),
        codes=code_of_rules,
        benchmarks=f"benchmarks/{plan.settings.world}",
        root=str(plan.root),
        target=asked,
    message:
        "Record of the run"
    script:
        "../scripts/job.py"


rule ro_crate:
    """Everything that a run gave, as linked data: https://www.researchobject.org/workflow-run-crate."""
    input:
        products=finished_products,
        config="<results>/run_config.yaml",
        record="<results>/provenance/run.json",
        workflow="<results>/provenance/workflow",
        citation=ancient(plan.root / "CITATION.cff"),
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
        job=plan.job("lethe.jobs.crate:write_crate"),
        outside=identities(plan.root / "CITATION.cff"),
    message:
        "RO-Crate of the run"
    script:
        "../scripts/job.py"
