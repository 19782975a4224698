"""Print what a plan knows of its rules as JSON; run in a clone: ``python walk_rules.py CONFIGFILE ...``.

{rule: {"constraints": {wildcard: pattern}, "unconstrained": [...], "outputs": [...], "given": {"input": [name, ...], "output", "params",
"wildcards"}, "function": "module:name" or null}}; constraints as the rule has them, else those of all.
"""

import json
import sys
from pathlib import Path
from typing import Any

from snakemake.api import SnakemakeApi
from snakemake.io import is_flagged
from snakemake.iocontainers import Wildcards
from snakemake.settings.types import ConfigSettings, OutputSettings, Quietness, ResourceSettings

from lethe.settings.errors import SettingsError


def example(plan: Any) -> Wildcards:
    """Values that wildcards may have, for functions of a rule that are asked before there are jobs."""
    values = {name: known[0] for name, known in plan.known.items() if known}
    model = plan.models.of(plan.tasks[0])[0]
    values |= {"method": model.method, "index": f"{model.index:03d}", "epochs": f"{model.epochs:03d}"}
    values |= {"template": "SM", "parameters": f"task={model.task}--similarity={plan.settings.similarity.kinds[0]}"}
    return Wildcards(fromdict=values)


def some(wildcards: Wildcards, rule: Any) -> Wildcards:
    """Those of a rule."""
    return Wildcards(fromdict={name: value for name, value in wildcards.items() if name in rule.wildcard_names})


def asked(function: Any, wildcards: Wildcards) -> dict[str, Any]:
    """What an input function gives; nothing where this world cannot make what the wildcards say."""
    try:
        return dict(function(wildcards))
    except SettingsError:
        return {}


def names(rule: Any, wildcards: Wildcards) -> dict[str, list[str]]:
    """What a rule gives to its function."""
    unpacked = [item._file.callable for item in rule.input if is_flagged(item, "unpack")]
    return {
        "input": [*rule.input.keys(), *(name for function in unpacked for name in asked(function, wildcards))],
        "output": list(rule.output.keys()),
        "params": list(rule.params.keys()),
        "wildcards": list(rule.wildcard_names),
    }


with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
    settings = ConfigSettings(configfiles=[Path(name) for name in sys.argv[1:]])
    api_of_workflow = api.workflow(
        resource_settings=ResourceSettings(cores=1), config_settings=settings, snakefile=Path("Snakefile")
    )
    workflow = api_of_workflow._workflow
    of_all = workflow.wildcard_constraints
    values = example(workflow.globals["plan"])
    found = {}
    for rule in workflow.rules:
        constraints = {**of_all, **rule.wildcard_constraints}
        wildcards = some(values, rule)
        given = names(rule, wildcards)
        found[rule.name] = {
            "constraints": {name: constraints[name] for name in rule.wildcard_names if name in constraints},
            "unconstrained": [name for name in rule.wildcard_names if name not in constraints],
            "outputs": [str(output) for output in rule.output],
            "given": given,
            "function": rule.params.job(wildcards).partition("@")[0] if "job" in given["params"] else None,
        }
print(json.dumps(found))
