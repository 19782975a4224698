"""Published records, read: artefacts with source `archive` come from bundles of a record instead of being computed.

In: a record that rules/publish.smk made (Zenodo or Hugging Face), or any public Zenodo record (`fetch_record`).
Out: the same files as the rules that compute them; which of the two rules makes a file is decided by `archive` in the
configuration, through the constraints of the wildcard `task`. No token, no GPU.
"""


localrules:
    archive_index,
    fetch_record,
    fetch_manifest,
    fetch_bundle,


rule archive_index:
    """What the repository says about the records in config/archive.yaml: a file of the same form, to be reviewed and copied there."""
    input:
        records=ROOT / "config/archive.yaml",
    output:
        records="<results>/archive/archive.yaml",
    log:
        "<logs>/archive_index.log",
    benchmark:
        "<benchmarks>/archive_index.tsv"
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=30,
    params:
        code=fingerprint("lethe.archive.records"),
        api=SETTINGS.archive.api,
    message:
        "Files and checksums of the records in config/archive.yaml"
    script:
        "../scripts/archive_index.py"


rule fetch_record:
    """A whole public record with zenodo-get (no token), e.g. archive/18649818: the Vision Unlearning testbeds."""
    input:
        records=ROOT / "config/archive.yaml",
    output:
        folder=directory("<results>/archive/{record}"),
    log:
        "<logs>/fetch_record/{record}.log",
    benchmark:
        "<benchmarks>/fetch_record/{record}.tsv"
    wildcard_constraints:
        record=r"\d+",
    retries: 3
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=600,
    params:
        code=fingerprint("lethe.archive.fetch", "lethe.archive.records"),
    message:
        "Zenodo record {wildcards.record}"
    script:
        "../scripts/fetch_record.py"


rule fetch_manifest:
    """The table of contents of the record in `archive.record`."""
    output:
        manifest="<results>/archive/manifest.json",
    log:
        "<logs>/fetch_manifest.log",
    benchmark:
        "<benchmarks>/fetch_manifest.tsv"
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=fingerprint("lethe.archive.pull", "lethe.archive.huggingface"),
        archive=SETTINGS.archive.model_dump(include={"host", "record", "revision", "api", "endpoint"}),
    message:
        "Manifest of the published record"
    script:
        "../scripts/fetch_manifest.py"


rule fetch_bundle:
    """One bundle of the record, checked against the manifest; a killed download goes on where it was."""
    input:
        manifest="<results>/archive/manifest.json",
    output:
        bundle="<results>/archive/bundles/{bundle}.tar",
    log:
        "<logs>/fetch_bundle/{bundle}.log",
    benchmark:
        "<benchmarks>/fetch_bundle/{bundle}.tsv"
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=600,
    params:
        code=fingerprint("lethe.archive.pull", "lethe.archive.huggingface"),
        archive=SETTINGS.archive.model_dump(include={"host", "record", "revision", "api", "endpoint"}),
    message:
        "Published bundle {wildcards.bundle}"
    script:
        "../scripts/fetch_bundle.py"


rule images_from_archive:
    """On images of ten models from the record: what `generate` makes, without its models."""
    input:
        manifest="<results>/archive/manifest.json",
        bundle="<results>/archive/bundles/images_{task}_{method}.tar",
    output:
        tars=expand("<results>/datasets/generated_{{task}}_{{decade}}{unit}_{{method}}_{{epochs}}.tar", unit=range(10)),
        indices=expand("<results>/datasets/generated_{{task}}_{{decade}}{unit}_{{method}}_{{epochs}}.parquet", unit=range(10)),
    log:
        "<logs>/images_from_archive/{task}_{decade}_{method}_{epochs}.log",
    benchmark:
        "<benchmarks>/images_from_archive/{task}_{decade}_{method}_{epochs}.tsv"
    wildcard_constraints:
        task=archived("images"),
        method=one_of([method for method in METHODS if grouped(method)]),
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        code=fingerprint("lethe.archive.bundle"),
        settings=settings_of_images(),
    message:
        "Published images of {wildcards.task} under {wildcards.method}, emitters {wildcards.decade}0 to {wildcards.decade}9"
    script:
        "../scripts/unpack_bundle.py"


use rule images_from_archive as images_of_retrained_from_archive with:
    input:
        manifest="<results>/archive/manifest.json",
        bundle="<results>/archive/bundles/images_{task}_retrain.tar",
    output:
        tars=["<results>/datasets/generated_{task}_{index}_retrain_{epochs}.tar"],
        indices=["<results>/datasets/generated_{task}_{index}_retrain_{epochs}.parquet"],
    log:
        "<logs>/images_of_retrained_from_archive/{task}_{index}_{epochs}.log",
    benchmark:
        "<benchmarks>/images_of_retrained_from_archive/{task}_{index}_{epochs}.tsv"
    message:
        "Published images of {wildcards.task} retrained without entity {wildcards.index}"


use rule images_from_archive as baseline_from_archive with:
    input:
        manifest="<results>/archive/manifest.json",
        bundle="<results>/archive/bundles/images_{task}_baseline.tar",
    output:
        tars=["<results>/datasets/generated_{task}_baseline.tar"],
        indices=["<results>/datasets/generated_{task}_baseline.parquet"],
    log:
        "<logs>/baseline_from_archive/{task}.log",
    benchmark:
        "<benchmarks>/baseline_from_archive/{task}.tsv"
    message:
        "Published off images of {wildcards.task}"


use rule images_from_archive as models_from_archive with:
    input:
        manifest="<results>/archive/manifest.json",
        bundle="<results>/archive/bundles/models_{task}_{method}.tar",
    output:
        deltas=expand("<results>/models/{{task}}_{{decade}}{unit}_{{method}}_{{epochs}}/delta.safetensors", unit=range(10)),
        records=expand("<results>/models/{{task}}_{{decade}}{unit}_{{method}}_{{epochs}}/record.json", unit=range(10)),
    log:
        "<logs>/models_from_archive/{task}_{decade}_{method}_{epochs}.log",
    benchmark:
        "<benchmarks>/models_from_archive/{task}_{decade}_{method}_{epochs}.tsv"
    wildcard_constraints:
        task=archived("models"),
        method=one_of([method for method in METHODS if grouped(method)]),
    message:
        "Published models of {wildcards.task} under {wildcards.method}, emitters {wildcards.decade}0 to {wildcards.decade}9"


use rule models_from_archive as retrained_from_archive with:
    input:
        manifest="<results>/archive/manifest.json",
        bundle="<results>/archive/bundles/models_{task}_retrain.tar",
    output:
        deltas=["<results>/models/{task}_{index}_retrain_{epochs}/delta.safetensors"],
        records=["<results>/models/{task}_{index}_retrain_{epochs}/record.json"],
    log:
        "<logs>/retrained_from_archive/{task}_{index}_{epochs}.log",
    benchmark:
        "<benchmarks>/retrained_from_archive/{task}_{index}_{epochs}.tsv"
    message:
        "Published model of {wildcards.task} retrained without entity {wildcards.index}"


use rule images_from_archive as metadata_from_archive with:
    input:
        manifest="<results>/archive/manifest.json",
        bundle="<results>/archive/bundles/metadata.tar",
    output:
        enriched="<results>/metadata_{task}_1_enriched_but_not_filtered.json",
        filtered="<results>/metadata_{task}_2_enriched_filtered.json",
        matrices=expand("<results>/similarity_{kind}_{{task}}.json", kind=SETTINGS.similarity.kinds),
    log:
        "<logs>/metadata_from_archive/{task}.log",
    benchmark:
        "<benchmarks>/metadata_from_archive/{task}.tsv"
    wildcard_constraints:
        task=archived("metadata"),
    message:
        "Published entities and similarities of {wildcards.task}"


use rule images_from_archive as weight_similarity_from_archive with:
    input:
        manifest="<results>/archive/manifest.json",
        bundle="<results>/archive/bundles/metadata.tar",
    output:
        matrix="<results>/similarity_weights_{method}_{task}.json",
    log:
        "<logs>/weight_similarity_from_archive/{task}_{method}.log",
    benchmark:
        "<benchmarks>/weight_similarity_from_archive/{task}_{method}.tsv"
    wildcard_constraints:
        task=archived("metadata", "images"),  # published images come without their models
        method=one_of(WEIGHT_METHODS),
    message:
        "Published weight similarity of the models of {wildcards.task} under {wildcards.method}"


use rule images_from_archive as tables_from_archive with:
    input:
        manifest="<results>/archive/manifest.json",
        bundle="<results>/archive/bundles/tables.tar",
    output:
        images="<results>/images_{task}.parquet",
        pairs="<results>/pairs_{task}.parquet",
        entities="<results>/interference_per_entity_{task}.json",
        floor="<results>/noise_floor_{task}.json",
        table="<results>/tables/unlearning_{task}.csv",
        similarity="<results>/tables/similarity_{task}.csv",
        gates="<results>/tables/gates_{task}.json",
        distribution=distribution_files("{task}"),
    log:
        "<logs>/tables_from_archive/{task}.log",
    benchmark:
        "<benchmarks>/tables_from_archive/{task}.tsv"
    wildcard_constraints:
        task=archived("tables"),
    message:
        "Published tables of {wildcards.task}"


use rule tables_from_archive as interference_from_archive with:
    output:
        files=expand(
            "<results>/datasets/interferences_caused_by_{{task}}_{{tens}}{unit}_{{method}}_{{plain_epochs}}.json", unit=range(10)
        ),
    log:
        "<logs>/interference_from_archive/{task}_{tens}_{method}_{plain_epochs}.log",
    benchmark:
        "<benchmarks>/interference_from_archive/{task}_{tens}_{method}_{plain_epochs}.tsv"
    wildcard_constraints:
        task=archived("tables"),
        method=one_of([method for method in METHODS if grouped(method)]),
    message:
        "Published interference of ten emitters of {wildcards.task} under {wildcards.method}"


use rule tables_from_archive as interference_of_retrained_from_archive with:
    output:
        files=["<results>/datasets/interferences_caused_by_{task}_{plain_index}_retrain_{plain_epochs}.json"],
    log:
        "<logs>/interference_of_retrained_from_archive/{task}_{plain_index}_{plain_epochs}.log",
    benchmark:
        "<benchmarks>/interference_of_retrained_from_archive/{task}_{plain_index}_{plain_epochs}.tsv"
    message:
        "Published interference of the retrained entity {wildcards.plain_index} of {wildcards.task}"
