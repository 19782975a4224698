"""Models that others made (docs/external-models.md): after these rules they are as those that are made here.

In: files of others, a base.
Out: models/{task}_{index}_{method}_{epochs}/delta.safetensors, the model as a delta on its base, and record.json; of folders of pictures
datasets/generated_{task}_{index}_{method}_{epochs}.tar and its index.
"""

for shape in plan.models.shapes("models", having=plan.externals.is_converted):

    rule:
        """A batch of models of others as deltas on the base, with their records."""
        name:
            shape.name("external_model")
        input:
            base=plan.bases.of_task,
            emitters="<results>/emitters_{task}.json",
            files=untimed(plan.external_files.examined(plan.models.in_batch(shape)), ancient),
        output:
            deltas=shape.each("<results>/models/{model}/delta.safetensors"),
            records=shape.each("<results>/models/{model}/record.json"),
        log:
            "<logs>/external_model/{task}_{batch}_{method}_{epochs}.log",
        benchmark:
            "<benchmarks>/external_model/{task}_{batch}_{method}_{epochs}.tsv"
        wildcard_constraints:
            task=shape.task,
        conda:
            "../../envs/lethe.yaml"
        resources:
            mem_mb=2 * plan.memory("generate"),
            runtime=60,
        params:
            job=plan.job("lethe.diffusion.jobs.external:convert"),
            outside=identities(plan.external_files.of_models(plan.models.in_batch(shape))),
            models=plan.models.in_batch(shape),
            external=plan.external_files.kind,
            scale=plan.external_files.scale,
            work=plan.work(shape.name("external_model")),
        message:
            "Models of others, {wildcards.method} on {wildcards.task}, batch {wildcards.batch}"
        script:
            "../../scripts/job.py"


for shape in plan.models.shapes("images", having=plan.externals.is_pictures):

    rule:
        """The pictures of a batch of models of others, as shards."""
        name:
            shape.name("external_images")
        input:
            receivers="<results>/receivers_{task}.json",
            folders=untimed(plan.external_files.examined(plan.models.in_batch(shape)), ancient),
        output:
            tars=shape.each("<results>/datasets/generated_{model}.tar"),
            indices=shape.each("<results>/datasets/generated_{model}.parquet"),
        log:
            "<logs>/external_images/{task}_{batch}_{method}_{epochs}.log",
        benchmark:
            "<benchmarks>/external_images/{task}_{batch}_{method}_{epochs}.tsv"
        wildcard_constraints:
            task=shape.task,
        conda:
            "../../envs/lethe.yaml"
        resources:
            mem_mb=2000,
            runtime=60,
        params:
            job=plan.job("lethe.diffusion.jobs.external_images:pack"),
            outside=identities(plan.external_files.of_models(plan.models.in_batch(shape))),
            models=plan.models.in_batch(shape),
            pattern=plan.external_files.pattern,
            generation=plan.generation,
            work=plan.work(shape.name("external_images")),
        message:
            "Pictures of others, {wildcards.method} on {wildcards.task}, batch {wildcards.batch}"
        script:
            "../../scripts/job.py"
