"""Deep Unlearn beyond accuracy and membership: margins, representations and relearning, each against retrained models and their floor.

In: unlearned and retrained models, what U-LiRA's models say.
Out: tables/deepunlearn_{klom,representation,relearning}_{dataset}_{architecture}.csv; see docs/deepunlearn.md.
"""


rule deepunlearn_evaluations:
    """KLoM, representations and relearning of every data set and architecture."""
    input:
        plan.deepunlearn.evaluations(plan.studies.pairs),


use rule job as klom with:
    """How far margins of unlearned models are from those of retrained ones, sample by sample, on the models of U-LiRA."""
    input:
        said=plan.deepunlearn.lira_outputs,
    output:
        table="<results>/tables/deepunlearn_klom_{dataset}_{architecture}.csv",
    log:
        "<logs>/klom/{dataset}_{architecture}.log",
    benchmark:
        "<benchmarks>/klom/{dataset}_{architecture}.tsv"
    wildcard_constraints:
        dataset=one_of(plan.settings.deepunlearn.lira),
    resources:
        mem_mb=plan.studies.memory,
        runtime=30,
    params:
        job=plan.job("lethe.benchmarks.deepunlearn.jobs.klom:tabulate"),
        methods=plan.deepunlearn.attacked_methods,
        lira=plan.deepunlearn.lira,
        alpha=plan.settings.statistics.alpha,
    message:
        "KLoM of {wildcards.architecture} on {wildcards.dataset}"


use rule job as representation with:
    """CKA of the penultimate representation with that of retrained models, and what a linear probe reads from it."""
    input:
        data="<results>/deepunlearn/{dataset}/data.safetensors",
        original="<results>/deepunlearn/{dataset}/{architecture}/original.safetensors",
        retrained="<results>/deepunlearn/{dataset}/{architecture}/retrained.safetensors",
        retrained_again="<results>/deepunlearn/{dataset}/{architecture}/retrained_again.safetensors",
        unlearned=plan.studies.files("unlearned/{unlearner}.safetensors"),
    output:
        scores="<results>/deepunlearn/{dataset}/{architecture}/representation.parquet",
        table="<results>/tables/deepunlearn_representation_{dataset}_{architecture}.csv",
    log:
        "<logs>/representation/{dataset}_{architecture}.log",
    benchmark:
        "<benchmarks>/representation/{dataset}_{architecture}.tsv"
    resources:
        mem_mb=plan.studies.unlearning_memory,
        runtime=120,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.benchmarks.deepunlearn.jobs.representation:compare"),
        methods=plan.studies.methods,
        seeds=plan.studies.seeds,
        alpha=plan.settings.statistics.alpha,
        device=plan.settings.device,
    message:
        "Representations of {wildcards.architecture} on {wildcards.dataset}"


use rule job as relearning with:
    """How many steps of fine-tuning bring back what was forgotten, and what comes back that was not shown."""
    input:
        data="<results>/deepunlearn/{dataset}/data.safetensors",
        original="<results>/deepunlearn/{dataset}/{architecture}/original.safetensors",
        retrained="<results>/deepunlearn/{dataset}/{architecture}/retrained.safetensors",
        retrained_again="<results>/deepunlearn/{dataset}/{architecture}/retrained_again.safetensors",
        unlearned=plan.studies.files("unlearned/{unlearner}.safetensors"),
    output:
        curves="<results>/deepunlearn/{dataset}/{architecture}/relearning.parquet",
        table="<results>/tables/deepunlearn_relearning_{dataset}_{architecture}.csv",
    log:
        "<logs>/relearning/{dataset}_{architecture}.log",
    benchmark:
        "<benchmarks>/relearning/{dataset}_{architecture}.tsv"
    resources:
        mem_mb=plan.studies.unlearning_memory,
        runtime=600,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.benchmarks.deepunlearn.jobs.relearning:relearn_study"),
        methods=plan.studies.methods,
        seeds=plan.studies.seeds,
        training=plan.studies.setting("training"),
        alpha=plan.settings.statistics.alpha,
        device=plan.settings.device,
    message:
        "Relearning of {wildcards.architecture} on {wildcards.dataset}"
