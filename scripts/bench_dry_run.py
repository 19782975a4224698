"""Time a dry run of the whole paper and count its jobs."""

from lethe.runtime import start_job

import re
import subprocess
import sys
import time

from lethe.io.tables import write_json

SECONDS, JOBS = 20, 5000

start_job(snakemake, "bench: dry run", torch=False)
command = [sys.executable, "-m", "snakemake", "-n", "--quiet", "rules", "all", "--nolock", "--configfile", snakemake.input.config]
begin = time.monotonic()
done = subprocess.run(command, capture_output=True, text=True, check=False)
seconds = time.monotonic() - begin
total = re.search(r"^total\s+(\d+)", done.stdout + done.stderr, re.MULTILINE)
if done.returncode or total is None:
    raise RuntimeError(f"the dry run failed (exit {done.returncode}): {(done.stderr or done.stdout)[-1000:]}")
jobs = int(total[1])
result = {
    "value": {"seconds": round(seconds, 2), "jobs": jobs},
    "target": {"seconds": SECONDS, "jobs": JOBS},
    "holds": seconds <= SECONDS and jobs <= JOBS,
    "how": "wall time and jobs of `snakemake -n all --configfile config/paper.yaml`, one run",
}
write_json(snakemake.output.json, result)
