"""Measured claims about speed and sameness, as ratios within one run. Outside `all`: `make bench`.

In: a base, its baseline shard, evaluators. Out: results/bench/{name}.json with value, target, holds and how it was measured.
"""


rule bench:
    """Every benchmark."""
    input:
        expand("results/bench/{name}.json", name=["batch_invariance", "dry_run", "uce", "scoring"]),
