"""From sources to a testbed.

In: a source of images and attributes per task (lethe.sources).
Out: source shards, metadata before and after balancing, forget and retain lists per entity.
"""


rule source:
    """Images and raw attributes of a task, packed into one deterministic shard; of a published selection its images only."""
    input:
        files=source_inputs,
        published=published_list,
    output:
        tar="<results>/sources/{task}.tar",
        index="<results>/sources/{task}.parquet",
        records="<results>/sources/{task}.json",
        distance="<results>/sources/{task}_true_distance.json",
    log:
        "<logs>/source/{task}.log",
    benchmark:
        "<benchmarks>/source/{task}.tsv"
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=240,
    params:
        code=source_code,
        task=task_settings,
    message:
        "Images and attributes of {wildcards.task}"
    script:
        "../scripts/source.py"


rule metadata:
    """Enriched metadata and the chosen entities, balanced or as published; an entity's index is its place in the second file.

    Entities that are one for the model are refused here, before anything is trained.
    """
    input:
        records="<results>/sources/{task}.json",
        published=published_list,
        tokenizer=tokenizer_at_hand,
    output:
        enriched="<results>/metadata_{task}_1_enriched_but_not_filtered.json",
        filtered="<results>/metadata_{task}_2_enriched_filtered.json",
    log:
        "<logs>/metadata/{task}.log",
    benchmark:
        "<benchmarks>/metadata/{task}.tsv"
    wildcard_constraints:
        task=built("metadata"),
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=fingerprint("lethe.testbed.metadata", "lethe.testbed.selection", "lethe.testbed.distinct"),
        task=task_settings,
        fidelity=SETTINGS.fidelity,
        tokenizer=tokenizer_settings,
    message:
        "Metadata and chosen entities of {wildcards.task}"
    script:
        "../scripts/metadata.py"


rule selection:
    """The published entities beside those chosen anew, and why they differ."""
    input:
        enriched="<results>/metadata_{task}_1_enriched_but_not_filtered.json",
        published=published_names,
    output:
        table="<results>/tables/selection_{task}.csv",
        summary="<results>/tables/selection_{task}.json",
    log:
        "<logs>/selection/{task}.log",
    benchmark:
        "<benchmarks>/selection/{task}.tsv"
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=selection_code,
        task=task_settings,
    message:
        "Published and recomputed entities of {wildcards.task}"
    script:
        "../scripts/selection.py"


rule splits:
    """What an unlearner may look at: images to forget and to retain, ten entities a job, as lists (no copies, no links)."""
    input:
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        index="<results>/sources/{task}.parquet",
    output:
        forget=expand("<results>/datasets/splits_{{task}}/{{decade}}{unit}/train_forget/metadata.jsonl", unit=range(10)),
        retain=expand("<results>/datasets/splits_{{task}}/{{decade}}{unit}/train_retain/metadata.jsonl", unit=range(10)),
    log:
        "<logs>/splits/{task}_{decade}.log",
    benchmark:
        "<benchmarks>/splits/{task}_{decade}.tsv"
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=fingerprint("lethe.testbed.splits"),
        task=task_settings,
        fidelity=SETTINGS.fidelity,
    message:
        "Forget and retain lists of {wildcards.task}, entities {wildcards.decade}0 to {wildcards.decade}9"
    script:
        "../scripts/splits.py"
