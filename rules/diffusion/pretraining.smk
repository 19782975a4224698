"""The models of the mini world, trained from nothing (`source: train`), as fp16 checkpoints with provenance; bases trained further.

In: source shards of the tasks.
Out: parts/{part}.safetensors + .json, and base/{base}/ of a base that is fine-tuned; of each training the loss curve, .losses.csv. The parts
lie prebuilt in assets/mini; `snakemake pack_assets` puts them there.
"""


use rule job as train_tokenizer with:
    """The word-level vocabulary over the captions of all tasks whose base or CLIP model names it."""
    input:
        sources=plan.bases.sources,
    output:
        record="<results>/parts/{tokenizer}.json",
    log:
        "<logs>/train_tokenizer/{tokenizer}.log",
    benchmark:
        "<benchmarks>/train_tokenizer/{tokenizer}.tsv"
    wildcard_constraints:
        tokenizer=one_of(plan.bases.tokenizers),
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        job=plan.job("lethe.diffusion.jobs.pretraining:train_tokenizer"),
        settings=plan.bases.pretraining,
        styles=plan.bases.styles,
    message:
        "Vocabulary '{wildcards.tokenizer}'"


use rule job as train_vae with:
    """The autoencoder shared by all tasks whose base names it."""
    input:
        sources=plan.bases.sources,
        start=untimed(plan.bases.start, ancient),
    output:
        weights="<results>/parts/{vae}.safetensors",
        record="<results>/parts/{vae}.json",
        losses="<results>/parts/{vae}.losses.csv",
    log:
        "<logs>/train_vae/{vae}.log",
    benchmark:
        "<benchmarks>/train_vae/{vae}.tsv"
    wildcard_constraints:
        vae=one_of(plan.bases.vaes),
    resources:
        mem_mb=3000,
        runtime=120,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.diffusion.jobs.pretraining:train_vae"),
        settings=plan.bases.pretraining,
        styles=plan.bases.styles,
        seed=plan.settings.seed,
        outside=identities(plan.bases.start),
    message:
        "Training the autoencoder '{wildcards.vae}'"


use rule job as train_evaluator with:
    """An open_clip model, a vision backbone or a classifier, on the tasks that it scores."""
    input:
        sources=plan.bases.sources,
        tokenizer=plan.bases.tokenizer_of,
        start=untimed(plan.bases.checkpoint, ancient),
    output:
        weights="<results>/parts/{evaluator}.safetensors",
        record="<results>/parts/{evaluator}.json",
        losses="<results>/parts/{evaluator}.losses.csv",
    log:
        "<logs>/train_evaluator/{evaluator}.log",
    benchmark:
        "<benchmarks>/train_evaluator/{evaluator}.tsv"
    resources:
        mem_mb=plan.judging_memory,
        runtime=600,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.diffusion.jobs.pretraining:train_evaluator"),
        outside=identities(plan.bases.checkpoint),
        device=plan.settings.device,
        described=plan.bases.described,
        settings=plan.bases.pretraining,
        styles=plan.bases.styles,
        seed=plan.bases.seed,
    message:
        "Training the {wildcards.evaluator}"


use rule job as train_base with:
    """Text encoder and UNet of one base, on the images of the tasks that use it."""
    input:
        sources=plan.bases.sources,
        vae=plan.bases.vae_of,
        judges=plan.bases.judges_of,
        tokenizer=plan.bases.tokenizer_of,
    output:
        weights="<results>/parts/base_{base}.safetensors",
        record="<results>/parts/base_{base}.json",
        losses="<results>/parts/base_{base}.losses.csv",
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
        settings=plan.bases.pretraining,
        styles=plan.bases.styles,
        seed=plan.settings.seed,
        exclude=plan.bases.exclude,
        attributes=plan.bases.attributes,
    message:
        "Training the base '{wildcards.base}'"


use rule job as train_without with:
    """The true target of unlearning: the same training without what one emitter covers."""
    input:
        sources=plan.bases.sources,
        receivers="<results>/receivers_{task}.json",
        emitters="<results>/emitters_{task}.json",
        vae=plan.bases.vae_of,
        judges=plan.bases.judges_of,
        tokenizer=plan.bases.tokenizer_of,
    output:
        weights=f"{plan.bases.reference}.safetensors",
        record=f"{plan.bases.reference}.json",
        losses=f"{plan.bases.reference}.losses.csv",
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
        settings=plan.bases.pretraining,
        styles=plan.bases.styles,
        seed=plan.settings.seed,
        attributes=plan.bases.attributes,
    message:
        "Training the base of {wildcards.task} without emitter {wildcards.index}"


use rule job as finetune_base with:
    """A base trained further on the images of tasks, or made a model that edits them, as a pipeline folder."""
    input:
        start=plan.finetuned.start,
        sources=plan.bases.sources,
    output:
        folder=directory("<results>/base/{base}"),
        losses="<results>/base/{base}.losses.csv",
    log:
        "<logs>/finetune_base/{base}.log",
    benchmark:
        "<benchmarks>/finetune_base/{base}.tsv"
    wildcard_constraints:
        base=one_of(plan.finetuned.names),
    resources:
        mem_mb=plan.finetuned.memory,
        runtime=2880,
        gpu=plan.gpu,
        gpu_mem_mb=plan.finetuned.gpu_memory,
    params:
        job=plan.job("lethe.diffusion.jobs.finetuning:finetune_base"),
        settings=plan.finetuned.training,
        editing=plan.finetuned.editing,
        styles=plan.bases.styles,
        size=plan.finetuned.size,
        seed=plan.settings.seed,
        device=plan.settings.device,
    message:
        "Fine-tuning '{wildcards.base}'"


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
