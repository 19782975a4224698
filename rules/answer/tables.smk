"""Tables that are read in a browser.

In: finished tables, tables/{readable}_{subject}.csv.
Out: the same as pages, which sort and filter, for the report and the answer.
"""


use rule job as table_page with:
    """A table as a page: an interval beside its value, sorted by a click, filtered by a word."""
    input:
        table="<results>/tables/{readable}_{subject}.csv",
        code=ancient(plan.answer.static),
    output:
        page=report(
            "<results>/tables/{readable}_{subject}.html",
            caption="../../report/table.rst",
            category=plan.pages.chapter,
            labels=plan.pages.labels,
        ),
    log:
        "<logs>/table_page/{readable}_{subject}.log",
    benchmark:
        "<benchmarks>/table_page/{readable}_{subject}.tsv"
    wildcard_constraints:
        readable=one_of(plan.pages.kinds),
        subject=one_of(plan.pages.subjects),
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        job=plan.job("lethe.answer.jobs.table:show"),
        outside=identities(plan.answer.static),
    message:
        "Page of the table {wildcards.readable} of {wildcards.subject}"


use rule job as claims_page with:
    """The table of claims as a page."""
    input:
        table="<results>/tables/claims.csv",
        code=ancient(plan.answer.static),
    output:
        page=report(
            "<results>/tables/claims.html",
            caption="../../report/claims.rst",
            category=chapters.OTHERS,
            labels={"result": "table: claims", "task": "all"},
        ),
    log:
        "<logs>/claims_page.log",
    benchmark:
        "<benchmarks>/claims_page.tsv"
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        job=plan.job("lethe.answer.jobs.table:show"),
        outside=identities(plan.answer.static),
        readable="claims",
        subject="all tasks",
    message:
        "Page of the claims"
