"""From scores to interference.

In: scores per image, metadata, embeddings.
Out: the published files (per emitter, per entity), the same as tidy tables, similarities, the noise floor, gates, sets of images compared.
"""


rule similarities:
    """How similar every two entities are: N x N, higher is more similar, one file per kind."""
    input:
        base=base_of,
        clip="<results>/evaluators/clip",
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        distance="<results>/sources/{task}_true_distance.json",
        embeddings="<results>/scores/{task}_baseline_embeddings.npz",
    output:
        matrices=expand("<results>/similarity_{kind}_{{task}}.json", kind=SETTINGS.similarity.kinds),
    log:
        "<logs>/similarities/{task}.log",
    benchmark:
        "<benchmarks>/similarities/{task}.tsv"
    wildcard_constraints:
        task=built("metadata"),
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
        gpu=GPU,
    params:
        code=fingerprint("lethe.interference.similarities"),
        kinds=list(SETTINGS.similarity.kinds),
        act_steps=SETTINGS.similarity.act_steps,
        task=task_settings,
        seeds=list(SETTINGS.generation.seeds),
        world=SETTINGS.world,
        fidelity=SETTINGS.fidelity,
        device=SETTINGS.device,
    message:
        "Similarities of the entities of {wildcards.task}"
    script:
        "../scripts/similarities.py"


rule weight_similarity:
    """How alike the models of a method are: the cosine of their deltas, from factors."""
    input:
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        deltas=deltas_of,
    output:
        matrix="<results>/similarity_weights_{method}_{task}.json",
    log:
        "<logs>/weight_similarity/{task}_{method}.log",
    benchmark:
        "<benchmarks>/weight_similarity/{task}_{method}.tsv"
    wildcard_constraints:
        task=built("metadata", "images"),
        method=one_of(WEIGHT_METHODS),
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime=60,
    params:
        code=fingerprint("lethe.interference.weight_similarity"),
    message:
        "Weight similarity of the models of {wildcards.task} under {wildcards.method}"
    script:
        "../scripts/weight_similarity.py"


rule interference_of_emitters:
    """The published record of ten emitters; its names hold numbers without leading zeros: emitters 10 to 19 are tens=1."""
    input:
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        off="<results>/scores/{task}_baseline.parquet",
        on=scores_of_tens,
    output:
        files=expand(
            "<results>/datasets/interferences_caused_by_{{task}}_{{tens}}{unit}_{{method}}_{{plain_epochs}}.json", unit=range(10)
        ),
    log:
        "<logs>/interference_of_emitters/{task}_{tens}_{method}_{plain_epochs}.log",
    benchmark:
        "<benchmarks>/interference_of_emitters/{task}_{tens}_{method}_{plain_epochs}.tsv"
    wildcard_constraints:
        task=built("tables"),
        method=one_of([method for method in METHODS if grouped(method)]),
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=fingerprint("lethe.interference.pairs"),
        fidelity=SETTINGS.fidelity,
    message:
        "Interference caused by ten emitters of {wildcards.task} under {wildcards.method}"
    script:
        "../scripts/interference_of_emitters.py"


use rule interference_of_emitters as interference_of_retrained with:
    input:
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        off="<results>/scores/{task}_baseline.parquet",
        on=scores_of_retrained,
    output:
        files=["<results>/datasets/interferences_caused_by_{task}_{plain_index}_retrain_{plain_epochs}.json"],
    log:
        "<logs>/interference_of_retrained/{task}_{plain_index}_{plain_epochs}.log",
    benchmark:
        "<benchmarks>/interference_of_retrained/{task}_{plain_index}_{plain_epochs}.tsv"
    message:
        "Interference caused by the retrained entity {wildcards.plain_index} of {wildcards.task}"


rule method_tables:
    """Interference of all models of a method: per image, averaged over seeds per pair, and per entity."""
    input:
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        off="<results>/scores/{task}_baseline.parquet",
        off_embeddings="<results>/scores/{task}_baseline_embeddings.npz",
        on=scores_of_method,
        on_embeddings=embeddings_of_method,
    output:
        images="<results>/by_method/images_{task}_{method}.parquet",
        pairs="<results>/by_method/pairs_{task}_{method}.parquet",
        entities="<results>/by_method/entities_{task}_{method}.json",
    log:
        "<logs>/method_tables/{task}_{method}.log",
    benchmark:
        "<benchmarks>/method_tables/{task}_{method}.tsv"
    wildcard_constraints:
        task=built("tables"),
        method=one_of(METHODS),
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        code=fingerprint("lethe.interference.pairs", "lethe.interference.entities"),
        fidelity=SETTINGS.fidelity,
    message:
        "Interference of {wildcards.task} under {wildcards.method}"
    script:
        "../scripts/method_tables.py"


rule task_tables:
    """The same for all methods of a task; interference per entity next to all metadata, names as published."""
    input:
        images=tables_of_methods("images", "parquet"),
        pairs=tables_of_methods("pairs", "parquet"),
        entities=tables_of_methods("entities", "json"),
    output:
        images="<results>/images_{task}.parquet",
        pairs="<results>/pairs_{task}.parquet",
        entities="<results>/interference_per_entity_{task}.json",
    log:
        "<logs>/task_tables/{task}.log",
    benchmark:
        "<benchmarks>/task_tables/{task}.tsv"
    wildcard_constraints:
        task=built("tables"),
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        code=fingerprint("lethe.interference.entities"),
    message:
        "Interference of {wildcards.task} under all methods"
    script:
        "../scripts/task_tables.py"


rule noise_floor:
    """The same quantities between two seeds of the base: what is not interference."""
    input:
        off="<results>/scores/{task}_baseline.parquet",
        seed_pairs="<results>/scores/{task}_seed_pairs.parquet",
    output:
        floor="<results>/noise_floor_{task}.json",
    log:
        "<logs>/noise_floor/{task}.log",
    benchmark:
        "<benchmarks>/noise_floor/{task}.tsv"
    wildcard_constraints:
        task=built("tables"),
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=fingerprint("lethe.interference.noise_floor"),
    message:
        "Two-seed noise floor of {wildcards.task}"
    script:
        "../scripts/noise_floor.py"


rule distribution:
    """What every model draws, as sets of images, next to what the base drew: FID, KID, CMMD, precision and recall."""
    input:
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        off_embeddings="<results>/scores/{task}_baseline_embeddings.npz",
        on_embeddings=embeddings_of_task,
    output:
        table="<results>/tables/distribution_{task}.csv",
        summary=report(
            "<results>/tables/distribution_summary_{task}.csv",
            caption="../report/distribution.rst",
            category="{task}",
            labels={"result": "distribution table"},
        ),
    log:
        "<logs>/distribution/{task}.log",
    benchmark:
        "<benchmarks>/distribution/{task}.tsv"
    wildcard_constraints:
        task=built("tables") if SETTINGS.scoring.distribution else one_of([]),
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        code=fingerprint("lethe.interference.distribution"),
        metrics=list(SETTINGS.scoring.distribution),
        task=task_settings,
        statistics=SETTINGS.statistics.model_dump(),
        seed=SETTINGS.seed,
    message:
        "Sets of images of {wildcards.task} compared"
    script:
        "../scripts/distribution.py"


rule summary:
    """What every method reached, next to the noise floor; and the gates that must hold before any table is believed."""
    input:
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        images="<results>/images_{task}.parquet",
        pairs="<results>/pairs_{task}.parquet",
        off="<results>/scores/{task}_baseline.parquet",
        floor="<results>/noise_floor_{task}.json",
        similarities=similarities_of_task,
    output:
        table=report(
            "<results>/tables/unlearning_{task}.csv",
            caption="../report/unlearning.rst",
            category="{task}",
            labels={"result": "unlearning table"},
        ),
        similarity="<results>/tables/similarity_{task}.csv",
        gates="<results>/tables/gates_{task}.json",
    log:
        "<logs>/summary/{task}.log",
    benchmark:
        "<benchmarks>/summary/{task}.tsv"
    wildcard_constraints:
        task=built("tables"),
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        code=fingerprint("lethe.interference.summary"),
        task=task_settings,
        statistics=SETTINGS.statistics.model_dump(),
        kinds=similarity_names(),
        seed=SETTINGS.seed,
    message:
        "Unlearning table and gates of {wildcards.task}"
    script:
        "../scripts/summary.py"


rule relations:
    """Every statistic per entity against every attribute and against every other statistic, with q-values over each family."""
    input:
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        pairs="<results>/pairs_{task}.parquet",
        entities="<results>/interference_per_entity_{task}.json",
    output:
        relations="<results>/tables/relations_{task}.csv",
        alignments="<results>/tables/alignments_{task}.csv",
    log:
        "<logs>/relations/{task}.log",
    benchmark:
        "<benchmarks>/relations/{task}.tsv"
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        code=fingerprint("lethe.interference.templates.sweeps"),
        task=task_settings,
        inference=INFERENCE,
        methods=COMPARED,
    message:
        "Relations of statistics and attributes of {wildcards.task}"
    script:
        "../scripts/relations.py"
