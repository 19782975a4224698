"""A corpus of others in the layout of Vision Unlearning, read instead of what rules compute (docs/published-corpus.md).

In: a folder, a fetched Zenodo record, or single files of a Hugging Face data set.
Out: the same files as the rules that compute them. Every rule asks for its own files alone, so a figure of one method waits for no other's.
"""


use rule job as corpus_file with:
    """One file of a data set at the Hugging Face Hub."""
    input:
        listing=ancient(plan.imports.listing),
    output:
        file="<results>/archive/corpus/{path}",
    log:
        "<logs>/corpus_file/{path}.log",
    benchmark:
        "<benchmarks>/corpus_file/{path}.tsv"
    wildcard_constraints:
        path=r"(?:[^/]+/)*[^/]+\.json" if plan.imports.fetched else one_of([]),
    resources:
        mem_mb=500,
        runtime=30,
    params:
        job=plan.job("lethe.archive.jobs.corpus_fetch:fetch_file"),
        archive=plan.archive.place,
    message:
        "Published file {wildcards.path}"


use rule job as corpus_folder with:
    """The pictures of one model from there."""
    input:
        listing=ancient(plan.imports.listing),
    output:
        folder=temp(directory("<results>/archive/corpus/{path}")),
    log:
        "<logs>/corpus_folder/{path}.log",
    benchmark:
        "<benchmarks>/corpus_folder/{path}.tsv"
    wildcard_constraints:
        path="datasets/generated_[^/]+" if plan.imports.fetched else one_of([]),
    resources:
        mem_mb=500,
        runtime=240,
    params:
        job=plan.job("lethe.archive.jobs.corpus_fetch:fetch_folder"),
        archive=plan.archive.place,
    message:
        "Published pictures {wildcards.path}"


use rule job as corpus_metadata with:
    """Entities of a task."""
    input:
        published=untimed(plan.imports.metadata, ancient),
    output:
        filtered="<results>/metadata_{task}_2_enriched_filtered.json",
    log:
        "<logs>/corpus_metadata/{task}.log",
    benchmark:
        "<benchmarks>/corpus_metadata/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_imported("metadata", tasks=plan.entity_tasks),
    params:
        job=plan.job("lethe.archive.jobs.corpus_tables:take_metadata"),
        outside=identities(plan.imports.metadata),
        unlearned=plan.imports.unlearned,
    message:
        "Published entities of {wildcards.task}"


use rule job as corpus_similarity with:
    """A similarity of a task; where the corpus has none, that of DINO and of attributes from its embeddings and metadata, others unknown."""
    input:
        published=untimed(plan.imports.similarity, ancient),
        embeddings=plan.imports.instead,
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
    output:
        matrix="<results>/similarity_{kind}_{task}.json",
    log:
        "<logs>/corpus_similarity/{kind}_{task}.log",
    benchmark:
        "<benchmarks>/corpus_similarity/{kind}_{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_imported("metadata", tasks=plan.entity_tasks),
    params:
        job=plan.job("lethe.archive.jobs.corpus_tables:take_similarity"),
        outside=identities(plan.imports.similarity),
    message:
        "Published similarity {wildcards.kind} of {wildcards.task}"


use rule job as corpus_pairs with:
    """Pairs of all models of a method that the corpus has."""
    input:
        published=untimed(plan.imports.pairs, ancient),
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
    output:
        pairs="<results>/by_method/pairs_{task}_{method}.parquet",
    log:
        "<logs>/corpus_pairs/{task}_{method}.log",
    benchmark:
        "<benchmarks>/corpus_pairs/{task}_{method}.tsv"
    wildcard_constraints:
        task=plan.models.where_imported("tables", tasks=plan.entity_tasks),
        method=one_of(plan.models.methods),
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        job=plan.job("lethe.archive.jobs.corpus_tables:take_pairs"),
        outside=identities(plan.imports.pairs),
        models=plan.models.of_wildcards,
        entities=plan.imports.entities,
    message:
        "Published pairs of {wildcards.task} under {wildcards.method}"


use rule job as corpus_embeddings with:
    """Embeddings of the pictures of a model, or of the base."""
    input:
        published=untimed(plan.imports.embeddings, ancient),
        metadata=plan.imports.metadata_of_run,
    output:
        embeddings="<results>/scores/{run}_embeddings.npz",
    log:
        "<logs>/corpus_embeddings/{run}.log",
    benchmark:
        "<benchmarks>/corpus_embeddings/{run}.tsv"
    wildcard_constraints:
        run=one_of(plan.imports.embedded_runs),
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        job=plan.job("lethe.archive.jobs.corpus_embeddings:take_embeddings"),
        outside=identities(plan.imports.embeddings),
        style=plan.imports.style,
    message:
        "Published embeddings of {wildcards.run}"


use rule job as corpus_entities with:
    """Interference per entity under a method, from published pairs and embeddings."""
    input:
        on_embeddings=plan.imports.on_embeddings,
        off_embeddings=plan.imports.off_embeddings,
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        pairs="<results>/by_method/pairs_{task}_{method}.parquet",
    output:
        entities="<results>/by_method/entities_{task}_{method}.json",
    log:
        "<logs>/corpus_entities/{task}_{method}.log",
    benchmark:
        "<benchmarks>/corpus_entities/{task}_{method}.tsv"
    wildcard_constraints:
        task=plan.models.where_imported("tables", tasks=plan.entity_tasks),
        method=one_of(plan.models.methods),
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        job=plan.job("lethe.archive.jobs.corpus_tables:tabulate"),
        models=plan.imports.embedded,
        fidelity=plan.settings.fidelity,
    message:
        "Interference per entity of {wildcards.task} under {wildcards.method}"


use rule job as corpus_tables with:
    """Pairs and interference per entity of all methods of a task."""
    input:
        pairs_of_methods=plan.tables.by_method("pairs", "parquet"),
        entities_of_methods=plan.tables.by_method("entities", "json"),
    output:
        pairs="<results>/pairs_{task}.parquet",
        entities="<results>/interference_per_entity_{task}.json",
    log:
        "<logs>/corpus_tables/{task}.log",
    benchmark:
        "<benchmarks>/corpus_tables/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_imported("tables", tasks=plan.entity_tasks),
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        job=plan.job("lethe.archive.jobs.corpus_tables:join"),
    message:
        "Published interference of {wildcards.task}"


use rule job as corpus_base with:
    """What is known of the base without its pictures: the noise floor of DINO, from published embeddings."""
    input:
        embeddings=plan.imports.of_base,
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
    output:
        baseline="<results>/scores/{task}_baseline.parquet",
        floor="<results>/noise_floor_{task}.json",
    log:
        "<logs>/corpus_base/{task}.log",
    benchmark:
        "<benchmarks>/corpus_base/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_imported("tables", tasks=plan.entity_tasks),
    params:
        job=plan.job("lethe.archive.jobs.corpus_tables:describe_base"),
        seeds=plan.seeds,
    message:
        "Published base of {wildcards.task}"


use rule job as corpus_images with:
    """Pictures of a model, or of the base, as a shard."""
    input:
        published=untimed(plan.imports.pictures, ancient),
        metadata=plan.imports.metadata_of_run,
    output:
        tar="<results>/datasets/generated_{run}.tar",
        index="<results>/datasets/generated_{run}.parquet",
    log:
        "<logs>/corpus_images/{run}.log",
    benchmark:
        "<benchmarks>/corpus_images/{run}.tsv"
    wildcard_constraints:
        run=one_of(plan.imports.runs),
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        job=plan.job("lethe.archive.jobs.corpus_images:pack"),
        outside=plan.imports.sizes,
        state=plan.imports.state,
        seeds=plan.imports.seeds,
        style=plan.imports.style,
        size=plan.imports.size,
    message:
        "Published pictures of {wildcards.run}"


use rule job as corpus_pairing with:
    """Whether on and off pictures of the models of a method share their noise."""
    input:
        off=untimed(plan.imports.off_pictures, ancient),
        on=untimed(plan.imports.on_pictures, ancient),
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
    output:
        table="<results>/by_method/pairing_{task}_{method}.csv",
    log:
        "<logs>/corpus_pairing/{task}_{method}.log",
    benchmark:
        "<benchmarks>/corpus_pairing/{task}_{method}.tsv"
    wildcard_constraints:
        task=plan.models.where_imported("images", tasks=plan.entity_tasks),
        method=one_of(plan.models.methods),
    resources:
        mem_mb=2000,
        runtime=240,
    params:
        job=plan.job("lethe.archive.jobs.corpus_pairing:compare"),
        outside=plan.imports.pairing_sizes,
        models=plan.imports.compared,
        own_off=plan.imports.own_off,
        seeds=plan.seeds,
        style=plan.imports.style_of_task,
        receivers=plan.settings.archive.pairing,
        inference=plan.inference,
    message:
        "Noise of the pictures of {wildcards.task} under {wildcards.method}"


use rule job as corpus_pairing_table with:
    """The same of all methods, with a verdict per model."""
    input:
        of_methods=plan.imports.paired_methods,
    output:
        table="<results>/tables/pairing_{task}.csv",
    log:
        "<logs>/corpus_pairing_table/{task}.log",
    benchmark:
        "<benchmarks>/corpus_pairing_table/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_imported("images", tasks=plan.entity_tasks),
    params:
        job=plan.job("lethe.archive.jobs.corpus_pairing:join"),
        inference=plan.inference,
    message:
        "Pairing of the published pictures of {wildcards.task}"
