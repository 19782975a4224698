"""An audit: what one model loses beside the concept that it forgets.

In: a base, some words, a vocabulary, and the scores and pictures that every task has.
Out: receivers and emitters, tables/audit_*, and index.html, a page by itself.
"""


use rule job as audit_concepts with:
    """What is asked for: the concepts that were named, and neighbours from the vocabulary where none were."""
    input:
        plan.audit.given,
        base=plan.bases.of_task,
        vocabulary=untimed(plan.audit.vocabulary, ancient),
    output:
        receivers="<results>/receivers_{task}.json",
        told="<results>/audit_told_{task}.json",
        emitters="<results>/emitters_{task}.json",
        concepts="<results>/tables/audit_concepts_{task}.csv",
        left_out="<results>/tables/audit_left_out_{task}.json",
    log:
        "<logs>/audit_concepts/{task}.log",
    benchmark:
        "<benchmarks>/audit_concepts/{task}.tsv"
    wildcard_constraints:
        task=one_of(plan.audit.tasks),
    resources:
        mem_mb=plan.memory("latents"),
    params:
        job=plan.job("lethe.audit.jobs.concepts:name_concepts"),
        outside=identities(plan.audit.vocabulary),
        prompt=plan.audit.template,
        overwrite=plan.audit.overwrite,
        asked=plan.audit.concepts,
    message:
        "What is asked for in {wildcards.task}"


use rule job as audit_latents with:
    """Latents of the pictures that were given; an empty set without any."""
    input:
        base=plan.bases.of_task,
        receivers=plan.audit.told,
        images=untimed(plan.audit.images, ancient),
    output:
        latents="<results>/latents/{task}.safetensors",
    log:
        "<logs>/audit_latents/{task}.log",
    benchmark:
        "<benchmarks>/audit_latents/{task}.tsv"
    wildcard_constraints:
        task=one_of(plan.audit.tasks),
    resources:
        mem_mb=plan.memory("latents"),
        runtime=60,
        gpu=plan.gpu,
        gpu_mem_mb=plan.gpu_memory("latents"),
    params:
        job=plan.job("lethe.audit.jobs.latents:encode"),
        outside=identities(plan.audit.images),
        device=plan.settings.device,
        size=plan.image_size,
        limit=plan.audit.limit,
    message:
        "Latents of the pictures given for {wildcards.task}"


use rule job as audit_tables with:
    """What changed under every model, each prompt against its own seeds, and the gates."""
    input:
        receivers="<results>/receivers_{task}.json",
        emitters="<results>/emitters_{task}.json",
        listed="<results>/tables/audit_concepts_{task}.csv",
        baseline="<results>/scores/{task}_baseline.parquet",
        seed_pairs="<results>/scores/{task}_seed_pairs.parquet",
        scores=plan.models.files("<results>/scores/{model}.parquet"),
    output:
        table="<results>/tables/audit_changes_{task}.csv",
        gates="<results>/tables/audit_gates_{task}.json",
    log:
        "<logs>/audit_tables/{task}.log",
    benchmark:
        "<benchmarks>/audit_tables/{task}.tsv"
    wildcard_constraints:
        task=one_of(plan.audit.tasks),
    params:
        job=plan.job("lethe.audit.jobs.tables:write"),
        models=plan.models.of_wildcards,
        unchanged=plan.audit.unchanged,
        alpha=plan.settings.statistics.alpha,
        stop=plan.stopping("tables/audit_gates_{task}.json"),
    message:
        "What changed in {wildcards.task}"


use rule job as audit_page with:
    """The page: before and after, what moved most, the checks."""
    input:
        unpack(plan.audit.pictures),
        concepts="<results>/tables/audit_concepts_audit.csv",
        left_out="<results>/tables/audit_left_out_audit.json",
        table="<results>/tables/audit_changes_audit.csv",
        gates="<results>/tables/audit_gates_audit.json",
        style=ancient(plan.audit.style),
    output:
        index="<results>/index.html",
    log:
        "<logs>/audit_page.log",
    benchmark:
        "<benchmarks>/audit_page.tsv"
    resources:
        mem_mb=plan.showing_memory(1000),
    params:
        job=plan.job("lethe.audit.jobs.page:write"),
        outside=identities(plan.audit.style),
        models=plan.audit.judged,
        titles=plan.audit.titles,
        seeds=plan.audit.seeds,
        model=plan.audit.called,
        unmeasured=plan.audit.unmeasured,
        files=plan.audit.files,
    message:
        "Page of the audit"
