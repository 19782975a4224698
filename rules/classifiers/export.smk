"""Single classifiers for other tools, outside `all`: nothing here runs unless it is asked for. See docs/external-models.md.

In: a stack of models.
Out: export/deepunlearn/{dataset}/{architecture}/{unlearner}_{seed}.safetensors, which torchvision, timm or PyTorch loads, and .json: how.
"""


use rule job as export_classifier with:
    """One model: export/deepunlearn/digits/mlp/scrub_3; of original and retrained ones, too: original_3."""
    input:
        data="<results>/deepunlearn/{dataset}/data.safetensors",
        stack=plan.studies.stack,
    output:
        weights="<results>/export/deepunlearn/{dataset}/{architecture}/{unlearner}_{seed}.safetensors",
        about="<results>/export/deepunlearn/{dataset}/{architecture}/{unlearner}_{seed}.json",
    log:
        "<logs>/export_classifier/{dataset}_{architecture}_{unlearner}_{seed}.log",
    benchmark:
        "<benchmarks>/export_classifier/{dataset}_{architecture}_{unlearner}_{seed}.tsv"
    wildcard_constraints:
        unlearner=one_of(plan.studies.makers),
    resources:
        mem_mb=plan.studies.unlearning_memory,
        runtime=10,
    params:
        job=plan.job("lethe.classifiers.jobs.export:export"),
        seeds=plan.studies.seeds,
        license=plan.exports.license,
        world=plan.settings.world,
    message:
        "Model {wildcards.seed} of {wildcards.unlearner}, {wildcards.architecture} on {wildcards.dataset}, for other tools"
