"""Take one picture out of a shard."""

from lethe.runtime import start_job

from lethe.io.shards import ShardReader

start_job(snakemake, f"image {snakemake.output.png}", torch=False)
member = f"{snakemake.wildcards.receiver}_{snakemake.wildcards.seed}.png"
ShardReader(snakemake.input.tar, snakemake.input.index).extract(member, snakemake.output.png)
