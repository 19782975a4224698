"""Print what a plan knows of its rules as JSON; run in a clone: ``python walk_rules.py CONFIGFILE ...``.

{rule: {"constraints": {wildcard: pattern}, "unconstrained": [...], "outputs": [...]}}; constraints as the rule has them, else those of all.
"""

import json
import sys
from pathlib import Path

from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, OutputSettings, Quietness, ResourceSettings

with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
    settings = ConfigSettings(configfiles=[Path(name) for name in sys.argv[1:]])
    plan = api.workflow(resource_settings=ResourceSettings(cores=1), config_settings=settings, snakefile=Path("Snakefile"))
    workflow = plan._workflow
    of_all = workflow.wildcard_constraints
    found = {}
    for rule in workflow.rules:
        constraints = {**of_all, **rule.wildcard_constraints}
        found[rule.name] = {
            "constraints": {name: constraints[name] for name in rule.wildcard_names if name in constraints},
            "unconstrained": [name for name in rule.wildcard_names if name not in constraints],
            "outputs": [str(output) for output in rule.output],
        }
print(json.dumps(found))
