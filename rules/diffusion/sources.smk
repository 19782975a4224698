"""From sources to a testbed.

In: a source of images and attributes per task (lethe.diffusion.sources).
Out: source shards, metadata before and after balancing, receivers and emitters, training images, forget and retain lists.
"""


use rule job as source with:
    """Images and raw attributes of a task, packed into one deterministic shard; of a published selection its images only."""
    input:
        files=untimed(plan.data.source_inputs, ancient),
        published=untimed(plan.data.published_list, ancient),
    output:
        tar="<results>/sources/{task}.tar",
        index="<results>/sources/{task}.parquet",
        records="<results>/sources/{task}.json",
        distance="<results>/sources/{task}_true_distance.json",
    log:
        "<logs>/source/{task}.log",
    benchmark:
        "<benchmarks>/source/{task}.tsv"
    resources:
        mem_mb=2000,
        runtime=240,
    params:
        job=plan.job("lethe.diffusion.jobs.source:pack"),
        outside=identities(plan.data.source_inputs, plan.data.published_list),
        settings=plan.data.task,
    message:
        "Images and attributes of {wildcards.task}"


use rule job as source_split with:
    """Images that a source keeps apart from those of training, e.g. for judges."""
    input:
        files=untimed(plan.data.source_inputs, ancient),
    output:
        tar="<results>/sources/{task}_{split}.tar",
        index="<results>/sources/{task}_{split}.parquet",
    log:
        "<logs>/source_split/{task}_{split}.log",
    benchmark:
        "<benchmarks>/source_split/{task}_{split}.tsv"
    wildcard_constraints:
        task=one_of(plan.data.split_tasks),
        split=one_of(plan.data.splits),
    resources:
        mem_mb=2000,
        runtime=240,
    params:
        job=plan.job("lethe.diffusion.jobs.source:pack_split"),
        outside=identities(plan.data.source_inputs),
        settings=plan.data.task,
    message:
        "Images of {wildcards.task} for {wildcards.split}"


use rule job as metadata with:
    """Enriched metadata and the chosen entities, balanced or as published; an entity's index is its place in the second file.

    Entities that are one for the model are refused here, before anything is trained.
    """
    input:
        plan.entities.examined,
        records="<results>/sources/{task}.json",
        published=untimed(plan.data.published_list, ancient),
        tokenizer=untimed(plan.bases.tokenizer, ancient),
    output:
        enriched="<results>/metadata_{task}_1_enriched_but_not_filtered.json",
        filtered="<results>/metadata_{task}_2_enriched_filtered.json",
    log:
        "<logs>/metadata/{task}.log",
    benchmark:
        "<benchmarks>/metadata/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("metadata", tasks=plan.entity_tasks),
    params:
        job=plan.job("lethe.diffusion.jobs.entities:choose"),
        outside=identities(plan.data.published_list, plan.bases.tokenizer),
        settings=plan.data.task,
        fidelity=plan.settings.fidelity,
        tokenizer_settings=plan.bases.tokenizer_settings,
    message:
        "Metadata and chosen entities of {wildcards.task}"


use rule job as receivers with:
    """What is asked for, each with its prompt, and what is forgotten, with the receivers that it covers; of entities each is both."""
    input:
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
    output:
        receivers="<results>/receivers_{task}.json",
        emitters="<results>/emitters_{task}.json",
    log:
        "<logs>/receivers/{task}.log",
    benchmark:
        "<benchmarks>/receivers/{task}.tsv"
    wildcard_constraints:
        task=one_of(plan.entity_tasks),
    params:
        job=plan.job("lethe.diffusion.jobs.entities:name_entities"),
        settings=plan.data.task,
    message:
        "Receivers and emitters of {wildcards.task}"


use rule receivers as cells with:
    """Cells and emitters of a task of cells, from the records of its source."""
    input:
        records="<results>/sources/{task}.json",
    log:
        "<logs>/cells/{task}.log",
    benchmark:
        "<benchmarks>/cells/{task}.tsv"
    wildcard_constraints:
        task=one_of(set(plan.settings.cell_tasks) - {*plan.data.known_cells, *plan.audit.tasks}),
    params:
        job=plan.job("lethe.diffusion.jobs.entities:name_cells"),
        settings=plan.data.task,


use rule receivers as known_cells with:
    """Cells and emitters of a task whose cells are known before a file is read."""
    input:
        [],
    log:
        "<logs>/known_cells/{task}.log",
    benchmark:
        "<benchmarks>/known_cells/{task}.tsv"
    wildcard_constraints:
        task=one_of(plan.data.known_cells),
    params:
        job=plan.job("lethe.diffusion.jobs.entities:name_known_cells"),
        settings=plan.data.task,


use rule job as training_images with:
    """The training images of every receiver: what is encoded, and what forget and retain lists are taken from."""
    input:
        receivers="<results>/receivers_{task}.json",
        index="<results>/sources/{task}.parquet",
    output:
        training="<results>/datasets/training_{task}.jsonl",
    log:
        "<logs>/training_images/{task}.log",
    benchmark:
        "<benchmarks>/training_images/{task}.tsv"
    params:
        job=plan.job("lethe.diffusion.jobs.entities:list_images"),
        settings=plan.data.task,
        fidelity=plan.settings.fidelity,
    message:
        "Training images of {wildcards.task}"


use rule job as selection with:
    """The published entities beside those chosen anew, and why they differ."""
    input:
        enriched="<results>/metadata_{task}_1_enriched_but_not_filtered.json",
        published=untimed(plan.data.published_names, ancient),
    output:
        table="<results>/tables/selection_{task}.csv",
        summary="<results>/tables/selection_{task}.json",
    log:
        "<logs>/selection/{task}.log",
    benchmark:
        "<benchmarks>/selection/{task}.tsv"
    params:
        job=plan.job("lethe.diffusion.jobs.selection:compare"),
        outside=identities(plan.data.published_names),
        settings=plan.data.task,
    message:
        "Published and recomputed entities of {wildcards.task}"


for shape in plan.models.split_shapes:

    rule:
        """What an unlearner may look at: images to forget and to retain, a batch of emitters a job, as lists (no copies, no links)."""
        name:
            shape.name("splits")
        input:
            training=plan.data.training,
            emitters="<results>/emitters_{task}.json",
        output:
            forget=shape.each("<results>/datasets/splits_{task}/{index}/train_forget/metadata.jsonl"),
            retain=shape.each("<results>/datasets/splits_{task}/{index}/train_retain/metadata.jsonl"),
        log:
            "<logs>/splits/{task}_{batch}.log",
        benchmark:
            "<benchmarks>/splits/{task}_{batch}.tsv"
        wildcard_constraints:
            task=shape.task,
        conda:
            "../../envs/lethe.yaml"
        resources:
            mem_mb=1000,
            runtime=10,
        params:
            job=plan.job("lethe.diffusion.jobs.entities:split"),
            indices=shape.indices,
        message:
            "Forget and retain lists of {wildcards.task}, batch {wildcards.batch}"
        script:
            "../../scripts/job.py"


use rule job as image_folders with:
    """What an emitter is to forget and to retain as folders of pictures, for other tools; made when asked for."""
    input:
        tar="<results>/sources/{task}.tar",
        rows="<results>/sources/{task}.parquet",
        training=plan.data.training,
        receivers="<results>/receivers_{task}.json",
        emitters="<results>/emitters_{task}.json",
    output:
        folder=directory("<results>/datasets/folders_{task}/{index}"),
    log:
        "<logs>/image_folders/{task}_{index}.log",
    benchmark:
        "<benchmarks>/image_folders/{task}_{index}.tsv"
    params:
        job=plan.job("lethe.diffusion.jobs.image_folders:write"),
    message:
        "Folders of pictures for emitter {wildcards.index} of {wildcards.task}"
