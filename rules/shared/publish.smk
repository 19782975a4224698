"""Publishing, outside `all`: nothing here runs unless it is asked for. See docs/zenodo.md.

In: everything that this world leads to, CITATION.cff, a token in the environment (`publish` and `publish_huggingface` only).
Out: publish/bundles/, publish/manifest.json, publish/metadata.json, publish/draft.json, publish/receipt.json with the reserved DOI.
The draft is left for a person to look at and to publish.
"""


localrules:
    dataset_card,
    deposit_metadata,
    draft,
    publish,
    publish_huggingface,
    publish_manifest,


use rule job as bundle with:
    """Files of one class (and task, and method) as one deterministic tar, with its entry of the manifest."""
    input:
        files=plan.archive.files,
    output:
        tar="<results>/publish/bundles/{bundle}.tar",
        entry="<results>/publish/bundles/{bundle}.json",
    log:
        "<logs>/bundle/{bundle}.log",
    benchmark:
        "<benchmarks>/bundle/{bundle}.tsv"
    resources:
        mem_mb=1000,
        runtime=240,
    params:
        job=plan.job("lethe.archive.jobs.bundle:pack"),
        kind=plan.archive.kind,
    message:
        "Bundle {wildcards.bundle}"


use rule job as publish_manifest with:
    """Every bundle and the manifest that lists what is in them; needs no token."""
    input:
        plan.archive.packed("tar"),
        entries=plan.archive.packed("json"),
    output:
        manifest="<results>/publish/manifest.json",
    log:
        "<logs>/publish_manifest.log",
    benchmark:
        "<benchmarks>/publish_manifest.tsv"
    params:
        job=plan.job("lethe.archive.jobs.bundle:list_bundles"),
        world=plan.settings.world,
        settings=plan.archive.image_settings,
    message:
        "Manifest of what is to be published"


use rule job as deposit_metadata with:
    """The record's metadata, from CITATION.cff and the configuration."""
    input:
        citation=ancient(plan.root / "CITATION.cff"),
    output:
        metadata="<results>/publish/metadata.json",
    log:
        "<logs>/deposit_metadata.log",
    benchmark:
        "<benchmarks>/deposit_metadata.tsv"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        job=plan.job("lethe.archive.jobs.deposit:describe"),
        outside=identities(plan.root / "CITATION.cff"),
        world=plan.settings.world,
        publish=plan.archive.deposit,
    message:
        "Metadata of the record"


use rule job as draft with:
    """The draft that the files go into, found again if a killed run made it; needs ZENODO_TOKEN."""
    input:
        metadata=asked.with_token("ZENODO_TOKEN", "<results>/publish/metadata.json"),
    output:
        draft="<results>/publish/draft.json",
    log:
        "<logs>/draft.log",
    benchmark:
        "<benchmarks>/draft.tsv"
    resources:
        mem_mb=500,
        runtime=30,
    params:
        job=plan.job("lethe.archive.jobs.deposit:reserve"),
        api=plan.settings.publish.api,
        world=plan.settings.world,
    message:
        "Draft at {params.api}"


use rule job as publish with:
    """Bring manifest and bundles into the draft and write the receipt; what is there already is not sent again."""
    input:
        plan.archive.packed("tar"),
        draft="<results>/publish/draft.json",
        manifest="<results>/publish/manifest.json",
    output:
        receipt="<results>/publish/receipt.json",
    log:
        "<logs>/publish.log",
    benchmark:
        "<benchmarks>/publish.tsv"
    resources:
        mem_mb=1000,
        runtime=1440,
    params:
        job=plan.job("lethe.archive.jobs.deposit:upload"),
        api=plan.settings.publish.api,
    message:
        "Upload to {params.api}"


use rule job as dataset_card with:
    """What makes the published tables visible: a card whose `configs` the Hub's viewer shows, and Croissant metadata; needs no token."""
    input:
        manifest="<results>/publish/manifest.json",
        tables=plan.archive.viewed,
        citation=ancient(plan.root / "CITATION.cff"),
    output:
        folder=directory("<results>/publish/card"),
    log:
        "<logs>/dataset_card.log",
    benchmark:
        "<benchmarks>/dataset_card.tsv"
    params:
        job=plan.job("lethe.dictionary.jobs.card:describe"),
        methods=plan.models.runnable,
        unlearners=plan.studies.unlearners,
        outside=identities(plan.root / "CITATION.cff"),
        world=plan.settings.world,
        title=plan.settings.publish.title,
        license_=plan.settings.publish.license,
        address=plan.archive.address,
    message:
        "Card of the data set"


use rule job as publish_huggingface with:
    """The same manifest and bundles into a data set repository of the Hugging Face Hub, with its card and tables; needs HF_TOKEN."""
    input:
        plan.archive.packed("tar"),
        manifest=asked.with_token("HF_TOKEN", "<results>/publish/manifest.json", plan.archive.check_repository),
        card="<results>/publish/card",
    output:
        receipt="<results>/publish/receipt_huggingface.json",
    log:
        "<logs>/publish_huggingface.log",
    benchmark:
        "<benchmarks>/publish_huggingface.tsv"
    resources:
        mem_mb=2000,
        runtime=1440,
    params:
        job=plan.job("lethe.archive.jobs.hub:upload"),
        repository=plan.settings.publish.huggingface,
        endpoint=plan.settings.publish.endpoint,
    message:
        "Upload to {params.endpoint}/datasets/{params.repository}"
