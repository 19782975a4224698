"""The answer as one page, opened by double click: no network, no path of a machine. The template is ``static/answer.html``."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from lethe.answer.contents import MethodRow
from lethe.answer.worst import Case
from lethe.benchmarks.icare import levels
from lethe.core.finding import Finding
from lethe.tools.claims import VERDICTS, Row
from lethe.tools.speed.summary import value_text

SIGNS = {"does not hold": "✕", "holds with a doubt": "◐", "not measured": "○", "holds": "●"}
EXTENTS = ("demo", "all")  # of an answer
IN_SHORT = 2  # findings of a task or study whose headlines stand above all: whether it is forgotten, and what else is lost
STATIC = Path(__file__).parent / "static"


@dataclass(frozen=True)
class Contents:
    """Everything that the page shows.

    Attributes:
        world: its name. extent: ``demo`` or ``all``. findings, checks: in the order in which they are read. methods: task -> rows.
        measures: task -> counts of harmed pairs.
        pictures: a bad case per task. links: task or study -> address of a table's page -> its title; all of them are there.
    """

    world: str
    extent: str
    findings: Sequence[Finding]
    checks: Sequence[Row]
    methods: Mapping[str, Sequence[MethodRow]]
    measures: Mapping[str, pd.DataFrame]
    pictures: Sequence[Case]
    links: Mapping[str, Mapping[str, str]]


def environment() -> Environment:
    """Where templates are read from: every text is escaped, a name that is not given is an error."""
    return Environment(
        loader=FileSystemLoader(STATIC), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def page(contents: Contents) -> str:
    """The page as HTML; every text is escaped."""
    made = environment()
    made.filters |= {
        "measured": lambda value: "–" if value is None else value_text(value),
        "place": _place,
        "share": lambda value: f"{100 * value:g} %",
        "sortable": _sortable,
    }
    subjects: dict[str, list[Finding]] = {}  # in the order of the findings, which jinja's `groupby` would sort
    for finding in contents.findings:
        subjects.setdefault(finding.subject, []).append(finding)
    tally = Counter(row.verdict for row in contents.checks)
    judged = {subject: _claims_by_verdict(contents.checks, subject) for subject in subjects}
    return made.get_template("answer.html").render(
        **vars(contents),
        judged=judged,
        tally=[(verdict, SIGNS[verdict], tally[verdict]) for verdict in VERDICTS if tally[verdict]],
        signs=SIGNS,
        levels=levels,
        IN_SHORT=IN_SHORT,
        subjects=subjects,
    )


def _claims_by_verdict(checks: Sequence[Row], subject: str) -> dict[str, list[str]]:
    """What is checked of a task or study: verdict -> claims, the worst verdict first."""
    found = {verdict: [row.claim for row in checks if (row.scope, row.verdict) == (subject, verdict)] for verdict in VERDICTS}
    return {verdict: claims for verdict, claims in found.items() if claims}


def way_back(extent: str, address: str) -> str:
    """A script with which pages of tables link to the answer of an extent; where there is no answer there is no script, and no link."""
    words = "The answer of the demo" if extent == "demo" else "The answer"
    return f"lethe.link({json.dumps(words)}, {json.dumps(address)});\n"


def text(findings: Sequence[Finding], checks: Sequence[Row]) -> str:
    """The same for a terminal: findings, and the checks that do not simply hold."""
    lines = [f"{'+' if finding.hoped else '-'} {finding.text()}" for finding in findings]
    lines += [
        f"{SIGNS[row.verdict]} {row.verdict}: {row.claim} ({row.scope}): {row.doubt or row.how}"
        for row in checks
        if row.verdict != "holds"
    ]
    return "\n".join(lines)


def _place(value: float) -> str:
    """Where a share stands on a line from 0 to 1, in per cent of its length."""
    return "0" if math.isnan(value) else f"{100 * min(max(value, 0.0), 1.0):.1f}"


def _sortable(value: float) -> str:
    """A number as the page sorts by it; what is not known comes last."""
    return "9e9" if math.isnan(value) else f"{value:.6f}"
