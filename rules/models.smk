"""The models everything else uses: bases as diffusers pipeline folders, evaluators as local folders.

In: checkpoints (assets/mini or parts/), or a pretrained model by folder or hub id.
Out: base/{base}/ and evaluators/{evaluator}/, each with a record of the hash of every file.
"""


rule base:
    """A base of the mini world, put together as an ordinary diffusers pipeline folder."""
    input:
        unpack(base_parts),
    output:
        folder=directory("<results>/base/{base}"),
    log:
        "<logs>/base/{base}.log",
    benchmark:
        "<benchmarks>/base/{base}.tsv"
    wildcard_constraints:
        base=one_of(from_source(SETTINGS.bases, "prebuilt", "train")),
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=fingerprint("lethe.pretraining.folders"),
        settings=SETTINGS.pretraining.model_dump(),
    message:
        "Pipeline folder of the base '{wildcards.base}'"
    script:
        "../scripts/base.py"


rule base_pretrained:
    """A pretrained base, fetched by hub id or copied from a folder."""
    input:
        base_path,
    output:
        folder=directory("<results>/base/{base}"),
    log:
        "<logs>/base_pretrained/{base}.log",
    benchmark:
        "<benchmarks>/base_pretrained/{base}.tsv"
    wildcard_constraints:
        base=one_of(from_source(SETTINGS.bases, "pretrained")),
    retries: 3
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=memory("fetch"),
        runtime=120,
    params:
        code=fingerprint("lethe.diffusion.pipeline"),
        base=base_settings,
    message:
        "Pretrained base '{wildcards.base}'"
    script:
        "../scripts/base_pretrained.py"


rule evaluator:
    """An evaluator of the mini world as a local folder (open_clip, timm, or the judge's own)."""
    input:
        unpack(evaluator_parts),
    output:
        folder=directory("<results>/evaluators/{evaluator}"),
    log:
        "<logs>/evaluator/{evaluator}.log",
    benchmark:
        "<benchmarks>/evaluator/{evaluator}.tsv"
    wildcard_constraints:
        evaluator=one_of(from_source(SETTINGS.evaluators, "prebuilt", "train")),
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=fingerprint("lethe.pretraining.folders"),
        settings=SETTINGS.pretraining.model_dump(),
    message:
        "Folder of the {wildcards.evaluator}"
    script:
        "../scripts/evaluator.py"


rule evaluator_pretrained:
    """A pretrained evaluator (open_clip or timm), fetched once and kept as a local folder."""
    output:
        folder=directory("<results>/evaluators/{evaluator}"),
    log:
        "<logs>/evaluator_pretrained/{evaluator}.log",
    benchmark:
        "<benchmarks>/evaluator_pretrained/{evaluator}.tsv"
    wildcard_constraints:
        evaluator=one_of(from_source(SETTINGS.evaluators, "pretrained")),
    retries: 3
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime=60,
    params:
        code=fingerprint("lethe.metrics.folders"),
        evaluator=evaluator_settings,
    message:
        "Pretrained {wildcards.evaluator}"
    script:
        "../scripts/evaluator_pretrained.py"
