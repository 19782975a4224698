"""What people read is in short sentences, and what counts them finds long ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests import prose

LONG = "Word" + " word" * 40 + "."


def too_long(root: Path) -> list[str]:
    return [fault for fault in prose.faults(root) if ": 41 words, at most 40: " in fault]


def test_what_people_read_is_short() -> None:
    found = prose.faults()
    assert not found, "\n".join(found)


def test_the_readme_is_read_to_its_end() -> None:
    assert len((prose.ROOT / "README.md").read_text("utf-8").split()) <= 900, "words; what few need has a page in docs/"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("README.md", f"# Title\n\n{LONG}\n"),
        ("docs/deep/a.md", f"- an item\n\n  {LONG}\n"),
        ("docs/a.md", f"| a |\n| -- |\n| {LONG} |\n"),
        ("report/a.rst", f"On **{{{{ wildcards.task }}}}**. {LONG}\n"),
        ("notebooks/a.ipynb", json.dumps({"cells": [{"cell_type": "markdown", "source": [LONG]}]})),
        ("src/lethe/a.py", f'Field(description="Short. {LONG}")\n'),
        ("src/lethe/a.py", f'add_argument("x", help=f"{{CHOICES}}. {LONG}")\n'),
        ("rules/a.smk", f'rule a:\n    message:\n        "{LONG}"\n'),
    ],
)
def test_a_long_sentence_is_found(tmp_path: Path, name: str, text: str) -> None:
    page = tmp_path / name
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(text.replace(LONG, LONG.replace(" word", "", 1)))
    assert not too_long(tmp_path)
    page.write_text(text)
    (fault,) = too_long(tmp_path)
    assert fault.startswith(name)


def test_the_mean_counts_running_text_only(tmp_path: Path) -> None:
    sentence = " ".join(["word"] * 26) + "."
    (tmp_path / "a.md").write_text(f"{sentence}\n\n| a | b |\n| -- | -- |\n| c | d |\n")
    (fault,) = [fault for fault in prose.faults(tmp_path) if "mean" in fault]
    assert fault.startswith("a.md: 26.0 words")


def test_a_long_line_is_found_unless_it_cannot_be_broken(tmp_path: Path) -> None:
    line = "word " * 24 + "w"
    for text, faults in [
        (line, 1),
        (line.rstrip("w")[:-1], 0),
        (f"```\n{line}\n```", 0),
        (f"| {line} |\n| -- |\n| x |", 0),
        (f"---\nkey: {line}\n---\n\nText.", 0),
        (f"[a word](https://example.org/{'x' * 120})", 0),
    ]:
        (tmp_path / "a.md").write_text(text + "\n")
        assert len([fault for fault in prose.faults(tmp_path) if "characters" in fault]) == faults, text


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("One. Two? `three` is code! 4 is a number.", 4),
        ("No end, e.g. Here, i.e. There, vs. That, by A. Nother et al. 2024.", 1),
        ("A version 1.2.3 of x.y, and so on; and on: on.", 1),
        ("(In brackets.) Then more.", 2),
        ("It ends here. *harm* begins the next, a ... b.", 2),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, number: int) -> None:
    assert len(prose.sentences(text)) == number


def test_code_and_addresses_are_one_word() -> None:
    (sentence,) = prose.markdown("See `a b c d`, [the page](https://example.org/a/b) and ![a picture](x.png).\n", "a.md")
    assert sentence.words == 7
