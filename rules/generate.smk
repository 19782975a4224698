"""Generation: every entity asked for, under the base (off) and under every unlearned model (on).

In: a base and deltas on it.
Out: one deterministic tar of PNGs and one index per model; any single PNG of a shard is a target too.
"""


rule generate_baseline:
    """Off images of a task: made once, whatever the number of emitters and methods."""
    input:
        base=base_of,
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
    output:
        tars=["<results>/datasets/generated_{task}_baseline.tar"],
        indices=["<results>/datasets/generated_{task}_baseline.parquet"],
    log:
        "<logs>/generate_baseline/{task}.log",
    benchmark:
        "<benchmarks>/generate_baseline/{task}.tsv"
    wildcard_constraints:
        task=built("images"),
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=memory("generate"),
        runtime=120,
        gpu=GPU,
        gpu_mem_mb=gpu_memory("generate"),
    params:
        code=fingerprint("lethe.diffusion.render"),
        task=task_settings,
        generation=SETTINGS.generation.model_dump(),
        world=SETTINGS.world,
        device=SETTINGS.device,
        dtype=SETTINGS.dtype,
        work=work_folder("generate_baseline"),
    message:
        "Off images of {wildcards.task}"
    script:
        "../scripts/generate.py"


rule generate:
    """On images of ten models; what is finished survives a killed job."""
    input:
        base=base_of,
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        deltas=expand("<results>/models/{{task}}_{{decade}}{unit}_{{method}}_{{epochs}}/delta.safetensors", unit=range(10)),
    output:
        tars=expand("<results>/datasets/generated_{{task}}_{{decade}}{unit}_{{method}}_{{epochs}}.tar", unit=range(10)),
        indices=expand("<results>/datasets/generated_{{task}}_{{decade}}{unit}_{{method}}_{{epochs}}.parquet", unit=range(10)),
    log:
        "<logs>/generate/{task}_{decade}_{method}_{epochs}.log",
    benchmark:
        "<benchmarks>/generate/{task}_{decade}_{method}_{epochs}.tsv"
    wildcard_constraints:
        task=built("images"),
        method=one_of(grouped_methods()),
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=memory("generate"),
        runtime=600,
        gpu=GPU,
        gpu_mem_mb=gpu_memory("generate"),
    params:
        code=fingerprint("lethe.diffusion.render"),
        task=task_settings,
        generation=SETTINGS.generation.model_dump(),
        world=SETTINGS.world,
        device=SETTINGS.device,
        dtype=SETTINGS.dtype,
        work=work_folder("generate"),
    message:
        "On images of {wildcards.task} under {wildcards.method}, emitters {wildcards.decade}0 to {wildcards.decade}9"
    script:
        "../scripts/generate.py"


use rule generate as generate_retrain with:
    input:
        base=base_of,
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        deltas=["<results>/models/{task}_{index}_retrain_{epochs}/delta.safetensors"],
    output:
        tars=["<results>/datasets/generated_{task}_{index}_retrain_{epochs}.tar"],
        indices=["<results>/datasets/generated_{task}_{index}_retrain_{epochs}.parquet"],
    log:
        "<logs>/generate_retrain/{task}_{index}_{epochs}.log",
    benchmark:
        "<benchmarks>/generate_retrain/{task}_{index}_{epochs}.tsv"
    params:
        code=fingerprint("lethe.diffusion.render"),
        task=task_settings,
        generation=SETTINGS.generation.model_dump(),
        world=SETTINGS.world,
        device=SETTINGS.device,
        dtype=SETTINGS.dtype,
        work=work_folder("generate_retrain"),
    message:
        "On images of {wildcards.task} retrained without entity {wildcards.index}"


rule image:
    """Any single picture: images/{run}/{receiver}_{seed}.png, e.g. images/objects_003_uce_000/007_42.png or images/objects_baseline/007_42.png."""
    input:
        tar="<results>/datasets/generated_{run}.tar",
        index="<results>/datasets/generated_{run}.parquet",
    output:
        png="<results>/images/{run}/{receiver}_{seed}.png",
    log:
        "<logs>/image/{run}/{receiver}_{seed}.log",
    benchmark:
        "<benchmarks>/image/{run}/{receiver}_{seed}.tsv"
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        code=fingerprint("lethe.io.shards"),
    message:
        "Picture {wildcards.receiver}_{wildcards.seed} of {wildcards.run}"
    script:
        "../scripts/image.py"
