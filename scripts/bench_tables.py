"""Every table of the paper's size, on synthetic pairs."""

from lethe.runtime import start_job

from lethe.interference.bench_tables import measure
from lethe.interference.resampling import Inference
from lethe.io.tables import write_json

start_job(snakemake, "bench: tables", torch=False)
inference = Inference(**snakemake.params.inference)
measured = measure(inference)
value = round(sum(measured.seconds.values()), 1)
result = {
    "value": value,
    "target": 60,
    "holds": value <= 60,
    "how": f"seconds for 3 tasks x 3 methods x 100 entities, {measured.pairs} rows of pairs to {measured.results} rows of results, "
    f"{inference.permutations} permutations and {inference.bootstrap} bootstrap draws of entities per test",
    "measured": measured.seconds,
}
write_json(snakemake.output.json, result)
