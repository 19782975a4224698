"""Membership inference: does an unlearned model still know the images it was trained on?

In: a base, deltas on it, images that were trained on and others of the same entities.
Out: membership/{run}.parquet, the loss of every image asked about, and one table per task. Part of `all`, not of `demo`.
"""


rule membership_baseline:
    """Members and non-members of every entity, encoded once for all models, and their losses under the base."""
    input:
        base=base_with_members,
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        tar="<results>/sources/{task}.tar",
        index="<results>/sources/{task}.parquet",
        shown=shown_lists,
    output:
        latents="<results>/membership/{task}.safetensors",
        losses="<results>/membership/{task}_baseline.parquet",
    log:
        "<logs>/membership_baseline/{task}.log",
    benchmark:
        "<benchmarks>/membership_baseline/{task}.tsv"
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=memory("generate"),
        runtime=120,
        gpu=GPU,
        gpu_mem_mb=gpu_memory("generate"),
    params:
        code=membership_code,
        task=task_settings,
        membership=SETTINGS.scoring.membership.model_dump(),
        identity=noise_identity,
        size=SETTINGS.generation.size,
        batch_size=2 * SETTINGS.generation.batch_size,  # as many rows as a pass of guided sampling
        device=SETTINGS.device,
        dtype=SETTINGS.dtype,
    message:
        "Members and non-members of {wildcards.task} under the base"
    script:
        "../scripts/membership_baseline.py"


rule membership:
    """Losses under ten models, each on the images of its emitter and on some of other entities."""
    input:
        base=base_of,
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        latents="<results>/membership/{task}.safetensors",
        baseline="<results>/membership/{task}_baseline.parquet",
        deltas=expand("<results>/models/{{task}}_{{decade}}{unit}_{{method}}_{{epochs}}/delta.safetensors", unit=range(10)),
    output:
        losses=expand("<results>/membership/{{task}}_{{decade}}{unit}_{{method}}_{{epochs}}.parquet", unit=range(10)),
    log:
        "<logs>/membership/{task}_{decade}_{method}_{epochs}.log",
    benchmark:
        "<benchmarks>/membership/{task}_{decade}_{method}_{epochs}.tsv"
    wildcard_constraints:
        method=one_of([method for method in METHODS if grouped(method)]),
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=memory("generate"),
        runtime=120,
        gpu=GPU,
        gpu_mem_mb=gpu_memory("generate"),
    params:
        code=fingerprint("lethe.metrics.membership", "lethe.testbed.members", "lethe.diffusion.latents"),
        task=task_settings,
        membership=SETTINGS.scoring.membership.model_dump(),
        identity=noise_identity,
        batch_size=2 * SETTINGS.generation.batch_size,
        device=SETTINGS.device,
        dtype=SETTINGS.dtype,
    message:
        "Membership under {wildcards.method} on {wildcards.task}, emitters {wildcards.decade}0 to {wildcards.decade}9"
    script:
        "../scripts/membership.py"


use rule membership as membership_retrain with:
    input:
        base=base_of,
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        latents="<results>/membership/{task}.safetensors",
        baseline="<results>/membership/{task}_baseline.parquet",
        deltas=["<results>/models/{task}_{index}_retrain_{epochs}/delta.safetensors"],
    output:
        losses=["<results>/membership/{task}_{index}_retrain_{epochs}.parquet"],
    log:
        "<logs>/membership_retrain/{task}_{index}_{epochs}.log",
    benchmark:
        "<benchmarks>/membership_retrain/{task}_{index}_{epochs}.tsv"
    message:
        "Membership on {wildcards.task} retrained without entity {wildcards.index}"


rule membership_table:
    """How well members can be told from non-members under every model, with the gates of the table."""
    input:
        baseline="<results>/membership/{task}_baseline.parquet",
        losses=membership_losses,
    output:
        table=report(
            "<results>/tables/membership_{task}.csv",
            caption="../report/membership.rst",
            category="{task}",
            labels={"result": "membership inference"},
        ),
        means="<results>/tables/membership_means_{task}.csv",
        gates="<results>/tables/membership_gates_{task}.json",
    log:
        "<logs>/membership_table/{task}.log",
    benchmark:
        "<benchmarks>/membership_table/{task}.tsv"
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        code=fingerprint("lethe.interference.membership"),
        task=task_settings,
        membership=SETTINGS.scoring.membership.model_dump(),
        statistics=SETTINGS.statistics.model_dump(),
        seed=SETTINGS.seed,
    message:
        "Membership inference on {wildcards.task}"
    script:
        "../scripts/membership_table.py"
