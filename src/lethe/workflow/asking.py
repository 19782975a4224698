"""What only Snakemake knows: its rules, the targets that were asked for, the variables that a job may read.

The Snakefile hands its ``workflow`` to these functions; everything that can be decided from plain data is in the other modules.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from snakemake.cli import get_argument_parser
from snakemake.io import strip_wildcard_constraints

from lethe.diffusion.plan.models import interference_file
from lethe.planning.targets import Step, unknown_target
from lethe.planning.wildcards import Wildcards
from lethe.workflow.plan import Plan
from lethe.workflow.record import asked_target, codes
from lethe.workflow.start import RunError


def steps_of(workflow: Any) -> list[Step]:
    """Every rule as plain data."""
    return [
        Step(rule.name, frozenset(rule.wildcard_names), tuple(map(strip_wildcard_constraints, rule.output)), rule.params)
        for rule in workflow.rules
    ]


def refuse_unknown_words(workflow: Any, plan: Plan, words: Sequence[str]) -> None:
    """Stop a command of Snakemake where a target is neither a rule nor a file that is there or that a rule makes; the message holds the nearest one.

    Snakemake says nothing of its targets while it reads the Snakefile, so they are read from the command line, by its own parser where a
    word on it is not known here. A run that another program starts is left alone.

    Args:
        words: of the command line, the program first.

    Raises:
        RunError: an unknown target.
    """
    given = [word for word in words[1:] if not word.startswith("-")]
    if "snakemake" not in words[0] or all(_can_be_asked_for(workflow, word) for word in given):
        return
    refuse_unknown_targets(workflow, plan, get_argument_parser().parse_known_args(list(words[1:]))[0].targets)


def refuse_unknown_targets(workflow: Any, plan: Plan, targets: Iterable[str]) -> None:
    """Stop where a target is neither a rule nor a file that is there or that a rule makes.

    Raises:
        RunError: an unknown target; the message holds the nearest one.
    """
    for target in targets:
        if not _can_be_asked_for(workflow, target):
            raise RunError(unknown_target(target, steps_of(workflow), plan.known, plan.other_files))


def _can_be_asked_for(workflow: Any, target: str) -> bool:
    file = target if os.path.isabs(target) else os.path.relpath(target)
    return os.path.exists(file) or any(target == rule.name or rule.is_producer(file) for rule in workflow.rules)


class Asked:
    """What rules ask of Snakemake when their jobs are planned."""

    def __init__(self, workflow: Any, plan: Plan) -> None:
        self._workflow = workflow
        self._plan = plan

    def dry_run(self) -> bool:
        """Whether this is a plan only; not known while the Snakefile is read."""
        return bool(self._workflow.dryrun)

    def target(self, wildcards: Wildcards) -> str:
        """Which of the two targets with a record was asked for. Only local rules may ask: a job on a cluster knows its own target only."""
        return asked_target(self._workflow.dag_settings.targets)

    def products(self, wildcards: Wildcards) -> list[str]:
        """The products of that target."""
        inputs = self._workflow.get_rule(self.target(wildcards)).input
        return [str(file) for file in inputs if file not in inputs.record]

    def tables(self, wildcards: Wildcards) -> list[str]:
        """Of the products, those after which every table of the target is there: tables and gates."""
        return [file for file in self.products(wildcards) if self._plan.dictionary.waits_for(file)]

    def awaited(self, wildcards: Wildcards) -> list[str]:
        """Of the products, one of each batch: where it is made, the others are. Every input costs Snakemake time, and models are many."""
        plan = self._plan
        interference = [interference_file(model) for task in plan.entity_tasks for model in plan.models.made_with_another(task)]
        results = f"results/{plan.settings.world}"
        others = {file.replace("<results>", results) for file in [*interference, *plan.data.split_lists(plan.tasks, first=False)]}
        return [file for file in self.products(wildcards) if file not in others]

    def codes(self, wildcards: Wildcards) -> dict[str, str | dict[str, str]]:
        """Name of each rule -> hash of its code, asked when all rules are known."""
        return codes(steps_of(self._workflow), self._plan.known)

    def with_token(self, name: str, file: str, check: Callable[[], None] | None = None) -> Callable[[Wildcards], str]:
        """An input function: ``file``, and that its job needs the environment variable ``name``.

        This is the `envvars:` directive, at the moment when a job that needs the token is planned: at the top of a file it would stop every
        other target where there is no token.

        Args:
            check: raises where the configuration says too little for such a job.
        """

        def needed(wildcards: Wildcards) -> str:
            if check is not None:
                check()
            self._workflow.register_envvars(name)
            return file

        return needed
