"""Tables of claims and benchmarks in documents, made from what was measured: ``python -m lethe.tools.documents``.

``docs/claims.yaml`` says what is claimed, ``docs/measured.csv`` what a finished world said of it, ``docs/benchmarks.csv`` what ``make bench``
said. ``python -m lethe.tools.documents --record results/mini --when ...`` brings the last two up to date, from the world and from the folder
``bench`` beside it; a test holds the documents against all three.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict

from lethe.io.atomic import write_text
from lethe.io.tables import read_json
from lethe.settings.models import Settings
from lethe.tools.claims import VERDICTS, Row, claims, finished_benchmarks, finished_studies, finished_tasks
from lethe.tools.speed.summary import value_text

MACHINE = "machine"  # the scope of benchmarks of speed; not named, since all have it
WHAT, MEASURED, BENCHMARKS = "docs/claims.yaml", "docs/measured.csv", "docs/benchmarks.csv"
KEY = ["id", "scope", "claim"]
COLUMNS = [*KEY, "value", "verdict", "doubt", "measured"]
OF_BENCHMARKS = ["benchmark", "value", "target", "holds", "measured"]
GROUPS = {
    "all": ("after `make all`", "25", "750 MB"),
    "bench": ("", "20", "below 1 MB"),
}
"""What makes the files of several claims -> a note, minutes and disk of it."""
MARKED = re.compile(r"(?P<open><!-- (?P<name>[\w-]+) -->\n)(?P<body>.*?)(?P<close><!-- /(?P=name) -->)", re.DOTALL)


class Claim(BaseModel):
    """One entry of docs/claims.yaml, whose head says what the fields mean."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    claim: str
    command: str
    target: str
    again: str
    short: str = ""
    group: str = ""
    minutes: str = ""
    disk: str = ""


class Documents(NamedTuple):
    """What documents are made from.

    Attributes:
        claims: in words. measured: a row for every claim and scope, with ``COLUMNS``.
        benchmarks: a row for each, with ``OF_BENCHMARKS``.
    """

    claims: list[Claim]
    measured: pd.DataFrame
    benchmarks: pd.DataFrame

    @classmethod
    def read(cls, root: Path) -> Documents:
        """Of a checkout; raises ``pydantic.ValidationError`` where an entry has an unknown or a missing field."""
        entries = yaml.safe_load((root / WHAT).read_text("utf-8"))
        return cls([Claim(**entry) for entry in entries], _texts(root / MEASURED), _texts(root / BENCHMARKS))

    def of(self, claim: Claim) -> pd.DataFrame:
        """What was measured of a claim."""
        return self.measured[self.measured["id"] == claim.id]

    def tables(self) -> dict[str, dict[str, str]]:
        """Document -> name of a marked place -> what stands there."""
        return {
            "README.md": {"claims": self.short()},
            "docs/claims.md": {"claims": self.long()},
            "docs/artifact.md": {"claims": self.artifact()},
            "docs/performance.md": {"benchmarks": self.speed()},
        }

    def short(self) -> str:
        """The claims of the README: values and verdict."""
        rows = [(claim.short, self.values(claim), self.verdict(claim)) for claim in self.claims if claim.short]
        return _table(("claim", "measured", "verdict"), rows)

    def long(self) -> str:
        """Every claim, with its command."""
        rows = [
            (claim.id, claim.claim, _code(claim.command), claim.target, self.values(claim), self.verdict(claim))
            for claim in self.claims
        ]
        return _table(("#", "claim", "command", "target", "measured", "verdict"), rows)

    def artifact(self) -> str:
        """Every claim for who evaluates the artifact: command, minutes, disk, expected value, tolerance."""
        rows = []
        for claim in self.claims:
            note, minutes, disk = GROUPS.get(claim.group, ("", claim.minutes, claim.disk))
            command = f"{_code(claim.command)}{f'; {note}' if note else ''}"
            expected = self.values(claim) if len(self.of(claim)) else claim.target
            rows.append((claim.id, claim.claim, command, minutes, disk, expected, claim.again))
        return _table(("#", "claim", "command", "minutes", "disk", "expected", "another run may differ by"), rows)

    def speed(self) -> str:
        """Every benchmark."""
        rows = [[_code(row[0]), *row[1:3], _loud(row[3], "no"), row[4]] for row in self.benchmarks.values]
        return _table(OF_BENCHMARKS, rows)

    def values(self, claim: Claim) -> str:
        """Every value of a claim with its scope; a scope that is the machine is not named."""
        rows = self.of(claim)
        told = {str(scope): " and ".join(found) for scope, found in rows.groupby("scope", sort=False)["value"]}
        if len(told) > 1 and len(set(told.values())) == 1:
            return f"{next(iter(told.values()))} ({', '.join(told)})"
        return ", ".join(value if scope == MACHINE else f"{scope} {value}" for scope, value in told.items())

    def verdict(self, claim: Claim) -> str:
        """Verdicts of a claim, the worst first, each with its scopes where there are several."""
        rows = self.of(claim)
        if rows.empty:
            return "a test" if claim.command.startswith("pytest") else "not measured"
        scopes = {verdict: list(dict.fromkeys(rows.loc[rows["verdict"] == verdict, "scope"])) for verdict in VERDICTS}
        named = {verdict: found for verdict, found in scopes.items() if found}
        if len(named) == 1:
            return _loud(next(iter(named)))
        return "; ".join(f"{_loud(verdict)}: {', '.join(found)}" for verdict, found in named.items())


def updated(text: str, tables: dict[str, str]) -> str:
    """A document with new text between its marks ``<!-- name -->`` and ``<!-- /name -->``.

    Raises:
        ValueError: a place that the document does not have.

    Example:
        >>> updated("<!-- a -->\\nold\\n<!-- /a -->\\n", {"a": "new"})
        '<!-- a -->\\n\\nnew\\n\\n<!-- /a -->\\n'
    """
    marks = [match["name"] for match in MARKED.finditer(text)]
    if missing := sorted(tables.keys() - set(marks)):
        raise ValueError(f"no place '<!-- {missing[0]} -->' ... '<!-- /{missing[0]} -->'; there are: {marks}")

    def fill(match: re.Match[str]) -> str:
        name = match["name"]
        return f"{match['open']}\n{tables[name]}\n\n{match['close']}" if name in tables else match[0]

    return MARKED.sub(fill, text)


def recorded(measured: pd.DataFrame, rows: Sequence[Row], when: str) -> pd.DataFrame:
    """The record with new rows in place of those of the same claim and scope; what was not measured again stays.

    Args:
        measured: ``COLUMNS``. when: date, machine and commit of the new rows.
    """
    new = pd.DataFrame(
        [
            (row.id, row.scope, row.claim, _value(row.value), row.verdict, row.doubt, when)
            for row in rows
            if row.verdict != "not measured"
        ],
        columns=COLUMNS,
    )
    both = pd.concat([measured, new], ignore_index=True).drop_duplicates(KEY, keep="last")
    tasks = list(Settings().tasks)
    scope = both["scope"].map(lambda name: tasks.index(name) if name in tasks else len(tasks))
    order = both.assign(number=both["id"].str[1:].astype(int), place=scope)
    return order.sort_values(["number", "place", "scope", "claim"], kind="stable")[COLUMNS].reset_index(drop=True)


def of_folder(known: pd.DataFrame, folder: Path, when: str) -> pd.DataFrame:
    """The record of benchmarks with those of a folder in place of older ones of the same name.

    Args:
        known: ``OF_BENCHMARKS``. folder: of ``{benchmark}.json``. when: date, machine and commit of what is new or has another value.
    """
    found = {row[0]: row for row in known[OF_BENCHMARKS].values.tolist()}
    for path in sorted(folder.glob("*.json")):
        record = read_json(path)
        row = [path.stem, value_text(record["value"]), value_text(record["target"]), "yes" if record["holds"] else "no"]
        if found.get(path.stem, [])[:4] != row:
            found[path.stem] = [*row, when]
    return pd.DataFrame([found[name] for name in sorted(found)], columns=OF_BENCHMARKS)


def main(words: Sequence[str] | None = None, root: Path = Path()) -> None:
    """Write the tables into the documents, after recording a world where one is named."""
    parser = argparse.ArgumentParser(
        prog="python -m lethe.tools.documents", description="Write the tables of claims into documents."
    )
    parser.add_argument("--record", metavar="FOLDER", type=Path, help="finished world to measure from, e.g. results/mini")
    parser.add_argument("--when", help="date, machine and commit of the world that is recorded")
    given = parser.parse_args(words)
    if given.record:
        if not given.when:
            parser.error("--record needs --when, e.g. --when '2026-11-27, 2 CPU cores, 0a201bc'")
        world: Path = given.record
        folder = world.parent / "bench"
        if folder.is_dir():
            write_text(root / BENCHMARKS, of_folder(_texts(root / BENCHMARKS), folder, given.when).to_csv(index=False))
        rows = claims(world, finished_tasks(world), finished_studies(world), finished_benchmarks(world))
        if not rows:
            parser.error(f"{world} has no finished tables; run `snakemake -c2 {world}/tables/claims.csv`")
        write_text(root / MEASURED, recorded(_texts(root / MEASURED), rows, given.when).to_csv(index=False))
    for name, tables in Documents.read(root).tables().items():
        write_text(root / name, updated((root / name).read_text("utf-8"), tables))


def _value(value: float | str | None) -> str:
    """A number in three digits, without a power of ten where it is large; a text in words.

    Example:
        >>> _value(0.01682), _value(2841.3), _value("speed_up 100, megabytes 1")
        ('0.0168', '2,841', 'speed up 100, megabytes 1')
    """
    if isinstance(value, float | int):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return "" if value is None else value.replace("_", " ")


def _texts(path: Path) -> pd.DataFrame:
    """A table whose cells are texts."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def _loud(verdict: str, worst: str = VERDICTS[0]) -> str:
    return f"**{verdict}**" if verdict == worst else verdict


def _code(text: str) -> str:
    return f"`{text}`"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["--"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


if __name__ == "__main__":
    main()
