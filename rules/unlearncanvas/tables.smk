"""UnlearnCanvas: answers of every model of a task of cells, and the tables that are taken from them.

In: scores, embeddings, models.
Out: answers/*, unlearncanvas/*, tables/unlearncanvas_*.
"""


rule canvas:
    """The whole benchmark: tables, gates, figures and notebook of every task that the section `unlearncanvas` names."""
    input:
        plan.canvas.products(plan.canvas.tasks),


use rule job as answers_of_base with:
    """What every judge sees in the images of the base."""
    input:
        receivers="<results>/receivers_{task}.json",
        emitters="<results>/emitters_{task}.json",
        scores="<results>/scores/{task}_baseline.parquet",
    output:
        answers="<results>/answers/{task}_baseline.parquet",
    log:
        "<logs>/answers_of_base/{task}.log",
    benchmark:
        "<benchmarks>/answers_of_base/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("tables", tasks=plan.canvas.tasks),
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        job=plan.job("lethe.benchmarks.unlearncanvas.jobs.answers:of_base"),
        settings=plan.canvas.settings,
    message:
        "Answers of the base of {wildcards.task}"


use rule job as answers with:
    """What every judge sees in the images of all models of a method: one row per image."""
    input:
        receivers="<results>/receivers_{task}.json",
        emitters="<results>/emitters_{task}.json",
        scores=plan.models.files("<results>/scores/{model}.parquet"),
    output:
        answers="<results>/answers/{task}_{method}.parquet",
    log:
        "<logs>/answers/{task}_{method}.log",
    benchmark:
        "<benchmarks>/answers/{task}_{method}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("tables", tasks=plan.canvas.tasks),
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        job=plan.job("lethe.benchmarks.unlearncanvas.jobs.answers:of_method"),
        models=plan.models.of_wildcards,
        settings=plan.canvas.settings,
    message:
        "Answers of {wildcards.task} under {wildcards.method}"


use rule job as answers_of_real with:
    """The same judges on real images that no model was shown: what sets of generated images are compared with."""
    input:
        unpack(plan.canvas.real),
        training=plan.data.training,
        receivers="<results>/receivers_{task}.json",
        evaluators=plan.bases.evaluators,
    output:
        scores="<results>/unlearncanvas/real_{task}.parquet",
        embeddings="<results>/unlearncanvas/real_{task}_embeddings.npz",
    log:
        "<logs>/answers_of_real/{task}.log",
    benchmark:
        "<benchmarks>/answers_of_real/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("tables", tasks=plan.canvas.tasks),
    resources:
        mem_mb=plan.scoring_memory,
        runtime=60,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.benchmarks.unlearncanvas.jobs.real:judge_real"),
        scoring=plan.canvas.scoring,
        settings=plan.bases.evaluator_settings,
        size=plan.image_size,
        device=plan.settings.device,
    message:
        "Real images of {wildcards.task}, judged"


use rule job as canvas_tables with:
    """UA, IRA and CRA of every method under every protocol, by concept, what is drawn instead, and whether the judges agree."""
    input:
        receivers="<results>/receivers_{task}.json",
        emitters="<results>/emitters_{task}.json",
        base="<results>/answers/{task}_baseline.parquet",
        answers=plan.canvas.every_answers,
        records=plan.canvas.records,
    output:
        accuracy="<results>/tables/unlearncanvas_accuracy_{task}.csv",
        concepts="<results>/tables/unlearncanvas_concepts_{task}.csv",
        confusion="<results>/tables/unlearncanvas_confusion_{task}.csv",
        agreement="<results>/tables/unlearncanvas_agreement_{task}.csv",
    log:
        "<logs>/canvas_tables/{task}.log",
    benchmark:
        "<benchmarks>/canvas_tables/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("tables", tasks=plan.canvas.tasks),
    resources:
        mem_mb=plan.tabulating_memory,
        runtime=60,
    params:
        job=plan.job("lethe.benchmarks.unlearncanvas.jobs.tables:tabulate"),
        methods=plan.canvas.every_method,
        models=plan.canvas.recorded,
        retrained=plan.canvas.retrained,
        tuning=plan.data.tuning_emitters,
        settings=plan.canvas.settings,
        inference=plan.inference,
    message:
        "UnlearnCanvas tables of {wildcards.task}"


use rule job as canvas_demo with:
    """UA, IRA and CRA of the few methods that the demo runs."""
    input:
        receivers="<results>/receivers_{task}.json",
        emitters="<results>/emitters_{task}.json",
        base="<results>/answers/{task}_baseline.parquet",
        answers=plan.canvas.demo_answers,
    output:
        accuracy="<results>/tables/unlearncanvas_demo_{task}.csv",
    log:
        "<logs>/canvas_demo/{task}.log",
    benchmark:
        "<benchmarks>/canvas_demo/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("tables", tasks=plan.canvas.tasks),
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        job=plan.job("lethe.benchmarks.unlearncanvas.jobs.tables:tabulate_accuracy"),
        methods=plan.canvas.demo_methods,
        tuning=plan.data.tuning_emitters,
        settings=plan.canvas.settings,
        inference=plan.inference,
    message:
        "UnlearnCanvas in the demo: {wildcards.task}"


use rule job as canvas_gates with:
    """What must hold before these tables are believed."""
    input:
        receivers="<results>/receivers_{task}.json",
        emitters="<results>/emitters_{task}.json",
        base="<results>/answers/{task}_baseline.parquet",
        answers=plan.canvas.answers,
        trainings=untimed(plan.canvas.judge_records, ancient),
        world=plan.canvas.world,
    output:
        gates="<results>/tables/unlearncanvas_gates_{task}.json",
    log:
        "<logs>/canvas_gates/{task}.log",
    benchmark:
        "<benchmarks>/canvas_gates/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("tables", tasks=plan.canvas.tasks),
    resources:
        mem_mb=plan.tabulating_memory,
        runtime=30,
    params:
        job=plan.job("lethe.benchmarks.unlearncanvas.jobs.gates:judge"),
        outside=identities(plan.canvas.judge_records),
        methods=plan.canvas.methods,
        unchanged=plan.canvas.unchanged,
        retrained=plan.canvas.retrained,
        destroyed=plan.canvas.destroyed,
        judges=plan.canvas.judge_names,
        tuning=plan.data.tuning_emitters,
        settings=plan.canvas.settings,
        inference=plan.inference,
        stop=plan.stopping("tables/unlearncanvas_gates_{task}.json"),
    message:
        "UnlearnCanvas gates of {wildcards.task}"


use rule job as canvas_distribution with:
    """What every model draws, as a set of images, against real images, in the features of judges and of the backbone."""
    input:
        receivers="<results>/receivers_{task}.json",
        emitters="<results>/emitters_{task}.json",
        real="<results>/unlearncanvas/real_{task}_embeddings.npz",
        base="<results>/scores/{task}_baseline_embeddings.npz",
        models_embeddings=plan.models.files("<results>/scores/{model}_embeddings.npz"),
    output:
        table="<results>/tables/unlearncanvas_distribution_{task}.csv",
    log:
        "<logs>/canvas_distribution/{task}.log",
    benchmark:
        "<benchmarks>/canvas_distribution/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("tables", tasks=plan.canvas.compared),
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        job=plan.job("lethe.benchmarks.unlearncanvas.jobs.distribution:compare"),
        models=plan.models.of_wildcards,
        settings=plan.canvas.settings,
    message:
        "Sets of images of {wildcards.task} against real ones"


use rule job as measured_run with:
    """One concept forgotten in a process of its own: its time and peak memory."""
    input:
        base=plan.bases.for_method,
        receivers="<results>/receivers_{task}.json",
        emitters="<results>/emitters_{task}.json",
        latents="<results>/latents/{task}.safetensors",
    output:
        run="<results>/unlearncanvas/cost_{task}_{method}.json",
    log:
        "<logs>/measured_run/{task}_{method}.log",
    benchmark:
        "<benchmarks>/measured_run/{task}_{method}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("models", tasks=plan.canvas.tasks),
        method=one_of(plan.canvas.costed),
    resources:
        mem_mb=plan.training_memory,
        runtime=600,
        gpu=plan.gpu,
        gpu_mem_mb=plan.training_gpu_memory,
    params:
        job=plan.job("lethe.benchmarks.unlearncanvas.jobs.measured_run:measure_run"),
        hyperparameters=plan.models.hyperparameters,
        emitter=plan.canvas.first_emitter,
        seed=plan.settings.seed,
        device=plan.settings.device,
        fidelity=plan.settings.fidelity,
    message:
        "Cost of {wildcards.method} on {wildcards.task}, in a process of its own"


use rule job as canvas_cost with:
    """Time, memory and bytes to keep of every method."""
    input:
        base=plan.bases.of_task,
        records=plan.models.files_of_deltas("<results>/models/{model}/record.json"),
        deltas=plan.models.files_of_deltas("<results>/models/{model}/delta.safetensors"),
        runs=plan.canvas.runs,
    output:
        table="<results>/tables/unlearncanvas_cost_{task}.csv",
    log:
        "<logs>/canvas_cost/{task}.log",
    benchmark:
        "<benchmarks>/canvas_cost/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("models", "tables", tasks=plan.canvas.tasks),
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        job=plan.job("lethe.benchmarks.unlearncanvas.jobs.cost:tabulate"),
        models=plan.models.as_deltas,
    message:
        "Cost of every method on {wildcards.task}"


use rule job as canvas_ledger with:
    """Ours beside published numbers, for a task of their data and their base."""
    input:
        accuracy="<results>/tables/unlearncanvas_accuracy_{task}.csv",
        cost="<results>/tables/unlearncanvas_cost_{task}.csv",
        references=untimed(plan.canvas.references, ancient),
    output:
        table="<results>/tables/unlearncanvas_ledger_{task}.csv",
    log:
        "<logs>/canvas_ledger/{task}.log",
    benchmark:
        "<benchmarks>/canvas_ledger/{task}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("tables", tasks=plan.canvas.held_against),
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        job=plan.job("lethe.benchmarks.unlearncanvas.jobs.ledger:compare"),
        outside=identities(plan.canvas.references),
    message:
        "UnlearnCanvas ledger of {wildcards.task}"


use rule job as answers_of_others with:
    """What every judge sees in the pictures of others, folders as the published samplers write them."""
    input:
        folder=untimed(plan.canvas.answer_set, ancient),
        receivers="<results>/receivers_{task}.json",
        emitters="<results>/emitters_{task}.json",
        evaluators=plan.bases.evaluators,
    output:
        answers="<results>/answers/{task}_{others}_others.parquet",
    log:
        "<logs>/answers_of_others/{task}_{others}.log",
    benchmark:
        "<benchmarks>/answers_of_others/{task}_{others}.tsv"
    wildcard_constraints:
        task=one_of(plan.canvas.with_others),
        others=one_of(plan.canvas.others),
    resources:
        mem_mb=4000,
        runtime=600,
        gpu=plan.gpu,
    params:
        job=plan.job("lethe.benchmarks.unlearncanvas.jobs.answer_sets:judge_pictures"),
        outside=identities(plan.canvas.answer_set),
        scoring=plan.canvas.scoring,
        evaluator_settings=plan.bases.evaluator_settings,
        settings=plan.canvas.settings,
        device=plan.settings.device,
    message:
        "Answers of {wildcards.task} in the pictures of {wildcards.others}"


use rule job as canvas_others with:
    """UA, IRA and CRA of the answer sets of others alone: no model is needed."""
    input:
        receivers="<results>/receivers_{task}.json",
        emitters="<results>/emitters_{task}.json",
        answers=plan.canvas.answers_of_others,
    output:
        accuracy="<results>/tables/unlearncanvas_others_{task}.csv",
    log:
        "<logs>/canvas_others/{task}.log",
    benchmark:
        "<benchmarks>/canvas_others/{task}.tsv"
    wildcard_constraints:
        task=one_of(plan.canvas.with_others),
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        job=plan.job("lethe.benchmarks.unlearncanvas.jobs.answer_sets:tabulate"),
        names=plan.canvas.names_of_others,
        tuning=plan.data.tuning_emitters,
        settings=plan.canvas.settings,
        inference=plan.inference,
    message:
        "UnlearnCanvas on answer sets of others, {wildcards.task}"


use rule job as canvas_result_files with:
    """The results of a method as Vision Unlearning publishes them, a file per concept and one of all; on request alone."""
    input:
        receivers="<results>/receivers_{task}.json",
        emitters="<results>/emitters_{task}.json",
        base="<results>/answers/{task}_baseline.parquet",
        answers="<results>/answers/{task}_{method}.parquet",
    output:
        folder=directory("<results>/unlearncanvas/result_files_{task}_{method}"),
    log:
        "<logs>/canvas_result_files/{task}_{method}.log",
    benchmark:
        "<benchmarks>/canvas_result_files/{task}_{method}.tsv"
    wildcard_constraints:
        task=plan.models.where_built("tables", tasks=plan.canvas.tasks),
    resources:
        mem_mb=4000,
        runtime=10,
    params:
        job=plan.job("lethe.benchmarks.unlearncanvas.jobs.result_files:write_files"),
        world=plan.settings.world,
        settings=plan.canvas.settings,
    message:
        "Result files of {wildcards.method} on {wildcards.task}"
