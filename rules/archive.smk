"""Published records, outside `all`: nothing here runs unless it is asked for.

In: a Zenodo record.
Out: its files below archive/, checked against Zenodo's checksums. Recomputing tables from them is the archive issue's work.
"""


rule fetch_record:
    """A published record with zenodo-get (no token), e.g. archive/18649818: the Vision Unlearning testbeds."""
    output:
        folder=directory("<results>/archive/{record}"),
    log:
        "<logs>/fetch_record/{record}.log",
    benchmark:
        "<benchmarks>/fetch_record/{record}.tsv"
    wildcard_constraints:
        record=r"\d+",
    retries: 3
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=600,
    params:
        code=fingerprint("lethe.archive.fetch"),
    message:
        "Zenodo record {wildcards.record}"
    script:
        "../scripts/fetch_record.py"
