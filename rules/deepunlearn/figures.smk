"""Figures of Deep Unlearn, each with its data beside it.

In: tables of studies.
Out: figures/deepunlearn_*.
"""

for figure in plan.studies.figures:

    rule:
        """A figure of a study from its tables, with the data it draws."""
        name:
            f"deepunlearn_{figure.name}"
        input:
            **figure.tables,
        output:
            png=report(
                f"<results>/figures/deepunlearn_{figure.name}_{{dataset}}_{{architecture}}.png",
                caption=f"../../report/deepunlearn_{figure.name}.rst",
                category="Deep Unlearn",
                labels={"result": f"{figure.label}, {{architecture}} on {{dataset}}"},
            ),
            csv=f"<results>/figures/deepunlearn_{figure.name}_{{dataset}}_{{architecture}}.csv",
        log:
            f"<logs>/deepunlearn_{figure.name}/{{dataset}}_{{architecture}}.log",
        benchmark:
            f"<benchmarks>/deepunlearn_{figure.name}/{{dataset}}_{{architecture}}.tsv"
        conda:
            "../../envs/lethe.yaml"
        resources:
            mem_mb=1000,
            runtime=10,
        params:
            job=plan.job(f"lethe.benchmarks.deepunlearn.figures.{figure.name}:write"),
        message:
            f"Figure of {figure.label}, {{wildcards.architecture}} on {{wildcards.dataset}}"
        script:
            "../../scripts/job.py"


use rule job as deepunlearn_ranking with:
    """Groups and mean ranks of every method."""
    input:
        groups=[f"<results>/tables/deepunlearn_groups_{study}.csv" for study in plan.studies.names],
        ranks=[f"<results>/tables/deepunlearn_ranks_{study}.csv" for study in plan.studies.names],
    output:
        png=report(
            "<results>/figures/deepunlearn_ranking.png",
            caption="../../report/deepunlearn_ranking.rst",
            category="Deep Unlearn",
            labels={"result": "ranking"},
        ),
        csv="<results>/figures/deepunlearn_ranking.csv",
    log:
        "<logs>/deepunlearn_ranking/ranking.log",
    benchmark:
        "<benchmarks>/deepunlearn_ranking/ranking.tsv"
    params:
        job=plan.job("lethe.benchmarks.deepunlearn.figures.ranking:write"),
    message:
        "Ranking of all methods"
