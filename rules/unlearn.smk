"""Unlearning: ten emitters a job.

In: a base, the latents of the training images, the hyper-parameters of a method on a task.
Out: models/{task}_{index}_{method}_{epochs}/delta.safetensors, the model as a delta on its base, and record.json.
"""


rule latents:
    """VAE latents of a task's training images, encoded once and shared by every method and emitter."""
    input:
        base=base_of,
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        tar="<results>/sources/{task}.tar",
        index="<results>/sources/{task}.parquet",
        forget=forget_lists,
    output:
        latents="<results>/latents/{task}.safetensors",
    log:
        "<logs>/latents/{task}.log",
    benchmark:
        "<benchmarks>/latents/{task}.tsv"
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=memory("latents"),
        runtime=60,
        gpu=GPU,
        gpu_mem_mb=gpu_memory("latents"),
    params:
        code=fingerprint("lethe.diffusion.latents"),
        device=SETTINGS.device,
        size=SETTINGS.generation.size,
    message:
        "Latents of the training images of {wildcards.task}"
    script:
        "../scripts/latents.py"


rule unlearn:
    """One method on ten emitters of a task; what is finished survives a killed job."""
    input:
        base=base_for_method,
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        latents="<results>/latents/{task}.safetensors",
    output:
        deltas=expand("<results>/models/{{task}}_{{decade}}{unit}_{{method}}_{{epochs}}/delta.safetensors", unit=range(10)),
        records=expand("<results>/models/{{task}}_{{decade}}{unit}_{{method}}_{{epochs}}/record.json", unit=range(10)),
    log:
        "<logs>/unlearn/{task}_{decade}_{method}_{epochs}.log",
    benchmark:
        "<benchmarks>/unlearn/{task}_{decade}_{method}_{epochs}.tsv"
    wildcard_constraints:
        task=built("models"),
        method=one_of(grouped_methods()),
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=training_memory,
        runtime=600,
        gpu=GPU,
        gpu_mem_mb=training_gpu_memory,
    params:
        code=method_code,
        hyperparameters=hyperparameters,
        task=task_settings,
        seed=SETTINGS.seed,
        device=SETTINGS.device,
        fidelity=SETTINGS.fidelity,
        work=work_folder("unlearn"),
    message:
        "{wildcards.method} on {wildcards.task}, emitters {wildcards.decade}0 to {wildcards.decade}9"
    script:
        "../scripts/unlearn.py"


use rule unlearn as retrain with:
    input:
        base=base_of,
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        latents="<results>/latents/{task}.safetensors",
        weights=retrain_part,
    output:
        deltas=["<results>/models/{task}_{index}_retrain_{epochs}/delta.safetensors"],
        records=["<results>/models/{task}_{index}_retrain_{epochs}/record.json"],
    log:
        "<logs>/retrain/{task}_{index}_{epochs}.log",
    benchmark:
        "<benchmarks>/retrain/{task}_{index}_{epochs}.tsv"
    params:
        code=fingerprint("lethe.unlearners.run", "lethe.unlearners.retrain"),
        hyperparameters={},
        task=task_settings,
        seed=SETTINGS.seed,
        device=SETTINGS.device,
        fidelity=SETTINGS.fidelity,
        work=work_folder("retrain"),
    message:
        "{wildcards.task} retrained without entity {wildcards.index}, as a delta"
