"""Claims of papers against what was found.

In: finished tables, gates and benchmarks of speed.
Out: tables/claims.csv.
"""


use rule job as claims with:
    """What is claimed, against finished tables and benchmarks: one row each, those that do not hold too."""
    input:
        tables=plan.claims.tables,
        study_gates=plan.claims.gates,
        measured=plan.claims.measured,
    output:
        claims="<results>/tables/claims.csv",
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
