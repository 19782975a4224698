"""The models of the mini world, trained from nothing (`source: train`), as fp16 checkpoints with provenance.

In: source shards of the tasks.
Out: parts/{part}.safetensors + .json. The same files lie prebuilt in assets/mini; `snakemake pack_assets` puts them there.
"""


rule train_tokenizer:
    """The word-level vocabulary over the captions of all tasks."""
    input:
        sources=source_files(TASKS),
    output:
        record="<results>/parts/tokenizer.json",
    log:
        "<logs>/train_tokenizer.log",
    benchmark:
        "<benchmarks>/train_tokenizer.tsv"
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=fingerprint("lethe.pretraining.text", "lethe.pretraining.data"),
        settings=SETTINGS.pretraining.model_dump(),
        styles=prompt_styles(TASKS),
    message:
        "Vocabulary of the captions"
    script:
        "../scripts/train_tokenizer.py"


rule train_vae:
    """The autoencoder shared by all tasks."""
    input:
        sources=source_files(TASKS),
    output:
        weights="<results>/parts/vae.safetensors",
        record="<results>/parts/vae.json",
    log:
        "<logs>/train_vae.log",
    benchmark:
        "<benchmarks>/train_vae.tsv"
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=120,
        gpu=GPU,
    params:
        code=fingerprint("lethe.pretraining.vae", "lethe.pretraining.data"),
        settings=SETTINGS.pretraining.model_dump(),
        styles=prompt_styles(TASKS),
        seed=SETTINGS.seed,
    message:
        "Training the autoencoder"
    script:
        "../scripts/train_vae.py"


rule train_evaluator:
    """The open_clip model, the vision backbone or the judge."""
    input:
        sources=source_files(TASKS),
        tokenizer="<results>/parts/tokenizer.json",
    output:
        weights="<results>/parts/{evaluator}.safetensors",
        record="<results>/parts/{evaluator}.json",
    log:
        "<logs>/train_evaluator/{evaluator}.log",
    benchmark:
        "<benchmarks>/train_evaluator/{evaluator}.tsv"
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=120,
        gpu=GPU,
    params:
        code=evaluator_code,
        settings=SETTINGS.pretraining.model_dump(),
        styles=prompt_styles(TASKS),
        seed=SETTINGS.seed,
    message:
        "Training the {wildcards.evaluator}"
    script:
        "../scripts/train_evaluator.py"


rule train_base:
    """Text encoder and UNet of one base, on the images of the tasks that use it."""
    input:
        sources=sources_of_base,
        vae=["<results>/parts/vae.safetensors", "<results>/parts/vae.json"],
        judge=["<results>/parts/judge.safetensors", "<results>/parts/judge.json"],
        tokenizer="<results>/parts/tokenizer.json",
    output:
        weights="<results>/parts/base_{base}.safetensors",
        record="<results>/parts/base_{base}.json",
    log:
        "<logs>/train_base/{base}.log",
    benchmark:
        "<benchmarks>/train_base/{base}.tsv"
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=240,
        gpu=GPU,
    params:
        code=fingerprint("lethe.pretraining.base", "lethe.pretraining.quality", "lethe.pretraining.data"),
        settings=SETTINGS.pretraining.model_dump(),
        styles=styles_of_base,
        seed=SETTINGS.seed,
    message:
        "Training the base '{wildcards.base}'"
    script:
        "../scripts/train_base.py"


rule train_retrain:
    """The true target of unlearning: the same training without one entity of the task."""
    input:
        sources=sources_of_task_base,
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        vae=["<results>/parts/vae.safetensors", "<results>/parts/vae.json"],
        judge=["<results>/parts/judge.safetensors", "<results>/parts/judge.json"],
        tokenizer="<results>/parts/tokenizer.json",
    output:
        weights="<results>/parts/retrain_{task}_{index}.safetensors",
        record="<results>/parts/retrain_{task}_{index}.json",
    log:
        "<logs>/train_retrain/{task}_{index}.log",
    benchmark:
        "<benchmarks>/train_retrain/{task}_{index}.tsv"
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=240,
        gpu=GPU,
    params:
        code=fingerprint("lethe.pretraining.base", "lethe.pretraining.quality", "lethe.pretraining.data"),
        settings=SETTINGS.pretraining.model_dump(),
        styles=styles_of_task_base,
        seed=SETTINGS.seed,
    message:
        "Training the base of {wildcards.task} without entity {wildcards.index}"
    script:
        "../scripts/train_base.py"


rule pack_assets:
    """Copy the trained checkpoints to assets/mini, where `source: prebuilt` finds them."""
    input:
        trained_parts(),
    output:
        manifest="<results>/parts/packed.json",
    log:
        "<logs>/pack_assets.log",
    benchmark:
        "<benchmarks>/pack_assets.tsv"
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        code=fingerprint("lethe.pretraining.assets"),
        folder=str(ROOT / "assets/mini"),
    message:
        "Checkpoints to assets/mini"
    script:
        "../scripts/pack_assets.py"
