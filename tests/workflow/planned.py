"""What a plan would run in a finished world, and why."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence

from tests.started import run_python
from tests.workflow.conftest import SMOKE, Clone

RECORDS = {"provenance", "ro_crate"}  # of everything, so also of all code
ASK = """
import json, sys
from lethe.workflow.why import why
found = why(json.loads(sys.argv[2]), json.loads(sys.argv[1]), [])
print(json.dumps([{"rule": stale.rule, "output": stale.output, "changed": stale.changed, "causes": stale.causes} for stale in found]))
"""


class Plan:
    """What would run: rules with a job of which something of its own changed, all rules, the first output of each job, and every cause."""

    def __init__(self, clone: Clone, *targets: str, config: str | Sequence[str] = SMOKE) -> None:
        files = [config] if isinstance(config, str) else list(config)
        words = ["-c", ASK, json.dumps(files), json.dumps(list(targets) or ["all"])]
        done = run_python(words, clone.folder, clone.environment(), apart=True)
        assert done.returncode == 0, done.stderr[-3000:]
        jobs = json.loads(done.stdout)
        self.changed = Counter(common(job["rule"]) for job in jobs if job["changed"])
        self.rules = {common(job["rule"]) for job in jobs}
        self.outputs = [job["output"] for job in jobs]
        own = [job for job in jobs if job["changed"] and job["rule"] not in RECORDS]
        self.causes = {cause for job in own for cause in job["causes"] if not cause.endswith("made again first")}


def common(rule: str) -> str:
    """Of a rule for several batches the common name."""
    return re.sub(r"_\d+$", "", rule)
