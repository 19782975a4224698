"""Write the published interference file of each emitter."""

from lethe.runtime import start_job

from pathlib import Path

from lethe.interference.pairs import image_quantities, pair_means, write_pairs
from lethe.io.tables import read_parquet
from lethe.records import ModelId
from lethe.testbed.schema import read_metadata

start_job(snakemake, f"interference {' '.join(snakemake.wildcards)}", torch=False)
names = [record["name"] for record in read_metadata(snakemake.input.metadata)]
off = read_parquet(snakemake.input.off)
for scores, output in zip(snakemake.input.on, snakemake.output.files, strict=True):
    means = pair_means(image_quantities(off, read_parquet(scores), scores), len(names), scores)
    write_pairs(Path(output).parent, means, names, ModelId.parse(Path(scores).stem), snakemake.params.fidelity)
