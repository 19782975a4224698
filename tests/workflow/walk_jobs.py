"""Print every job of a plan as JSON; run in a clone: ``python walk_jobs.py CONFIGFILE TARGET ...``.

[{"rule", "function", "parts": [parts of its code], "outside": {input: whether its time counts}, "followed": [paths in params.outside]}];
``function`` is that of the package which the rule names.
"""

import json
import sys
from pathlib import Path

from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, Quietness, ResourceSettings

from lethe.execution.code import kept_parts
from lethe.planning.outside import is_outside

with SnakemakeApi(OutputSettings(dryrun=True, quiet={Quietness.ALL})) as api:
    settings = ConfigSettings(configfiles=[Path(sys.argv[1])])
    plan = api.workflow(resource_settings=ResourceSettings(cores=1), config_settings=settings, snakefile=Path("Snakefile"))
    plan.dag(DAGSettings(targets=set(sys.argv[2:]), forceall=True)).execute_workflow(executor="dryrun")
    jobs = []
    for job in plan._workflow.dag.jobs:
        if not job.output:
            continue
        params = dict(job.params.items())
        function, _, code = params["job"].partition("@")
        jobs.append(
            {
                "rule": job.rule.name,
                "function": function,
                "parts": sorted(kept_parts(code) or []),
                "outside": {str(file): "ancient" not in file.flags for file in job.input if is_outside(file)},
                "followed": sorted(params.get("outside", {})),
            }
        )
print(json.dumps(jobs))
