"""From scores to interference.

In: scores per image, metadata, embeddings.
Out: the published files (per emitter, per entity), the same as tidy tables, similarities, the noise floor, gates, sets of images compared.
"""


use rule job as similarities with:
    """How similar every two entities are: N x N, higher is more similar, one file per kind."""
    input:
        base=plan.bases.for_similarities,
        clip=plan.bases.of_kind("clip"),
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        receivers="<results>/receivers_{task}.json",
        distance="<results>/sources/{task}_true_distance.json",
        embeddings="<results>/scores/{task}_baseline_embeddings.npz",
    output:
        matrices=expand("<results>/similarity_{kind}_{{task}}.json", kind=plan.settings.similarity.kinds),
    log:
        "<logs>/similarities/{task}.log",
    benchmark:
        "<benchmarks>/similarities/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("metadata", tasks=plan.entity_tasks),
    resources:
        mem_mb=4000,
        runtime=60,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.benchmarks.icare.jobs.similarities:compute"),
        kinds=list(plan.settings.similarity.kinds),
        act_steps=plan.settings.similarity.act_steps,
        settings=plan.data.task,
        seeds=plan.seeds,
        world=plan.settings.world,
        fidelity=plan.settings.fidelity,
        device=plan.settings.device,
    message:
        "Similarities of the entities of {wildcards.task}"


use rule job as asked_receivers with:
    """Which receivers the model of every emitter is asked for, in a task that names some; and how probable each was."""
    input:
        similarity=plan.data.chosen_by,
    output:
        table="<results>/asked_{task}.parquet",
    log:
        "<logs>/asked_receivers/{task}.log",
    benchmark:
        "<benchmarks>/asked_receivers/{task}.tsv"
    wildcard_constraints:
        task=one_of(plan.data.asking_some),
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        job=plan.job("lethe.benchmarks.icare.jobs.asked:choose_receivers"),
        receivers=plan.data.receivers,
    message:
        "Receivers that models of {wildcards.task} are asked for"


use rule job as weight_similarity with:
    """How alike the models of a method are: the cosine of their deltas, from factors."""
    input:
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        deltas=plan.models.files("<results>/models/{model}/delta.safetensors"),
    output:
        matrix="<results>/similarity_weights_{method}_{task}.json",
    log:
        "<logs>/weight_similarity/{task}_{method}.log",
    benchmark:
        "<benchmarks>/weight_similarity/{task}_{method}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("metadata", "images", tasks=plan.entity_tasks),
        method=one_of(plan.tables.weight_methods),
    resources:
        mem_mb=8000,
        runtime=60,
    params:
        job=plan.job("lethe.benchmarks.icare.jobs.weight_similarity:compute"),
    message:
        "Weight similarity of the models of {wildcards.task} under {wildcards.method}"


for shape in plan.models.shapes("tables", methods=plan.models.methods, tasks=plan.entity_tasks):

    rule:
        """The published record of a batch of emitters; its names hold numbers without leading zeros: emitters 10 to 19 are batch 1."""
        name:
            shape.name("interference_of_emitters")
        input:
            metadata="<results>/metadata_{task}_2_enriched_filtered.json",
            off="<results>/scores/{task}_baseline.parquet",
            on=plan.models.files_in_batch(shape, "<results>/scores/{model}.parquet"),
            asked=plan.data.asked,
        output:
            files=shape.each("<results>/datasets/interferences_caused_by_{task}_{index}_{method}_{epochs}.json"),
        log:
            "<logs>/interference_of_emitters/{task}_{batch}_{method}_{epochs}.log",
        benchmark:
            "<benchmarks>/interference_of_emitters/{task}_{batch}_{method}_{epochs}.tsv"
        wildcard_constraints:
            task=shape.plain,
            epochs=PLAIN,
        conda:
            "../../envs/lethe.yaml"
        resources:
            mem_mb=2000,
            runtime=10,
        params:
            job=plan.job("lethe.benchmarks.icare.jobs.interference:write_emitters"),
            models=plan.models.in_batch(shape),
            fidelity=plan.settings.fidelity,
        message:
            "Interference caused by batch {wildcards.batch} of {wildcards.task} under {wildcards.method}"
        script:
            "../../scripts/job.py"


use rule job as method_tables with:
    """Interference of all models of a method: per image, averaged over seeds per pair, and per entity."""
    input:
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        off="<results>/scores/{task}_baseline.parquet",
        off_embeddings="<results>/scores/{task}_baseline_embeddings.npz",
        on=plan.models.files("<results>/scores/{model}.parquet"),
        on_embeddings=plan.models.files("<results>/scores/{model}_embeddings.npz"),
        asked=plan.data.asked,
    output:
        images="<results>/by_method/images_{task}_{method}.parquet",
        pairs="<results>/by_method/pairs_{task}_{method}.parquet",
        entities="<results>/by_method/entities_{task}_{method}.json",
    log:
        "<logs>/method_tables/{task}_{method}.log",
    benchmark:
        "<benchmarks>/method_tables/{task}_{method}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("tables", tasks=plan.entity_tasks),
        method=one_of(plan.models.methods),
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        job=plan.job("lethe.benchmarks.icare.jobs.tables:tabulate_method"),
        models=plan.models.of_wildcards,
        fidelity=plan.settings.fidelity,
    message:
        "Interference of {wildcards.task} under {wildcards.method}"


use rule job as task_tables with:
    """The same for all methods of a task; interference per entity next to all metadata, names as published."""
    input:
        images_of_methods=plan.tables.by_method("images", "parquet"),
        pairs_of_methods=plan.tables.by_method("pairs", "parquet"),
        entities_of_methods=plan.tables.by_method("entities", "json"),
    output:
        images="<results>/images_{task}.parquet",
        pairs="<results>/pairs_{task}.parquet",
        entities="<results>/interference_per_entity_{task}.json",
    log:
        "<logs>/task_tables/{task}.log",
    benchmark:
        "<benchmarks>/task_tables/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("tables", tasks=plan.entity_tasks),
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        job=plan.job("lethe.benchmarks.icare.jobs.tables:join_methods"),
    message:
        "Interference of {wildcards.task} under all methods"


use rule job as noise_floor with:
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
        task=plan.models.where_built("tables", tasks=plan.entity_tasks),
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        job=plan.job("lethe.benchmarks.icare.jobs.noise_floor:compute"),
    message:
        "Two-seed noise floor of {wildcards.task}"


use rule job as harm with:
    """How many pairs every method harms: those that lost more than two seeds of the base differ, by every measure."""
    input:
        pairs="<results>/pairs_{task}.parquet",
        floor="<results>/noise_floor_{task}.json",
    output:
        table="<results>/tables/harm_{task}.csv",
    log:
        "<logs>/harm/{task}.log",
    benchmark:
        "<benchmarks>/harm/{task}.tsv"
    wildcard_constraints:
        task=one_of(plan.entity_tasks),
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        job=plan.job("lethe.benchmarks.icare.jobs.harm:count"),
        exclude=plan.data.tuning_emitters,
        receivers=plan.data.told_receivers,
        inference=plan.inference,
    message:
        "Harmed pairs of {wildcards.task}"


use rule job as distribution with:
    """What every model draws, as sets of images, next to what the base drew: FID, KID, CMMD, precision and recall."""
    input:
        metadata=plan.tables.of_all_pairs("<results>/metadata_{task}_2_enriched_filtered.json", "tables/distribution_{task}.csv"),
        off_embeddings="<results>/scores/{task}_baseline_embeddings.npz",
        on_embeddings=plan.models.files("<results>/scores/{model}_embeddings.npz"),
    output:
        table="<results>/tables/distribution_{task}.csv",
        summary="<results>/tables/distribution_summary_{task}.csv",
    log:
        "<logs>/distribution/{task}.log",
    benchmark:
        "<benchmarks>/distribution/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("tables", tasks=plan.entity_tasks) if plan.settings.scoring.distribution else one_of([]),
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        job=plan.job("lethe.benchmarks.icare.jobs.distribution:compare"),
        models=plan.models.of_wildcards,
        metrics=list(plan.settings.scoring.distribution),
        settings=plan.data.task,
        inference=plan.inference,
    message:
        "Sets of images of {wildcards.task} compared"


use rule job as drift with:
    """How far every method moved the empty prompt, which stands in every guided step."""
    input:
        records=plan.models.files_of_deltas("<results>/models/{model}/record.json"),
    output:
        table="<results>/tables/drift_{task}.csv",
    log:
        "<logs>/drift/{task}.log",
    benchmark:
        "<benchmarks>/drift/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("models", "tables", tasks=plan.entity_tasks),
    resources:
        mem_mb=500,
        runtime=10,
    params:
        job=plan.job("lethe.benchmarks.icare.jobs.drift:tabulate"),
        methods=plan.tables.methods,
        settings=plan.data.task,
    message:
        "Drift of the empty prompt in {wildcards.task}"


use rule job as summary with:
    """What every method reached, next to the noise floor; and the gates that must hold before any table is believed."""
    input:
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        pairs="<results>/pairs_{task}.parquet",
        off="<results>/scores/{task}_baseline.parquet",
        floor="<results>/noise_floor_{task}.json",
        similarities=plan.tables.similarities,
    output:
        table="<results>/tables/unlearning_{task}.csv",
        similarity="<results>/tables/similarity_{task}.csv",
        gates="<results>/tables/gates_{task}.json",
    log:
        "<logs>/summary/{task}.log",
    benchmark:
        "<benchmarks>/summary/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_tabulated(plan.entity_tasks),
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        job=plan.job("lethe.benchmarks.icare.jobs.summary:summarise"),
        stop=plan.stopping("tables/gates_{task}.json"),
        settings=plan.data.task,
        inference=plan.inference,
        kinds=plan.tables.similarities_named,
    message:
        "Unlearning table and gates of {wildcards.task}"


use rule job as unlearning_tidy with:
    """The table of unlearning with one number a row, and the names of methods and quantities beside their codes."""
    input:
        table="<results>/tables/unlearning_{task}.csv",
    output:
        tidied="<results>/tables/unlearning_tidy_{task}.csv",
    log:
        "<logs>/unlearning_tidy/{task}.log",
    benchmark:
        "<benchmarks>/unlearning_tidy/{task}.tsv"
    wildcard_constraints:
        task=one_of(plan.entity_tasks),
    resources:
        mem_mb=500,
        runtime=5,
    params:
        job=plan.job("lethe.benchmarks.icare.jobs.tidy:write_tidy"),
    message:
        "Table of unlearning of {wildcards.task}, one number a row"


use rule job as relations with:
    """Every statistic per entity against every attribute and against every other statistic, with q-values over each family."""
    input:
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
        pairs="<results>/pairs_{task}.parquet",
        entities=plan.tables.of_all_pairs("<results>/interference_per_entity_{task}.json", "tables/relations_{task}.csv"),
    output:
        relations="<results>/tables/relations_{task}.csv",
        alignments="<results>/tables/alignments_{task}.csv",
    log:
        "<logs>/relations/{task}.log",
    benchmark:
        "<benchmarks>/relations/{task}.tsv"
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        job=plan.job("lethe.benchmarks.icare.jobs.relations:relate"),
        settings=plan.data.task,
        inference=plan.inference,
        methods=plan.models.compared,
    message:
        "Relations of statistics and attributes of {wildcards.task}"
