"""Counts words and lines of what people read: ``python -m tests.prose`` names every sentence and line that is too long.

Read are pages of Markdown, captions of the report, notebooks' text, messages of rules, and the help of commands and settings. Parsers find the
prose (markdown-it, docutils, ast); what is counted is a sentence. A piece of code or an address counts as one word.
"""

from __future__ import annotations

import ast
import json
import re
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docutils.core
import docutils.nodes
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.front_matter import front_matter_plugin

ROOT = Path(__file__).parents[1]
MEAN_WORDS, MOST_WORDS, MOST_CHARACTERS = 25, 40, 120
PAGES = ("*.md", "docs/**/*.md", "config/**/*.md", "assets/**/*.md", ".github/**/*.md", "tests/data/*.md")
CODE = "`x`"
MARKDOWN = MarkdownIt("commonmark").enable("table").use(front_matter_plugin)
# A sentence ends at . ? or !, closing brackets and quotes included, but not after an abbreviation or three dots.
END = re.compile(r"""(?<=[.?!])[)"'”\]]*\s+""")
ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|vs|cf|al|eq|Fig|Dr|[A-Z])|\.\.)\.$")
TEMPLATE = re.compile(r"\{%.*?%\}", re.DOTALL)
VALUE = re.compile(r"\{\{.*?\}\}", re.DOTALL)


@dataclass(frozen=True)
class Sentence:
    """A sentence as it is read.

    Attributes:
        where: file and line, or cell.
        text: with code replaced by a single word.
        running: of a paragraph or a list, not of a cell of a table, a heading or a short help text.
    """

    where: str
    text: str
    running: bool = True

    @property
    def words(self) -> int:
        """Parts between blanks that hold a letter or a digit."""
        return sum(any(letter.isalnum() for letter in word) for word in self.text.split())


def sentences(text: str, where: str = "", running: bool = True) -> list[Sentence]:
    """Split a paragraph without markup.

    Example:
        >>> [sentence.text for sentence in sentences("It holds, e.g. A. Why? `x` says so.")]
        ['It holds, e.g. A.', 'Why?', '`x` says so.']
    """
    found: list[str] = []
    for part in END.split(" ".join(text.split())):
        if found and ABBREVIATION.search(found[-1]):
            found[-1] += " " + part
        elif part:
            found.append(part)
    return [Sentence(where, part, running) for part in found]


def markdown(text: str, where: str) -> Iterator[Sentence]:
    """The sentences of a page: paragraphs, items, cells of tables and headings."""
    holder = ""
    for token in MARKDOWN.parse(text):
        if token.type.endswith("_open"):
            holder = token.type
        if token.type == "inline":
            place = f"{where}:{token.map[0] + 1}" if token.map else where
            yield from sentences(plain(token), place, running=holder == "paragraph_open")


def plain(token: Token) -> str:
    """What is read of a line with markup: links by their text, pictures by their description, code as one word."""
    words = {"code_inline": CODE, "softbreak": " ", "hardbreak": " ", "html_inline": ""}
    return "".join(words.get(part.type, part.content) for part in token.children or [])


def long_lines(text: str, where: str) -> Iterator[str]:
    """Lines of a page that are too long; those of tables, code and front matter may be, and those that a link makes long."""
    exempt: set[int] = set()
    for token in MARKDOWN.parse(text):
        if token.map and token.type in ("table_open", "fence", "code_block", "front_matter", "html_block"):
            exempt.update(range(*token.map))
    for number, line in enumerate(text.splitlines()):
        # one word with its link cannot be broken
        if (
            len(line) > MOST_CHARACTERS
            and number not in exempt
            and " " in re.sub(r"\[[^\]]*\]\([^)]*\)|`[^`]*`", "x", line).strip()
        ):
            yield f"{where}:{number + 1}: {len(line)} characters, at most {MOST_CHARACTERS}"


def caption(text: str, where: str) -> Iterator[Sentence]:
    """The sentences of a caption of the report, which is a template of reStructuredText."""
    tree = docutils.core.publish_doctree(VALUE.sub("value", TEMPLATE.sub("", text)), settings_overrides={"report_level": 5})
    for paragraph in tree.findall(docutils.nodes.paragraph):
        for literal in list(paragraph.findall(docutils.nodes.literal)) + list(paragraph.findall(docutils.nodes.title_reference)):
            literal.parent.replace(literal, docutils.nodes.Text(CODE))
        yield from sentences(paragraph.astext(), where)


def notebook(text: str, where: str) -> Iterator[Sentence]:
    """The sentences of the text of a notebook."""
    for number, cell in enumerate(json.loads(text)["cells"]):
        if cell["cell_type"] == "markdown":
            for sentence in markdown("".join(cell["source"]), ""):
                yield Sentence(f"{where}, cell {number}{sentence.where}", sentence.text, sentence.running)


def helps(text: str, where: str) -> Iterator[Sentence]:
    """What commands and settings say of themselves: ``help=`` and ``description=``."""
    for node in ast.walk(ast.parse(text)):
        for keyword in node.keywords if isinstance(node, ast.Call) else []:
            if keyword.arg in ("help", "description"):
                said = "".join(
                    part.value
                    for part in ast.walk(keyword.value)
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                )
                yield from sentences(re.sub(r"`[^`]*`", CODE, said), f"{where}:{keyword.value.lineno}", running=False)


def messages(text: str, where: str) -> Iterator[Sentence]:
    """What rules say when a job starts."""
    for found in re.finditer(r'\n    message:\n        "(.*)"\n', text):
        yield from sentences(found[1], f"{where}:{text.count(chr(10), 0, found.start()) + 2}", running=False)


READERS = (
    (PAGES, markdown),
    (("report/*.rst",), caption),
    (("notebooks/*.ipynb",), notebook),
    (("src/lethe/**/*.py",), helps),
    (("Snakefile", "rules/**/*.smk"), messages),
)


def read(root: Path = ROOT) -> dict[str, list[Sentence]]:
    """File -> its sentences."""
    found = {}
    for patterns, reader in READERS:
        for file in sorted({file for pattern in patterns for file in root.glob(pattern)}):
            name = file.relative_to(root).as_posix()
            found[name] = list(reader(file.read_text("utf-8"), name))
    return found


def mean_words(prose: list[Sentence]) -> float:
    """Words a sentence of running text; 0 where there is none."""
    running = [sentence.words for sentence in prose if sentence.running]
    return sum(running) / len(running) if running else 0.0


def faults(root: Path = ROOT) -> list[str]:
    """What is too long, a line each; empty where all is well."""
    found = []
    for name, prose in read(root).items():
        if (mean := mean_words(prose)) > MEAN_WORDS:
            found.append(f"{name}: {mean:.1f} words a sentence in the mean, at most {MEAN_WORDS}")
        long = [sentence for sentence in prose if sentence.words > MOST_WORDS]
        found += [f"{sentence.where}: {sentence.words} words, at most {MOST_WORDS}: {sentence.text}" for sentence in long]
        if name.endswith(".md"):
            found += long_lines((root / name).read_text("utf-8"), name)
    return found


def main() -> int:
    """Print faults and a summary; 1 where there is a fault."""
    found = faults()
    print(*found, sep="\n")
    prose = [sentence for part in read().values() for sentence in part]
    print(f"{len(found)} faults; {len(prose)} sentences, {mean_words(prose):.1f} words each in running text")
    return 1 if found else 0


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.exit(main())
