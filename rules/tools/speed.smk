"""Measured claims about speed and sameness, each a ratio or a difference within one run. Outside `all`: `make bench`.

In: a base of the mini world, its off images, evaluators.
Out: results/bench/{name}.json with `value`, `target`, `holds` and how it was measured; docs/performance.md quotes them.
"""


rule bench:
    """Every benchmark."""
    input:
        plan.benchmarks.files,


use rule job as bench_batch_invariance with:
    """The same picture at any batch size: largest pixel difference between batch 1 and batch 40."""
    input:
        base=plan.benchmarks.base,
        receivers=plan.benchmarks.receivers,
    output:
        json="results/bench/batch_invariance.json",
    log:
        "logs/bench/batch_invariance.log",
    benchmark:
        "benchmarks/bench/batch_invariance.tsv"
    threads: 2
    resources:
        mem_mb=4000,
        runtime=30,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.tools.speed.jobs.batch_invariance:measure"),
        task=plan.benchmarks.task,
        generation=plan.settings.generation_of(plan.benchmarks.task).model_dump(),
        world=plan.settings.world,
        device=plan.settings.device,
    message:
        "Batch 1 against batch 40"


use rule job as bench_dry_run with:
    """A dry run of the whole paper: seconds and jobs."""
    input:
        config=ancient(plan.root / "config/paper.yaml"),
    output:
        json="results/bench/dry_run.json",
    log:
        "logs/bench/dry_run.log",
    benchmark:
        "benchmarks/bench/dry_run.tsv"
    threads: 2
    params:
        job=plan.job("lethe.tools.speed.jobs.dry_run:measure"),
        outside=identities(plan.root / "config/paper.yaml"),
    message:
        "Dry run of the paper"


use rule job as bench_plan_10000 with:
    """A dry run of ten thousand models: seconds, memory of the head process, calls on metadata."""
    input:
        config=ancient(plan.root / "config/paper.yaml"),
    output:
        json="results/bench/plan_10000.json",
    log:
        "logs/bench/plan_10000.log",
    benchmark:
        "benchmarks/bench/plan_10000.tsv"
    threads: 2
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        job=plan.job("lethe.tools.speed.jobs.plan_10000:measure"),
        outside=identities(plan.root / "config/paper.yaml"),
    message:
        "Dry run of ten thousand models"


use rule job as bench_slurm_10000 with:
    """The head process of a run on a stand-in for Slurm, drawn as a line to ten thousand models: jobs, calls on metadata, memory, files."""
    input:
        config=ancient(plan.root / "config/paper.yaml"),
    output:
        json="results/bench/slurm_10000.json",
    log:
        "logs/bench/slurm_10000.log",
    benchmark:
        "benchmarks/bench/slurm_10000.tsv"
    threads: 2
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        job=plan.job("lethe.tools.speed.jobs.slurm_10000:measure"),
        outside=identities(plan.root / "config/paper.yaml"),
    message:
        "Head process of a run on Slurm at ten thousand models"


use rule job as bench_receivers with:
    """Receivers that are drawn against all: pictures that are saved, and intervals that hold what all would have told."""
    input:
        metadata=f"<results>/metadata_{plan.benchmarks.task}_2_enriched_filtered.json",
        pairs=f"<results>/pairs_{plan.benchmarks.task}.parquet",
        off=f"<results>/scores/{plan.benchmarks.task}_baseline.parquet",
        floor=f"<results>/noise_floor_{plan.benchmarks.task}.json",
        similarities=expand(f"<results>/similarity_{{kind}}_{plan.benchmarks.task}.json", kind=plan.settings.similarity.kinds),
    output:
        json="results/bench/receivers.json",
    log:
        "logs/bench/receivers.log",
    benchmark:
        "benchmarks/bench/receivers.tsv"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        job=plan.job("lethe.tools.speed.jobs.receivers:measure"),
        task=plan.benchmarks.task,
        kinds=list(plan.settings.similarity.kinds),
    message:
        "Drawn receivers against all"


use rule job as bench_uce with:
    """UCE for 100 entities at the size of Stable Diffusion v1.4, against solving every dense edit."""
    output:
        json="results/bench/uce.json",
    log:
        "logs/bench/uce.log",
    benchmark:
        "benchmarks/bench/uce.tsv"
    threads: 2
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        job=plan.job("lethe.tools.speed.jobs.uce:measure"),
    message:
        "UCE at the size of Stable Diffusion v1.4"


use rule job as bench_scoring_peers with:
    """Scoring at 512 px against Vision Unlearning's own classes. Needs its wheel, so it is no part of `bench`: `make bench` asks for both."""
    output:
        json="results/bench/scoring_peers.json",
    log:
        "logs/bench/scoring_peers.log",
    benchmark:
        "benchmarks/bench/scoring_peers.tsv"
    threads: 2
    resources:
        mem_mb=6000,
        runtime=30,
    params:
        job=plan.job("lethe.tools.speed.jobs.scoring_peers:measure"),
        packages=plan.benchmarks.peers,
    message:
        "Scoring against the reference's own classes"


use rule job as bench_scoring_cpu with:
    """What a scoring job that holds a GPU asks of its processor, a picture of 512 px."""
    output:
        json="results/bench/scoring_cpu.json",
    log:
        "logs/bench/scoring_cpu.log",
    benchmark:
        "benchmarks/bench/scoring_cpu.tsv"
    resources:
        mem_mb=3000,
        runtime=10,
    params:
        job=plan.job("lethe.tools.speed.jobs.scoring_cpu:measure"),
    message:
        "Processor time of a scored picture"


use rule job as bench_kept_images with:
    """What keeping latents in place of pictures does to pixels, scores and disk."""
    input:
        base=plan.benchmarks.base,
        delta=plan.benchmarks.delta,
        receivers=plan.benchmarks.receivers,
        evaluators=plan.benchmarks.evaluators,
    output:
        json="results/bench/kept_images.json",
    log:
        "logs/bench/kept_images.log",
    benchmark:
        "benchmarks/bench/kept_images.tsv"
    resources:
        mem_mb=6000,
        runtime=30,
    params:
        job=plan.job("lethe.tools.speed.jobs.kept_images:measure"),
        task=plan.benchmarks.task,
        generation=plan.settings.generation_of(plan.benchmarks.task).model_dump(),
        scoring=plan.benchmarks.scoring,
        settings=plan.benchmarks.evaluator_settings,
        world=plan.settings.world,
    message:
        "Pictures kept as latents"


use rule job as bench_stacked_training with:
    """64 classifiers trained as one stack against one after another."""
    input:
        data=plan.benchmarks.data,
    output:
        json="results/bench/stacked_training.json",
    log:
        "logs/bench/stacked_training.log",
    benchmark:
        "benchmarks/bench/stacked_training.tsv"
    threads: CORES
    resources:
        mem_mb=4000,
        runtime=60,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.tools.speed.jobs.stacked_training:measure"),
        training=plan.settings.deepunlearn.datasets[plan.benchmarks.dataset].training.model_dump(),
        device=plan.settings.device,
    message:
        "Stacked training against one model after another"


use rule job as untrained_sd14 with:
    """Stable Diffusion v1.4's architecture with random weights, as a pipeline folder of 4.3 GB."""
    output:
        folder=temp(directory("results/bench/untrained_sd14")),
    log:
        "logs/bench/untrained_sd14.log",
    benchmark:
        "benchmarks/bench/untrained_sd14.tsv"
    threads: 2
    resources:
        mem_mb=9000,
        disk_mb=5000,
        runtime=60,
    params:
        job=plan.job("lethe.tools.speed.jobs.sd14:write_untrained"),
        keep=False,
    message:
        "Stable Diffusion v1.4's architecture with random weights"


use rule job as bench_sd14 with:
    """Stable Diffusion v1.4's architecture on the CPU: unlearned models applied and taken back, one image. Not part of `bench`: minutes and 8 GB."""
    input:
        folder="results/bench/untrained_sd14",
    output:
        json="results/bench/sd14.json",
    log:
        "logs/bench/sd14.log",
    benchmark:
        "benchmarks/bench/sd14.tsv"
    threads: 2
    resources:
        mem_mb=9000,
        runtime=60,
    params:
        job=plan.job("lethe.tools.speed.jobs.sd14:measure"),
    message:
        "Stable Diffusion v1.4's size on the CPU"


use rule job as bench_tables with:
    """Every table per entity and per template at the size of the paper, on synthetic pairs."""
    output:
        json="results/bench/tables.json",
    log:
        "logs/bench/tables.log",
    benchmark:
        "benchmarks/bench/tables.tsv"
    threads: 2
    resources:
        mem_mb=4000,
        runtime=10,
    params:
        job=plan.job("lethe.tools.speed.jobs.tables:measure", asks=plan.benchmarks.templates),
        inference=plan.inference,
    message:
        "Tables of 3 tasks x 3 methods x 100 entities"


use rule job as bench_tables_memory with:
    """Memory and processor time of every job from scores to tables, at 300 entities x 10 methods and 1,000 x 3."""
    output:
        json="results/bench/tables_memory.json",
    log:
        "logs/bench/tables_memory.log",
    benchmark:
        "benchmarks/bench/tables_memory.tsv"
    resources:
        mem_mb=8000,
        runtime=60,
    params:
        job=plan.job("lethe.tools.speed.jobs.tables_memory:measure", asks=plan.benchmarks.templates),
    message:
        "Memory of the jobs of tables"


use rule job as bench_entity_tables with:
    """Tables per entity and interference matrices against Vision Unlearning's own functions; outside `bench`: it needs their wheel."""
    output:
        json="results/bench/entity_tables.json",
    log:
        "logs/bench/entity_tables.log",
    benchmark:
        "benchmarks/bench/entity_tables.tsv"
    resources:
        mem_mb=4000,
        runtime=10,
    params:
        job=plan.job("lethe.tools.speed.jobs.entity_tables:measure"),
        packages=".venv/reference",
    message:
        "Tables per entity against Vision Unlearning's own"


use rule job as bench_answers with:
    """Answer sets judged in one batched pass against a loop that classifies one file a call."""
    input:
        unpack(plan.benchmarks.answers),
    output:
        json="results/bench/answers.json",
    log:
        "logs/bench/answers.log",
    benchmark:
        "benchmarks/bench/answers.tsv"
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        job=plan.job("lethe.tools.speed.jobs.answers:measure"),
        task=plan.benchmarks.canvas,
        scoring=plan.benchmarks.judging,
        settings=plan.benchmarks.judges,
    message:
        "Answer sets in one pass against one image a call"


use rule job as bench_answers_vit with:
    """The same at 224 px with judges of the size of UnlearnCanvas', random weights."""
    output:
        json="results/bench/answers_vit.json",
    log:
        "logs/bench/answers_vit.log",
    benchmark:
        "benchmarks/bench/answers_vit.tsv"
    resources:
        mem_mb=8000,
        runtime=60,
    params:
        job=plan.job("lethe.tools.speed.jobs.answers_vit:measure"),
    message:
        "Answer sets at 224 px under judges of the published size"


use rule job as bench_canvas_plan with:
    """A dry run of UnlearnCanvas with 70 concepts: seconds and jobs."""
    output:
        json="results/bench/canvas_plan.json",
    log:
        "logs/bench/canvas_plan.log",
    benchmark:
        "benchmarks/bench/canvas_plan.tsv"
    params:
        job=plan.job("lethe.tools.speed.jobs.canvas_plan:measure"),
        outside=identities(plan.root / "config/config.yaml"),
        task=plan.benchmarks.canvas,
        methods=plan.benchmarks.methods_of_canvas,
        canvas=plan.benchmarks.settings_of_canvas,
    message:
        "Dry run of UnlearnCanvas with 70 concepts"


use rule job as bench_training_step with:
    """One training step of ResNet-18 and TinyViT, ours against plain PyTorch: kernels and steps per second."""
    output:
        json="results/bench/training_step.json",
    log:
        "logs/bench/training_step.log",
    benchmark:
        "benchmarks/bench/training_step.tsv"
    threads: CORES
    resources:
        mem_mb=12000,
        runtime=60,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.tools.speed.training_step:measure"),
        batch=256,
        steps=1,
        device=plan.settings.device,
    message:
        "One training step against plain PyTorch"


use rule job as bench_diffusion_step with:
    """One training step of adapters in Stable Diffusion's layers: operations of one emitter and of ten."""
    output:
        json="results/bench/diffusion_step.json",
    log:
        "logs/bench/diffusion_step.log",
    benchmark:
        "benchmarks/bench/diffusion_step.tsv"
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        job=plan.job("lethe.tools.speed.diffusion_step:measure"),
        emitters=10,
    message:
        "Operations of a training step in Stable Diffusion's layers"


use rule job as bench_influence with:
    """Influence unlearning of one ResNet-18, 1,000 samples and 50 iterations, from one product with its Fisher matrix."""
    output:
        json="results/bench/influence.json",
    log:
        "logs/bench/influence.log",
    benchmark:
        "benchmarks/bench/influence.tsv"
    threads: CORES
    resources:
        mem_mb=4000,
        runtime=60,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.tools.speed.influence:measure"),
        full=False,
        device=plan.settings.device,
    message:
        "Influence unlearning of ResNet-18"
