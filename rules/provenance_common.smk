"""Functions only, no rules: what the record of a run is made from."""

from itertools import product
from types import SimpleNamespace

from lethe.archive.provenance import full_config


def record_files():
    """What describes a run as a whole, beside its products."""
    return expand("<results>/{name}", name=["run_config.yaml", "provenance/run.json", "ro-crate-metadata.json"])


def asked_target(wildcards):
    """Which of the two targets with a record was asked for; `all`, unless it is `demo` alone."""
    asked = workflow.dag_settings.targets  # only local rules may call this: a job on a cluster knows its own target only
    return "demo" if "demo" in asked and "all" not in asked else "all"


def finished_products(wildcards):
    """The products of the target that was asked for."""
    target = rules.demo if asked_target(wildcards) == "demo" else rules.all
    return [file for file in target.input if file not in target.input.record]


def workflow_files():
    """The Snakefile and what it includes."""
    return [plan.root / "Snakefile", *sorted((plan.root / "rules").glob("*.smk"))]


def configuration():
    """The whole configuration, with every default."""
    return full_config(config, plan.settings.model_dump(mode="json"))


def code_of_rules(wildcards):
    """Name of each step -> fingerprint of its code; where it depends on wildcards (a method, a source), their values -> fingerprint."""
    known = {
        "task": plan.tasks,
        "method": plan.models.methods,
        "evaluator": list(plan.settings.evaluators),
        "dataset": list(plan.settings.deepunlearn.datasets),
        "architecture": sorted({architecture for _, architecture in STUDIES}),
        "template": list(TEMPLATES),
        "unlearner": sorted({name for data in plan.settings.deepunlearn.datasets.values() for name in data.methods}),
    }
    codes = {}
    for step in workflow.rules:
        code = dict(step.params.items()).get("code")
        if callable(code):
            names = [name for name in known if name in step.wildcard_names]
            choices = product(*[known[name] for name in names])
            code = {"/".join(choice): code(SimpleNamespace(**dict(zip(names, choice)))) for choice in choices}
        if code:
            codes[step.name] = code
    return codes
