"""UCE for 100 entities at the size of Stable Diffusion v1.4."""

from lethe.runtime import start_job

from lethe.io.tables import write_json
from lethe.unlearners.bench_uce import bench_uce

start_job(snakemake, "bench: UCE")
measured = bench_uce()
target = {"speed_up": 100, "megabytes": 1.0, "relative_error": 1e-4}
value = {
    "speed_up": measured["speed_up"],
    "megabytes": measured["bytes_on_disk"] / 1e6,
    "relative_error": measured["max_relative_error"],
}
result = {
    "value": value,
    "target": target,
    "holds": value["speed_up"] >= 100 and value["megabytes"] <= 1 and value["relative_error"] <= 1e-4,
    "how": "100 entities, one concept vector each, 32 random matrices of SD v1.4's sizes; dense edits per layer as the reference; "
    + measured["reference_note"],
    "measured": measured,
}
write_json(snakemake.output.json, result)
