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


use rule job as archive_index with:
    """What the repository says about the records in config/archive.yaml: a file of the same form, to be reviewed and copied there."""
    input:
        records=ancient(plan.root / "config/archive.yaml"),
    output:
        index="<results>/archive/archive.yaml",
    log:
        "<logs>/archive_index.log",
    benchmark:
        "<benchmarks>/archive_index.tsv"
    resources:
        mem_mb=500,
        runtime=30,
    params:
        job=plan.job("lethe.archive.jobs.records:write_index"),
        outside=identities(plan.root / "config/archive.yaml"),
        api=plan.settings.archive.api,
    message:
        "Files and checksums of the records in config/archive.yaml"


use rule job as fetch_record with:
    """A whole public record with zenodo-get (no token), e.g. archive/18649818: the Vision Unlearning testbeds."""
    input:
        records=ancient(plan.root / "config/archive.yaml"),
    output:
        folder=directory("<results>/archive/{record}"),
    log:
        "<logs>/fetch_record/{record}.log",
    benchmark:
        "<benchmarks>/fetch_record/{record}.tsv"
    wildcard_constraints:
        record=r"\d+",
    retries: 3
    resources:
        mem_mb=1000,
        runtime=600,
    params:
        job=plan.job("lethe.archive.jobs.records:fetch"),
        outside=identities(plan.root / "config/archive.yaml"),
    message:
        "Zenodo record {wildcards.record}"


use rule job as fetch_manifest with:
    """The table of contents of the record in `archive.record`."""
    output:
        manifest="<results>/archive/manifest.json",
    log:
        "<logs>/fetch_manifest.log",
    benchmark:
        "<benchmarks>/fetch_manifest.tsv"
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        job=plan.job("lethe.archive.pull:fetch_manifest"),
        archive=plan.archive.place,
    message:
        "Manifest of the published record"


use rule job as fetch_bundle with:
    """One bundle of the record, checked against the manifest; a killed download goes on where it was."""
    input:
        manifest="<results>/archive/manifest.json",
    output:
        tar="<results>/archive/bundles/{bundle}.tar",
    log:
        "<logs>/fetch_bundle/{bundle}.log",
    benchmark:
        "<benchmarks>/fetch_bundle/{bundle}.tsv"
    resources:
        mem_mb=1000,
        runtime=600,
    params:
        job=plan.job("lethe.archive.pull:fetch_bundle"),
        archive=plan.archive.place,
    message:
        "Published bundle {wildcards.bundle}"


use rule job as baseline_from_archive with:
    """Off images of a task from the record: what `generate_baseline` makes."""
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
    wildcard_constraints:
        task=plan.models.where_archived("images"),
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        job=plan.job("lethe.archive.jobs.archive:unpack_files"),
        settings=plan.archive.image_settings,
    message:
        "Published off images of {wildcards.task}"


use rule baseline_from_archive as metadata_from_archive with:
    """Metadata, chosen entities and similarities of a task from the record."""
    input:
        manifest="<results>/archive/manifest.json",
        bundle="<results>/archive/bundles/metadata.tar",
    output:
        enriched="<results>/metadata_{task}_1_enriched_but_not_filtered.json",
        filtered="<results>/metadata_{task}_2_enriched_filtered.json",
        matrices=expand("<results>/similarity_{kind}_{{task}}.json", kind=plan.settings.similarity.kinds),
    log:
        "<logs>/metadata_from_archive/{task}.log",
    benchmark:
        "<benchmarks>/metadata_from_archive/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_archived("metadata", tasks=plan.entity_tasks),
    message:
        "Published entities and similarities of {wildcards.task}"


use rule baseline_from_archive as weight_similarity_from_archive with:
    """Weight similarity of a method's models from the record: what `weight_similarity` makes."""
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
        task=plan.models.where_archived("metadata", "images", tasks=plan.entity_tasks),  # published images come without their models
        method=one_of(plan.tables.weight_methods),
    message:
        "Published weight similarity of the models of {wildcards.task} under {wildcards.method}"


use rule baseline_from_archive as tables_from_archive with:
    """Every table of interference of a task from the record, with its gates."""
    input:
        manifest="<results>/archive/manifest.json",
        bundle="<results>/archive/bundles/tables.tar",
    output:
        pairs="<results>/pairs_{task}.parquet",
        entities="<results>/interference_per_entity_{task}.json",
        floor="<results>/noise_floor_{task}.json",
        table="<results>/tables/unlearning_{task}.csv",
        similarity="<results>/tables/similarity_{task}.csv",
        gates="<results>/tables/gates_{task}.json",
        distribution=plan.tables.distribution("{task}"),
    log:
        "<logs>/tables_from_archive/{task}.log",
    benchmark:
        "<benchmarks>/tables_from_archive/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_archived("tables", tasks=plan.entity_tasks),
    message:
        "Published tables of {wildcards.task}"


use rule baseline_from_archive as image_rows_from_archive with:
    """Interference of every image under a method, from the record: what `method_tables` makes of it."""
    input:
        manifest="<results>/archive/manifest.json",
        bundle="<results>/archive/bundles/tables.tar",
    output:
        images="<results>/images/{task}/images_{task}_{method}.parquet",
    log:
        "<logs>/image_rows_from_archive/{task}_{method}.log",
    benchmark:
        "<benchmarks>/image_rows_from_archive/{task}_{method}.tsv"
    wildcard_constraints:
        task=plan.models.where_archived("tables", tasks=plan.entity_tasks),
        method=one_of(plan.models.methods),
    message:
        "Published rows of images of {wildcards.task} under {wildcards.method}"


for made in plan.archive.made:
    for shape in plan.models.shapes(made.kind, built=False, methods=plan.models.methods, tasks=made.tasks):

        rule:
            """Files of a batch of models from the record: what `generate`, `unlearn` and `interference_of_emitters` make."""
            name:
                shape.name(f"{made.name}_from_archive")
            input:
                manifest="<results>/archive/manifest.json",
                bundle=f"<results>/archive/bundles/{made.bundle}.tar",
            output:
                files=[file for pattern in made.files for file in shape.each(f"<results>/{pattern}")],
            log:
                f"<logs>/{made.name}_from_archive/{{task}}_{{batch}}_{{method}}_{{epochs}}.log",
            benchmark:
                f"<benchmarks>/{made.name}_from_archive/{{task}}_{{batch}}_{{method}}_{{epochs}}.tsv"
            wildcard_constraints:
                task=shape.plain if made.plain else shape.task,
                epochs=PLAIN if made.plain else EPOCHS,
            conda:
                "../../envs/lethe.yaml"
            resources:
                mem_mb=1000,
                runtime=60,
            params:
                job=plan.job("lethe.archive.jobs.archive:unpack_files"),
                settings=plan.archive.image_settings,
            message:
                f"Published {made.name} of {{wildcards.task}} under {{wildcards.method}}, batch {{wildcards.batch}}"
            script:
                "../../scripts/job.py"
