"""The models of the mini world, trained from nothing (`source: train`), as fp16 checkpoints with provenance.

In: source shards of the tasks.
Out: parts/{part}.safetensors + .json. The same files lie prebuilt in assets/mini; `snakemake pack_assets` puts them there.
"""


use rule job as train_tokenizer with:
    """The word-level vocabulary over the captions of all tasks."""
    input:
        sources=plan.data.sources(plan.tasks),
    output:
        record="<results>/parts/tokenizer.json",
    log:
        "<logs>/train_tokenizer.log",
    benchmark:
        "<benchmarks>/train_tokenizer.tsv"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        job=plan.job("lethe.diffusion.jobs.pretraining:train_tokenizer"),
        settings=plan.settings.pretraining.model_dump(),
        styles=plan.data.prompt_styles(plan.tasks),
    message:
        "Vocabulary of the captions"


use rule job as train_vae with:
    """The autoencoder shared by all tasks."""
    input:
        sources=plan.data.sources(plan.tasks),
    output:
        weights="<results>/parts/vae.safetensors",
        record="<results>/parts/vae.json",
    log:
        "<logs>/train_vae.log",
    benchmark:
        "<benchmarks>/train_vae.tsv"
    resources:
        mem_mb=3000,
        runtime=120,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.diffusion.jobs.pretraining:train_vae"),
        settings=plan.settings.pretraining.model_dump(),
        styles=plan.data.prompt_styles(plan.tasks),
        seed=plan.settings.seed,
    message:
        "Training the autoencoder"


use rule job as train_evaluator with:
    """The open_clip model, the vision backbone or the judge."""
    input:
        sources=plan.data.sources(plan.tasks),
        tokenizer="<results>/parts/tokenizer.json",
    output:
        weights="<results>/parts/{evaluator}.safetensors",
        record="<results>/parts/{evaluator}.json",
    log:
        "<logs>/train_evaluator/{evaluator}.log",
    benchmark:
        "<benchmarks>/train_evaluator/{evaluator}.tsv"
    resources:
        mem_mb=3000,
        runtime=120,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.diffusion.jobs.pretraining:train_evaluator"),
        settings=plan.settings.pretraining.model_dump(),
        styles=plan.data.prompt_styles(plan.tasks),
        seed=plan.settings.seed,
    message:
        "Training the {wildcards.evaluator}"


use rule job as train_base with:
    """Text encoder and UNet of one base, on the images of the tasks that use it."""
    input:
        sources=plan.bases.sources,
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
    resources:
        mem_mb=3000,
        runtime=240,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.diffusion.jobs.pretraining:train_base"),
        settings=plan.settings.pretraining.model_dump(),
        styles=plan.bases.styles,
        seed=plan.settings.seed,
    message:
        "Training the base '{wildcards.base}'"


use rule job as train_without with:
    """The true target of unlearning: the same training without one entity of the task."""
    input:
        sources=plan.bases.sources,
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        vae=["<results>/parts/vae.safetensors", "<results>/parts/vae.json"],
        judge=["<results>/parts/judge.safetensors", "<results>/parts/judge.json"],
        tokenizer="<results>/parts/tokenizer.json",
    output:
        weights=f"{plan.bases.reference}.safetensors",
        record=f"{plan.bases.reference}.json",
    log:
        "<logs>/train_without/{task}_{index}.log",
    benchmark:
        "<benchmarks>/train_without/{task}_{index}.tsv"
    resources:
        mem_mb=3000,
        runtime=240,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.diffusion.jobs.pretraining:train_base"),
        settings=plan.settings.pretraining.model_dump(),
        styles=plan.bases.styles,
        seed=plan.settings.seed,
    message:
        "Training the base of {wildcards.task} without entity {wildcards.index}"


use rule job as pack_assets with:
    """Copy the trained checkpoints to assets/mini, where `source: prebuilt` finds them."""
    input:
        parts=plan.bases.all_parts,
    output:
        manifest="<results>/parts/packed.json",
    log:
        "<logs>/pack_assets.log",
    benchmark:
        "<benchmarks>/pack_assets.tsv"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        job=plan.job("lethe.diffusion.jobs.pretraining:pack_assets"),
        folder=str(plan.root / "assets/mini"),
    message:
        "Checkpoints to assets/mini"
