"""The models everything else uses: bases as diffusers pipeline folders, evaluators as local folders.

In: checkpoints (assets/mini or parts/), or a pretrained model by folder or hub id.
Out: base/{base}/ and evaluators/{evaluator}/, each with a record of the hash of every file.
"""


use rule job as base with:
    """A base of the mini world, put together as an ordinary diffusers pipeline folder."""
    input:
        unpack(untimed(plan.bases.parts, ancient)),
    output:
        folder=directory("<results>/base/{base}"),
    log:
        "<logs>/base/{base}.log",
    benchmark:
        "<benchmarks>/base/{base}.tsv"
    wildcard_constraints:
        base=one_of(plan.bases.trained),
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        job=plan.job("lethe.diffusion.jobs.base_folder:write_base"),
        outside=identities(plan.bases.parts),
        settings=plan.bases.pretraining,
    message:
        "Pipeline folder of the base '{wildcards.base}'"


use rule job as base_pretrained with:
    """A pretrained base, fetched by hub id."""
    output:
        folder=directory("<results>/base/{base}"),
    log:
        "<logs>/base_pretrained/{base}.log",
    benchmark:
        "<benchmarks>/base_pretrained/{base}.tsv"
    wildcard_constraints:
        base=one_of(plan.bases.on_hub),
    retries: 3
    resources:
        mem_mb=plan.memory("fetch"),
        runtime=120,
    params:
        job=plan.job("lethe.diffusion.jobs.pretrained:take_base"),
        settings=plan.bases.base,
    message:
        "Pretrained base '{wildcards.base}'"


use rule base_pretrained as base_local with:
    """A base of one's own, a folder or a file: examined and copied."""
    input:
        plan.bases.given,
    log:
        "<logs>/base_local/{base}.log",
    benchmark:
        "<benchmarks>/base_local/{base}.tsv"
    wildcard_constraints:
        base=one_of(plan.bases.local),
    retries: 0
    params:
        job=plan.job("lethe.diffusion.jobs.pretrained:take_base"),
        settings=plan.bases.base,
        outside=identities(plan.bases.own_folder),
    message:
        "Copy of the base '{wildcards.base}', examined"


use rule job as evaluator with:
    """An evaluator of the mini world as a local folder (open_clip, timm, or the judge's own)."""
    input:
        unpack(untimed(plan.bases.evaluator_parts, ancient)),
    output:
        folder=directory("<results>/evaluators/{evaluator}"),
    log:
        "<logs>/evaluator/{evaluator}.log",
    benchmark:
        "<benchmarks>/evaluator/{evaluator}.tsv"
    wildcard_constraints:
        evaluator=one_of(plan.bases.evaluators_trained),
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        job=plan.job("lethe.diffusion.jobs.evaluator_folder:write_evaluator"),
        outside=identities(plan.bases.evaluator_parts),
        kind=plan.bases.kind_of_evaluator,
        settings=plan.bases.pretraining,
    message:
        "Folder of the {wildcards.evaluator}"


use rule job as evaluator_published with:
    """A classifier from a published checkpoint, examined and kept as a local folder."""
    input:
        weights=untimed(plan.bases.checkpoint, ancient),
    output:
        folder=directory("<results>/evaluators/{evaluator}"),
    log:
        "<logs>/evaluator_published/{evaluator}.log",
    benchmark:
        "<benchmarks>/evaluator_published/{evaluator}.tsv"
    wildcard_constraints:
        evaluator=one_of(plan.bases.evaluators_published),
    resources:
        mem_mb=8000,
        runtime=30,
    params:
        job=plan.job("lethe.diffusion.jobs.published_classifier:take_classifier"),
        outside=identities(plan.bases.checkpoint),
        classes=plan.bases.classes,
        settings=plan.bases.pretraining,
    message:
        "Published classifier '{wildcards.evaluator}'"


use rule job as evaluator_pretrained with:
    """A pretrained evaluator (open_clip or timm), fetched once and kept as a local folder."""
    output:
        folder=directory("<results>/evaluators/{evaluator}"),
    log:
        "<logs>/evaluator_pretrained/{evaluator}.log",
    benchmark:
        "<benchmarks>/evaluator_pretrained/{evaluator}.tsv"
    wildcard_constraints:
        evaluator=one_of(plan.bases.evaluators_on_hub),
    retries: 3
    resources:
        mem_mb=8000,
        runtime=60,
    params:
        job=plan.job("lethe.diffusion.jobs.pretrained_evaluator:take_evaluator"),
        settings=plan.bases.evaluator,
    message:
        "Pretrained {wildcards.evaluator}"
