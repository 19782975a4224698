"""The page of questions: each has its answer, and the command renews it."""

from __future__ import annotations

from pathlib import Path

from lethe.dictionary.blocks import BLOCK, answers, renewed

PAGE = Path(__file__).parents[3] / "docs/read-the-tables.md"


def test_every_question_has_few_lines_and_an_answer() -> None:
    text = PAGE.read_text()
    blocks = [block for block in BLOCK.finditer(text) if block["printed"] is not None]
    assert text.count("?\n") == len(blocks) == len(answers(text)) == 6
    assert all(block["code"].count("\n") <= 5 and block["printed"].strip() for block in blocks)


def test_blocks_share_their_names_and_an_old_answer_is_replaced() -> None:
    page = "```python\nx = 2\n```\n\nText.\n\n```python\nprint(x)\n```\n\n```text\nold\n```\n"
    assert renewed(page) == page.replace("old", "2")
