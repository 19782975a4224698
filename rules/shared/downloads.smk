"""Files of the paper world's data sets.

In: config/downloads.yaml (address, format, checksum, licence of every file); data/, where files lie that were got by hand.
Out: resources/downloads/{file}, checked; resources/unpacked/{file}/ for archives. Shared by all worlds; nothing of the mini world.
`inputs` asks for all of it, and for models. What needs a network is a local rule: it runs on the login node of a cluster.
"""


use rule job as download with:
    """One file, resumed and checked; without a published checksum a receipt beside it keeps what the first download was."""
    output:
        path="resources/downloads/{file}",
    log:
        "<logs>/download/{file}.log",
    benchmark:
        "<benchmarks>/download/{file}.tsv"
    wildcard_constraints:
        file=one_of(sorted(set(plan.data.downloads) - plan.data.by_hand)),
    retries: 3
    resources:
        mem_mb=500,
        runtime=720,
    params:
        job=plan.job("lethe.io.download:download"),
        remote=plan.data.download,
    message:
        "Download {wildcards.file}"


use rule job as put_by_hand with:
    """A file that was put into data/, checked as a download is; it says how to get it if it is not there."""
    input:
        untimed(plan.data.put(asked.dry_run), ancient),
    output:
        path="resources/downloads/{file}",
    log:
        "<logs>/put_by_hand/{file}.log",
    benchmark:
        "<benchmarks>/put_by_hand/{file}.tsv"
    wildcard_constraints:
        file=one_of(sorted(plan.data.by_hand)),
    resources:
        mem_mb=500,
        runtime=60,
    params:
        job=plan.job("lethe.io.download:put_by_hand"),
        outside=identities(plan.data.in_data),
        remote=plan.data.download,
        source="data/{file}",
        advice=plan.data.how_to_get,
    message:
        "Take {wildcards.file} from data/"


use rule job as unpack with:
    """An archive as a folder; a single top folder is left out."""
    input:
        archive="resources/downloads/{file}",
    output:
        folder=directory("resources/unpacked/{file}"),
    log:
        "<logs>/unpack/{file}.log",
    benchmark:
        "<benchmarks>/unpack/{file}.tsv"
    wildcard_constraints:
        file=one_of(plan.data.archives),
    resources:
        mem_mb=500,
        runtime=120,
    params:
        job=plan.job("lethe.io.unpack:unpack"),
    message:
        "Unpack {wildcards.file}"


use rule job as inputs with:
    """Before a run: fetch what can be fetched, check what is put in place by hand, and print a table of both; status 1 if something is missing."""
    input:
        files=plan.inputs.targets,
    log:
        "<logs>/inputs.log",
    resources:
        mem_mb=500,
        runtime=10,
    params:
        job=plan.job("lethe.planning.inputs:tell"),
        needs=plan.inputs.plain,
    message:
        "What this world needs from outside"
