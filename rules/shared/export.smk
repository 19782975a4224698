"""Unlearned models for other tools, outside `all`: nothing here runs unless it is asked for. See docs/external-models.md.

In: a base, a model as a delta on it, its pictures and the tables that are there; a token in the environment (`publish_model` only).
Out: export/{task}_{index}_{method}_{epochs}/ with weights that plain diffusers loads, README.md (a model card) and before_after.png.
"""


localrules:
    publish_model,


use rule job as export with:
    """An unlearned model for plain diffusers, with a model card: export/objects_003_uce_000."""
    input:
        unpack(plan.exports.told),
        base=plan.bases.of_task,
        delta="<results>/models/{task}_{index}_{method}_{epochs}/delta.safetensors",
        record="<results>/models/{task}_{index}_{method}_{epochs}/record.json",
        receivers="<results>/receivers_{task}.json",
        emitters="<results>/emitters_{task}.json",
        off_tar="<results>/datasets/generated_{task}_baseline.tar",
        off_index="<results>/datasets/generated_{task}_baseline.parquet",
        on_tar="<results>/datasets/generated_{task}_{index}_{method}_{epochs}.tar",
        on_index="<results>/datasets/generated_{task}_{index}_{method}_{epochs}.parquet",
        decoder=plan.bases.decoder,
    output:
        folder=directory("<results>/export/{task}_{index}_{method}_{epochs}"),
    log:
        "<logs>/export/{task}_{index}_{method}_{epochs}.log",
    benchmark:
        "<benchmarks>/export/{task}_{index}_{method}_{epochs}.tsv"
    wildcard_constraints:
        method=one_of(plan.exports.methods),
    resources:
        mem_mb=2 * plan.memory("generate"),
        runtime=60,
    params:
        job=plan.job("lethe.archive.jobs.export:export"),
        model=plan.exports.name,
        about=plan.exports.about,
        origin=plan.exports.origin,
        seed=plan.first_seed,
        world=plan.settings.world,
    message:
        "Model {wildcards.task}_{wildcards.index}_{wildcards.method}_{wildcards.epochs} for plain diffusers"


use rule job as publish_model with:
    """An exported model into a private model repository of the Hugging Face Hub; needs HF_TOKEN."""
    input:
        folder=asked.with_token("HF_TOKEN", "<results>/export/{model}", plan.exports.check_repository),
    output:
        receipt="<results>/publish/models/{model}.json",
    log:
        "<logs>/publish_model/{model}.log",
    benchmark:
        "<benchmarks>/publish_model/{model}.tsv"
    wildcard_constraints:
        model=plan.exports.published,
    resources:
        mem_mb=2000,
        runtime=240,
    params:
        job=plan.job("lethe.archive.jobs.hub_model:upload"),
        repository=plan.exports.repository,
        endpoint=plan.settings.publish.endpoint,
    message:
        "Upload to {params.endpoint}/{params.repository}"
