"""Measured claims about speed and sameness, each a ratio or a difference within one run. Outside `all`: `make bench`.

In: a base of the mini world, its off images, evaluators.
Out: results/bench/{name}.json with `value`, `target`, `holds` and how it was measured; docs/performance.md quotes them.
"""

BENCH_TASK = plan.settings.demo_tasks[0]
BENCH_DATASET = next(iter(plan.settings.deepunlearn.datasets))


rule bench:
    """Every benchmark."""
    input:
        expand("results/bench/{name}.json", name=BENCHMARKS),


rule bench_batch_invariance:
    """The same picture at any batch size: largest pixel difference between batch 1 and batch 40."""
    input:
        base=f"<results>/base/{plan.settings.tasks[BENCH_TASK].base}",
        metadata=f"<results>/metadata_{BENCH_TASK}_2_enriched_filtered.json",
    output:
        json="results/bench/batch_invariance.json",
    log:
        "logs/bench/batch_invariance.log",
    benchmark:
        "benchmarks/bench/batch_invariance.tsv"
    conda:
        "../envs/lethe.yaml"
    threads: 2
    resources:
        mem_mb=4000,
        runtime=30,
        gpu=plan.gpu,
    params:
        code=fingerprint("lethe.diffusion.bench"),
        task=BENCH_TASK,
        style=plan.settings.tasks[BENCH_TASK].prompt_style,
        generation=plan.settings.generation.model_dump(),
        world=plan.settings.world,
        device=plan.settings.device,
    message:
        "Batch 1 against batch 40"
    script:
        "../scripts/bench_batch_invariance.py"


rule bench_dry_run:
    """A dry run of the whole paper: seconds and jobs."""
    input:
        config=plan.root / "config/paper.yaml",
    output:
        json="results/bench/dry_run.json",
    log:
        "logs/bench/dry_run.log",
    benchmark:
        "benchmarks/bench/dry_run.tsv"
    conda:
        "../envs/lethe.yaml"
    threads: 2
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=fingerprint("lethe.settings.models", "lethe.settings.methods"),
    message:
        "Dry run of the paper"
    script:
        "../scripts/bench_dry_run.py"


rule bench_uce:
    """UCE for 100 entities at the size of Stable Diffusion v1.4, against solving every dense edit."""
    output:
        json="results/bench/uce.json",
    log:
        "logs/bench/uce.log",
    benchmark:
        "benchmarks/bench/uce.tsv"
    conda:
        "../envs/lethe.yaml"
    threads: 2
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        code=fingerprint("lethe.unlearners.bench_uce"),
    message:
        "UCE at the size of Stable Diffusion v1.4"
    script:
        "../scripts/bench_uce.py"


rule bench_scoring:
    """The batched pass against a loop that scores one image at a time."""
    input:
        off_tar=f"<results>/datasets/generated_{BENCH_TASK}_baseline.tar",
        off_index=f"<results>/datasets/generated_{BENCH_TASK}_baseline.parquet",
        on_tar=f"<results>/datasets/generated_{BENCH_TASK}_000_uce_000.tar",
        on_index=f"<results>/datasets/generated_{BENCH_TASK}_000_uce_000.parquet",
        metadata=f"<results>/metadata_{BENCH_TASK}_2_enriched_filtered.json",
        clip="<results>/evaluators/clip",
        backbone="<results>/evaluators/backbone",
    output:
        json="results/bench/scoring.json",
    log:
        "logs/bench/scoring.log",
    benchmark:
        "benchmarks/bench/scoring.tsv"
    conda:
        "../envs/lethe.yaml"
    threads: 2
    resources:
        mem_mb=4000,
        runtime=30,
        gpu=plan.gpu,
    params:
        code=fingerprint("lethe.metrics.reference_loop", "lethe.metrics.run"),
        device=plan.settings.device,
    message:
        "Batched scoring against one image at a time"
    script:
        "../scripts/bench_scoring.py"


rule bench_stacked_training:
    """64 classifiers trained as one stack against one after another."""
    input:
        data=f"<results>/deepunlearn/{BENCH_DATASET}/data.safetensors",
    output:
        json="results/bench/stacked_training.json",
    log:
        "logs/bench/stacked_training.log",
    benchmark:
        "benchmarks/bench/stacked_training.tsv"
    conda:
        "../envs/lethe.yaml"
    threads: CORES
    resources:
        mem_mb=4000,
        runtime=60,
        gpu=plan.gpu,
    params:
        code=fingerprint("lethe.deepunlearn.timing"),
        training=plan.settings.deepunlearn.datasets[BENCH_DATASET].training.model_dump(),
        device=plan.settings.device,
    message:
        "Stacked training against one model after another"
    script:
        "../scripts/bench_stacked_training.py"


rule untrained_sd14:
    """Stable Diffusion v1.4's architecture with random weights, as a pipeline folder of 4.3 GB."""
    output:
        folder=temp(directory("results/bench/untrained_sd14")),
    log:
        "logs/bench/untrained_sd14.log",
    benchmark:
        "benchmarks/bench/untrained_sd14.tsv"
    conda:
        "../envs/lethe.yaml"
    threads: 2
    resources:
        mem_mb=9000,
        disk_mb=5000,
        runtime=60,
    params:
        code=fingerprint("lethe.unlearners.bench_sd14"),
    message:
        "Stable Diffusion v1.4's architecture with random weights"
    script:
        "../scripts/untrained_sd14.py"


rule bench_sd14:
    """Stable Diffusion v1.4's architecture on the CPU: unlearned models applied and taken back, one image. Not part of `bench`: minutes and 8 GB."""
    input:
        folder="results/bench/untrained_sd14",
    output:
        json="results/bench/sd14.json",
    log:
        "logs/bench/sd14.log",
    benchmark:
        "benchmarks/bench/sd14.tsv"
    conda:
        "../envs/lethe.yaml"
    threads: 2
    resources:
        mem_mb=9000,
        runtime=60,
    params:
        code=fingerprint("lethe.unlearners.bench_sd14"),
    message:
        "Stable Diffusion v1.4's size on the CPU"
    script:
        "../scripts/bench_sd14.py"


rule bench_tables:
    """Every table per entity and per template at the size of the paper, on synthetic pairs."""
    output:
        json="results/bench/tables.json",
    log:
        "logs/bench/tables.log",
    benchmark:
        "benchmarks/bench/tables.tsv"
    conda:
        "../envs/lethe.yaml"
    threads: 2
    resources:
        mem_mb=4000,
        runtime=10,
    params:
        code=fingerprint("lethe.interference.bench_tables"),
        inference=plan.inference,
    message:
        "Tables of 3 tasks x 3 methods x 100 entities"
    script:
        "../scripts/bench_tables.py"
