"""Figures of a task.

In: the published tables, similarities and, for the visual grid, shards of images.
Out: one PNG per figure and, beside it, the data it draws as CSV.
"""


use rule job as interference_matrix with:
    """What unlearning each entity did to every other one: N x N, one panel per method."""
    input:
        pairs="<results>/pairs_{task}.parquet",
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
    output:
        png=report(
            "<results>/figures/interference_matrix_{task}_{metric}.png",
            caption="../../report/interference_matrix.rst",
            category="{task}",
            labels={"result": "interference matrix, {metric}"},
        ),
        csv="<results>/figures/interference_matrix_{task}_{metric}.csv",
    log:
        "<logs>/interference_matrix/{task}_{metric}.log",
    benchmark:
        "<benchmarks>/interference_matrix/{task}_{metric}.tsv"
    params:
        job=plan.job("lethe.benchmarks.icare.figures.interference_matrix:write"),
        methods=plan.models.methods,
    message:
        "Interference matrices of {wildcards.task}, {wildcards.metric}"


use rule job as similarity_matrix with:
    """How alike the entities are: N x N, one panel per kind of similarity."""
    input:
        similarities=expand("<results>/similarity_{kind}_{{task}}.json", kind=plan.settings.similarity.kinds),
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
    output:
        png=report(
            "<results>/figures/similarity_matrix_{task}.png",
            caption="../../report/similarity_matrix.rst",
            category="{task}",
            labels={"result": "similarity matrix"},
        ),
        csv="<results>/figures/similarity_matrix_{task}.csv",
    log:
        "<logs>/similarity_matrix/{task}.log",
    benchmark:
        "<benchmarks>/similarity_matrix/{task}.tsv"
    params:
        job=plan.job("lethe.benchmarks.icare.figures.similarity_matrix:write"),
        kinds=list(plan.settings.similarity.kinds),
    message:
        "Similarity matrices of {wildcards.task}"


use rule job as metric_similarity with:
    """Interference against similarity over all ordered pairs, with a permutation test over entities."""
    input:
        pairs="<results>/pairs_{task}.parquet",
        similarity="<results>/similarity_{kind}_{task}.json",
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
    output:
        png=report(
            "<results>/figures/metric_similarity_{task}_{metric}_{kind}.png",
            caption="../../report/metric_similarity.rst",
            category="{task}",
            labels={"result": "{metric} against {kind} similarity"},
        ),
        csv="<results>/figures/metric_similarity_{task}_{metric}_{kind}.csv",
    log:
        "<logs>/metric_similarity/{task}_{metric}_{kind}.log",
    benchmark:
        "<benchmarks>/metric_similarity/{task}_{metric}_{kind}.tsv"
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        job=plan.job("lethe.benchmarks.icare.figures.metric_similarity:write"),
        methods=plan.models.methods,
        permutations=plan.settings.statistics.permutations,
        seed=plan.settings.seed,
    message:
        "{wildcards.metric} against {wildcards.kind} similarity of {wildcards.task}"


use rule job as method_comparison with:
    """Harm to the entities that were to be kept, per emitter, methods side by side, with the noise floor."""
    input:
        pairs="<results>/pairs_{task}.parquet",
        noise_floor="<results>/noise_floor_{task}.json",
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
    output:
        png=report(
            "<results>/figures/method_comparison_{task}_{metric}.png",
            caption="../../report/method_comparison.rst",
            category="{task}",
            labels={"result": "method comparison, {metric}"},
        ),
        csv="<results>/figures/method_comparison_{task}_{metric}.csv",
    log:
        "<logs>/method_comparison/{task}_{metric}.log",
    benchmark:
        "<benchmarks>/method_comparison/{task}_{metric}.tsv"
    params:
        job=plan.job("lethe.benchmarks.icare.figures.method_comparison:write"),
        methods=plan.models.methods,
        tuning=plan.data.tuning_emitters,
    message:
        "Methods side by side on {wildcards.task}, {wildcards.metric}"


use rule job as forget_retain with:
    """Forgetting of the emitter against retention of the others, per emitter and method."""
    input:
        pairs="<results>/pairs_{task}.parquet",
        baseline="<results>/scores/{task}_baseline.parquet",
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
    output:
        png=report(
            "<results>/figures/forget_retain_{task}.png",
            caption="../../report/forget_retain.rst",
            category="{task}",
            labels={"result": "forget against retain"},
        ),
        csv="<results>/figures/forget_retain_{task}.csv",
    log:
        "<logs>/forget_retain/{task}.log",
    benchmark:
        "<benchmarks>/forget_retain/{task}.tsv"
    params:
        job=plan.job("lethe.benchmarks.icare.figures.forget_retain:write"),
        methods=plan.models.methods,
        tuning=plan.data.tuning_emitters,
    message:
        "Forgetting against retention on {wildcards.task}"


use rule job as visual_grid with:
    """What the base and every unlearned model draw, for one emitter and a choice of receivers."""
    input:
        unpack(plan.models.shards_of_emitter),
        pairs="<results>/pairs_{task}.parquet",
        similarity=f"<results>/similarity_{plan.settings.similarity.kinds[0]}_{{task}}.json",
        metadata="<results>/metadata_{task}_2_enriched_filtered.json",
    output:
        png=report(
            "<results>/figures/visual_grid_{task}_{index}.png",
            caption="../../report/visual_grid.rst",
            category="{task}",
            labels={"result": "pictures of emitter {index}"},
        ),
        csv="<results>/figures/visual_grid_{task}_{index}.csv",
    log:
        "<logs>/visual_grid/{task}_{index}.log",
    benchmark:
        "<benchmarks>/visual_grid/{task}_{index}.tsv"
    params:
        job=plan.job("lethe.benchmarks.icare.figures.visual_grid:write"),
        models=plan.models.of_emitter,
        seed=plan.first_seed,
        metric="clip_diff",
    message:
        "Pictures of emitter {wildcards.index} of {wildcards.task}"


use rule job as template with:
    """Any result of any template, by its parameters: see docs/results.md for what can be asked for."""
    input:
        unpack(plan.figures.inputs),
    output:
        png=report(
            "<results>/figures/{template}/{parameters}.png",
            caption="../../report/template.rst",
            category="results",
            subcategory="{template}",
            labels={"result": "{parameters}"},
        ),
        pdf="<results>/figures/{template}/{parameters}.pdf",
        json="<results>/figures/{template}/{parameters}.json",
    log:
        "<logs>/template/{template}/{parameters}.log",
    benchmark:
        "<benchmarks>/template/{template}/{parameters}.tsv"
    wildcard_constraints:
        template=one_of(TEMPLATES),
        parameters="[A-Za-z0-9_.~=+-]+",
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        job=plan.job("lethe.benchmarks.icare.jobs.template:make_result"),
        models=plan.figures.models_of,
        values=plan.figures.parameters,
        inference=plan.inference,
        balance={name: list(task.balance) for name, task in plan.settings.entity_tasks.items()},
    message:
        "{wildcards.template} {wildcards.parameters}"


use rule job as claims with:
    """What is claimed, against finished tables and benchmarks: one row each, those that do not hold too."""
    input:
        tables=plan.claims.tables,
        study_gates=plan.claims.gates,
        measured=plan.claims.measured,
    output:
        claims=report(
            "<results>/tables/claims.csv",
            caption="../../report/claims.rst",
            category="claims",
            labels={"result": "claims"},
        ),
    log:
        "<logs>/claims.log",
    benchmark:
        "<benchmarks>/claims.tsv"
    params:
        job=plan.job("lethe.tools.jobs.claims:compare"),
        tasks=plan.entity_tasks,
        studies=plan.claims.studies,
        benchmarks=plan.claims.benchmarks,
    message:
        "Claims"
