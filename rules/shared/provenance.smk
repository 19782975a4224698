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


use rule job as run_config with:
    """The merged configuration with every default; laid over config/config.yaml it gives the same run."""
    output:
        config="<results>/run_config.yaml",
    log:
        "<logs>/run_config/all.log",
    benchmark:
        "<benchmarks>/run_config/all.tsv"
    resources:
        mem_mb=500,
        runtime=10,
    params:
        job=plan.job("lethe.archive.jobs.record:write_configuration"),
        values=plan.record.configuration(config),
    message:
        "Merged configuration"


use rule job as host with:
    """The kind of machine that models run on: a job of its own, so that on a cluster it describes a compute node."""
    input:
        ancient(plan.root / "requirements.lock"),
    output:
        record="<results>/provenance/host.json",
    log:
        "<logs>/host/all.log",
    benchmark:
        "<benchmarks>/host/all.tsv"
    resources:
        mem_mb=500,
        runtime=10,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.archive.jobs.record:describe_host"),
        outside=identities(plan.root / "requirements.lock"),
    message:
        "Machine"


use rule job as provenance with:
    """Commit, packages, machine, code of every rule, number and times of jobs; the workflow that ran is kept beside it."""
    input:
        asked.awaited,
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
    resources:
        mem_mb=500,
        runtime=10,
    params:
        job=plan.job("lethe.archive.jobs.record:write_record"),
        outside=identities(plan.root / "requirements.lock", plan.record.workflow_files),
        codes=asked.codes,
        benchmarks=f"benchmarks/{plan.settings.world}",
        root=str(plan.root),
        target=asked.target,
    message:
        "Record of the run"


use rule job as ro_crate with:
    """Everything that a run gave, as linked data: https://www.researchobject.org/workflow-run-crate."""
    input:
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
    resources:
        mem_mb=500,
        runtime=30,
    params:
        job=plan.job("lethe.archive.jobs.crate:write_crate"),
        products=asked.products,  # no input: the record is made again wherever one of them is
        outside=identities(plan.root / "CITATION.cff"),
    message:
        "RO-Crate of the run"
