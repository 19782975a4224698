"""A table as a page."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lethe.answer.kinds import KINDS
from lethe.answer.names import names_of
from lethe.answer.page import EXTENTS, environment
from lethe.answer.readable import as_read
from lethe.core.columns import table_of
from lethe.dictionary.schema import TABLES
from lethe.io.atomic import write_text


def show(table: Path, code: list[Path], page: Path, readable: str, subject: str) -> None:
    """Write a page on which a table is read, sorted and filtered.

    Args:
        table: CSV. code: template, style and script of the page, here so that a change of them is seen.
        readable: one of ``KINDS``. subject: the task or study that it is about.
    """
    about, declared, read = KINDS[readable], table_of(TABLES, f"tables/{table.name}"), pd.read_csv(table)
    meanings = {name: declared.described(str(name)).meaning for name in read.columns}
    write_text(
        page,
        environment()
        .get_template("table.html")
        .render(
            title=about.title,
            about=about.about,
            subject=subject,
            file=table.name,
            table=as_read(read, names_of(about.chapter)),
            meanings=meanings,
            extents=EXTENTS,
        ),
    )
