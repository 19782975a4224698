"""What the rules share that make models, draw with them and judge their pictures in one job."""


use rule job as studio_job with:
    """No target: the form of these rules. Each gives its own `settings` (lethe.diffusion.metrics.studio)."""
    resources:
        mem_mb=plan.training_memory,
        runtime=2880,
        gpu=plan.gpu,
        gpu_mem_mb=plan.training_gpu_memory,
    params:
        seed=plan.settings.seed,
