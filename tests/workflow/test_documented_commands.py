"""Every command of Snakemake in README, CONTRIBUTING and docs/ has a plan: dry runs, one for all commands of the same configuration."""

from __future__ import annotations

from collections import defaultdict

import pytest
from tests.doc_blocks import Command, blocks, commands, is_command
from tests.started import run_snakemake
from tests.workflow.conftest import Clone

pytestmark = pytest.mark.workflow
NO_PLAN = {
    "my.yaml": "the reader's own file; what it may hold is validated in tests/unit/docs/test_blocks.py",
    "--profile": "the paper's plan with the profile is tests/workflow/test_plan.py",
    "record: 1234567": "a record that does not exist",
    "record: ./assets": "a corpus that the reader has fetched; tests/workflow/test_corpus.py writes one",
    "revision: COMMIT": "a commit that the reader fills in",
    "results/mini/archive/18649818": "a record that is fetched",
    "archive_index": "asks a repository",
    "confirm: zenodo.org": "needs a token",
    "publish": "needs a token",
    "tracker=": "needs a package that is not among the pins",
    "config/fashion_mnist.yaml": "a data set that is fetched",
    "config/canvas_paper.yaml": "data that are put there by hand; tests/workflow/test_canvas_paper.py plans it",
}
"""What a command that is not planned here holds -> why."""

Given = tuple[str, ...]


def configured(command: Command) -> tuple[Given, Given]:
    """What chooses the configuration of a command, and its targets."""
    options: list[str] = []
    targets: list[str] = []
    words = iter(command.words)
    takes = ""
    for word in words:
        if word.startswith("-"):
            takes = word if word in ("--configfile", "--config") else ""
            options += [word] if takes else []
            if word == "--quiet":
                next(words)
        elif takes:
            options.append(word)
        else:
            targets.append(word)
    return tuple(options), tuple(targets)


def planned_here() -> dict[Given, dict[str, None]]:
    """Configuration -> its targets, each once."""
    found: dict[Given, dict[str, None]] = defaultdict(dict)
    for command in (command for block in blocks() if is_command(block) for command in commands(block)):
        if command.program == "snakemake" and not any(text in " ".join(command.words) for text in NO_PLAN):
            options, targets = configured(command)
            found[options] |= dict.fromkeys(targets)
    return found


@pytest.mark.parametrize(("options", "targets"), planned_here().items(), ids=lambda value: " ".join(value)[:60] or "default")
def test_commands_have_a_plan(clone: Clone, options: Given, targets: dict[str, None]) -> None:
    words = ["-n", "-c2", "--quiet", "all", *options, "--", *targets]
    done = run_snakemake(words, clone.folder, clone.environment())
    assert done.returncode == 0, done.stdout[-3000:]


def test_reasons_are_needed() -> None:
    said = [" ".join(command.words) for block in blocks() if is_command(block) for command in commands(block)]
    assert not [text for text in NO_PLAN if not any(text in line for line in said)]
    assert len(planned_here()) > 5


def test_options_and_targets_are_told_apart() -> None:
    words = ("-c2", "a", "--quiet", "rules", "--configfile", "x.yaml", "y.yaml", "--", "b")
    assert configured(Command("p", "snakemake", words)) == (("--configfile", "x.yaml", "y.yaml"), ("a", "b"))
