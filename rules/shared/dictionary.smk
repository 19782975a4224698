"""What every column of a world's tables means.

In: the tables and gates of the target that was asked for, `all` or `demo`.
Out: tables/README.md, tables/datapackage.json. Both describe whatever tables lie in the folder when they are written.
"""


localrules:
    table_dictionary,


use rule job as table_dictionary with:
    """What is in every table: for readers, and as a Data Package (Frictionless) for machines."""
    input:
        tables=asked.tables,
    output:
        readme_file="<results>/tables/README.md",
        package_file="<results>/tables/datapackage.json",
    log:
        "<logs>/table_dictionary/all.log",
    benchmark:
        "<benchmarks>/table_dictionary/all.tsv"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        job=plan.job("lethe.dictionary.jobs.describe:describe"),
        world=plan.settings.world,
        methods=plan.models.runnable,
        unlearners=plan.studies.unlearners,
    message:
        "What the tables say"
