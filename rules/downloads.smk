"""Files of the paper world's data sets.

In: config/downloads.yaml (address, format, checksum, licence of every file), and data/ for what was put there by hand.
Out: resources/downloads/{file}, checked; resources/unpacked/{file}/ for archives. Shared by all worlds; nothing of the mini world.
"""


rule download:
    """One file, resumed and checked; without a published checksum a receipt beside it keeps what the first download was."""
    input:
        by_hand=put_by_hand,
    output:
        file="resources/downloads/{file}",
    log:
        "<logs>/download/{file}.log",
    benchmark:
        "<benchmarks>/download/{file}.tsv"
    wildcard_constraints:
        file=one_of(map(re.escape, DOWNLOADS)),
    retries: 3
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=720,
    params:
        code=fingerprint("lethe.io.download"),
        remote=download_settings,
        place="data/{file}",
    message:
        "Download {wildcards.file}"
    script:
        "../scripts/download.py"


rule unpack:
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
        file=one_of(map(re.escape, archives())),
    conda:
        "../envs/lethe.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=120,
    params:
        code=fingerprint("lethe.io.unpack"),
    message:
        "Unpack {wildcards.file}"
    script:
        "../scripts/unpack.py"
