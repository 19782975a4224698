"""Loss curves handed to Weights & Biases, TensorBoard or trackio, as `tracker` says. Without a tracker no rule here makes a file.

In: losses.csv and record.json of every model of a method on a task.
Out: tracking/{tracker}/{task}_{method}/, the files of the service.
"""


localrules:
    tracking,


rule tracking:
    """The loss curves of all tasks, with the tracker of the configuration."""
    input:
        plan.tracking.files(plan.tasks),


use rule job as track with:
    """The loss curves of one method on one task, with the tracker of the configuration."""
    input:
        losses=plan.models.files("<results>/models/{model}/losses.csv"),
        records=plan.models.files("<results>/models/{model}/record.json"),
    output:
        folder=directory("<results>/tracking/{tracker}/{task}_{method}"),
    log:
        "<logs>/track/{tracker}/{task}_{method}.log",
    benchmark:
        "<benchmarks>/track/{tracker}/{task}_{method}.tsv"
    wildcard_constraints:
        tracker=one_of(plan.tracking.trackers),
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        job=plan.job("lethe.diffusion.jobs.tracking:send"),
        models=plan.models.of_wildcards,
        world=plan.settings.world,
    message:
        "Loss curves of {wildcards.method} on {wildcards.task}, for {wildcards.tracker}"
