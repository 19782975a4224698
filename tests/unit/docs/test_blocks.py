"""What a reader copies from a page is read by the programs that it is meant for; plans of Snakemake are tests of the workflow."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
from typing import Any

import pytest
import yaml
from snakemake.utils import update_config
from tests.doc_blocks import NOT_CHECKED, ROOT, Block, Command, blocks, commands, expanded, is_command, reason

from lethe.__main__ import main
from lethe.workflow.configuration import load_configuration

BLOCKS = blocks()
COMMANDS = [command for block in BLOCKS if is_command(block) for command in commands(block)]
NO_OVERLAYS = {
    "pretraining: ...": "says `as above`",
    "start: tuned": "goes on where the block before ends",
    "{path: /data/pets}": "a task alone; a world with it needs judges of its own",
}
"""A text of a block of YAML that is no overlay by itself -> why."""
NEEDED = {
    "corpus/models/": "config/paper.yaml",
    "/scratch/lfw": "config/paper.yaml",
    "data/vit_large": "config/canvas_paper.yaml",
}
"""A text of a block -> the configuration for which it is written; others are for the default."""


def of(language: str) -> list[Block]:
    return [block for block in BLOCKS if block.language == language]


def test_every_block_is_looked_at_by_a_test() -> None:
    known = ("yaml", "python", "json")
    left = [
        str(block)
        for block in BLOCKS
        if block.language not in known and not is_command(block) and not is_setting(block) and not reason(block.text.lstrip())
    ]
    assert not left, f"no test looks at these blocks, and NOT_CHECKED does not say why: {left}"
    lines = [line.strip() for block in BLOCKS for line in block.text.splitlines()]
    unused = [begins for begins in NOT_CHECKED if not any(line.startswith(begins) for line in lines)]
    assert not unused, f"no page has these any more: {unused}"


def is_setting(block: Block) -> bool:
    """A block without a language that is YAML of one line."""
    return not block.language and not is_command(block) and re.match(r"\w+: [{\[]", block.text) is not None


def said_of(block: Block, said: dict[str, str]) -> str:
    return next((words for text, words in said.items() if text in block.text), "")


@pytest.mark.parametrize("block", [*of("yaml"), *filter(is_setting, BLOCKS)], ids=str)
def test_yaml_is_an_overlay(block: Block) -> None:
    if why := said_of(block, NO_OVERLAYS):
        assert yaml.safe_load(block.text), why
        return
    config: dict[str, Any] = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    if needed := said_of(block, NEEDED):
        update_config(config, yaml.safe_load((ROOT / needed).read_text()))
    update_config(config, yaml.safe_load(block.text))
    load_configuration(config)


@pytest.mark.parametrize("block", of("json"), ids=str)
def test_json_is_read(block: Block) -> None:
    assert json.loads(block.text)


@pytest.mark.parametrize("block", of("python"), ids=str)
def test_python_imports_what_there_is(block: Block) -> None:
    """It needs finished files; what it imports and calls is there."""
    for node in ast.walk(ast.parse(block.text)):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            module = importlib.import_module(node.module)
            assert all(hasattr(module, name.name) for name in node.names), node.module
        elif isinstance(node, ast.Import):
            assert all(importlib.util.find_spec(name.name) for name in node.names)


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.program == "make"], ids=str)
def test_make_knows_its_target(command: Command) -> None:
    assert re.search(rf"^{command.words[0]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.program == "lethe"], ids=str)
def test_lethe_knows_command_and_options(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    known_to_lethe(list(command.words), capsys)


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.program == "python"], ids=str)
def test_python_finds_its_module(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    option, what, *rest = command.words
    if option == "-c":
        ast.parse(what)
    elif what == "lethe":
        known_to_lethe(rest, capsys)
    else:
        assert option == "-m" and importlib.util.find_spec(what), f"no module {what}"


def known_to_lethe(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Its help has every option; an unknown command ends with status 2."""
    with pytest.raises(SystemExit) as ended:
        raise SystemExit(main([words[0], "--help"]))
    assert ended.value.code == 0, capsys.readouterr().err
    told = capsys.readouterr().out
    assert not [word for word in words if word.startswith("--") and word not in told]


def test_all_programs_have_a_test() -> None:
    others = {command.program for command in COMMANDS} - {"make", "lethe", "python", "snakemake", "pre-commit"}
    assert not others, "say in NOT_CHECKED why nothing looks at them"


def test_commands_are_read_as_a_shell_reads_them() -> None:
    block = Block("p", "sh", "a/b 'x y' \\\n  z  # no\ncp config/own.yaml my.yaml\nc -d 'one\ntwo'\n")
    assert [(found.program, found.words) for found in commands(block)] == [("b", ("x y", "z")), ("c", ("-d", "one\ntwo"))]
    assert expanded("a/{b,c}_{d,e}") == ["a/b_d", "a/b_e", "a/c_d", "a/c_e"] and expanded("x={a, b}") == ["x={a, b}"]
