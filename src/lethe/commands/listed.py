"""Every command by name, in the order and groups in which ``lethe --help`` shows them."""

from __future__ import annotations

from typing import NamedTuple

DECIDES_NO_RESULT = "names the commands of the shell"


class Command(NamedTuple):
    """A command.

    Attributes:
        group: heading that it stands under. module: with ``DESCRIPTION``, ``add_arguments`` and ``run``. summary: half a line.
    """

    group: str
    module: str
    summary: str


OWN, BEFORE, RUN, PUBLISHED, CODE = "Your own models", "Before a run", "Results", "Files of others", "Development"
COMMANDS = {
    "audit": Command(OWN, "lethe.audit.command", "one page: what a model loses beside a concept that it forgets"),
    "score": Command(OWN, "lethe.commands.score", "compare two folders of pictures"),
    "convert": Command(OWN, "lethe.commands.convert", "write a CompVis file as a pipeline folder, or the other way round"),
    "inputs": Command(BEFORE, "lethe.commands.inputs", "what a world needs from outside: have, fetched, missing"),
    "cost": Command(BEFORE, "lethe.commands.cost", "jobs, GPU hours, disk and wall time of a world, with the arithmetic"),
    "claims": Command(RUN, "lethe.commands.claims", "what is claimed, and what finished tables say of it"),
    "deviations": Command(RUN, "lethe.commands.deviations", "how results deviate from the published code's"),
    "why": Command(RUN, "lethe.commands.why", "say why a product would be made again"),
    "verify": Command(RUN, "lethe.commands.verify", "hold finished files against the hashes that their jobs wrote"),
    "memory": Command(RUN, "lethe.commands.memory", "memory that jobs used, beside what they asked for"),
    "cpu": Command(RUN, "lethe.commands.cpu", "how much of a run's CPU time was computation"),
    "census": Command(PUBLISHED, "lethe.commands.census", "what a corpus in the layout of Vision Unlearning has and lacks"),
    "canvas-results": Command(PUBLISHED, "lethe.commands.canvas_results", "UA, IRA and CRA of result files of UnlearnCanvas"),
    "new": Command(CODE, "lethe.commands.new", "write the files of a new method, metric, source, task or figure"),
    "config": Command(CODE, "lethe.commands.config", "write config/config.yaml and its schema from the settings"),
    "bench": Command(CODE, "lethe.commands.bench", "print what `make bench` measured"),
}


def overview() -> str:
    """Every command on one screen."""
    width = max(map(len, COMMANDS))
    lines = ["usage: lethe COMMAND ...    (lethe COMMAND --help says more)", ""]
    lines += ["What does a vision model lose besides the thing it was told to forget?"]
    for group in dict.fromkeys(command.group for command in COMMANDS.values()):
        lines += ["", group]
        lines += [f"  {name:{width}}  {command.summary}" for name, command in COMMANDS.items() if command.group == group]
    return "\n".join(lines)
