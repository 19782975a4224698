"""What the rules share: `use rule job as NAME with` gives a rule the one environment and the script that calls its function."""


rule job:
    """No target: the form of all rules. A job that asks for no other resources is small."""
    log:
        "<logs>/job.log",
    conda:
        "../../envs/lethe.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    script:
        "../../scripts/job.py"
