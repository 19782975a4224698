"""The published choice of entities against the one that is computed anew: who differs, and why."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lethe.diffusion.testbed.balance import balanced_subsample
from lethe.diffusion.testbed.spelling import composed, name_fault
from lethe.io.tables import CorruptFileError
from lethe.settings.rules import Filter, Rule

if TYPE_CHECKING:
    import pandas as pd

Record = Mapping[str, Any]

LIST_COLUMNS = ["index", "name"]
SAME = "same"
UNKNOWN = "unknown"


def read_published(path: str | Path) -> list[str]:
    """The names of a reference list in index order: a csv ``index,name`` below comment lines (``#``) that say where it is from.

    Names are read as they are written (``a #1 dog``, ``NA``), with composed letters (NFC).

    Raises:
        FileNotFoundError: there is no such list.
        CorruptFileError: it is not UTF-8, has other columns, no row, a row of another form, indices that are not 0, 1, 2, ..., or a name
            that is none or stands in two rows; names the file and the line.
    """
    rows = _rows(path)
    header, names = next(rows, (0, [])), dict[str, int]()
    if header[1] != LIST_COLUMNS:
        raise CorruptFileError(f"{path}: columns {', '.join(header[1]) or 'missing'}; expected {', '.join(LIST_COLUMNS)}")
    for line, row in rows:
        where = f"{path}, line {line}"
        if len(row) != len(LIST_COLUMNS):
            raise CorruptFileError(
                f"{where}: {len(row)} values, {', '.join(map(repr, row))}; a name with a comma stands in quotes"
            )
        index, name = row[0], composed(row[1])
        if index != str(len(names)):
            raise CorruptFileError(f"{where}: index '{index}'; indices are 0, 1, 2, ... in order, so here it is {len(names)}")
        if fault := name_fault(name):
            raise CorruptFileError(f"{where}: the name {fault}")
        if name in names:
            raise CorruptFileError(f"{where}: '{name}' stands in line {names[name]} too; names must be unique")
        names[name] = line
    if not names:
        raise CorruptFileError(f"{path}: no row below the columns; expected one per entity")
    return list(names)


def _rows(path: str | Path) -> Iterator[tuple[int, list[str]]]:
    """Rows of a csv with the numbers of their lines, without empty lines and the comments before the first row."""
    data = Path(path).read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise CorruptFileError(
            f"{path}, line {line}: byte {data[error.start]:#04x} is not UTF-8; save the list as UTF-8"
        ) from None
    lines = list(io.StringIO(text, newline=""))
    comments = next((number for number, line in enumerate(lines) if line.strip() and not line.startswith("#")), len(lines))
    reader = csv.reader(lines[comments:], strict=True)
    try:
        yield from ((comments + reader.line_num, row) for row in reader if row)
    except csv.Error as error:
        raise CorruptFileError(f"{path}, line {comments + reader.line_num}: {error}") from None


def selection_table(
    metadata1: Sequence[Record],
    rules: Sequence[Rule],
    balance: Sequence[str],
    target: int,
    priority: str,
    published: Sequence[str],
) -> pd.DataFrame:
    """One row per entity that is published or chosen anew.

    Args:
        metadata1: the result of ``lethe.diffusion.testbed.metadata.enrich`` under ``rules``.
        balance, target, priority: of ``lethe.diffusion.testbed.balance.balanced_subsample``. If there is a column ``{priority}_text``, the
            reference compared that text letter by letter, and the choice is made that way too.
        published: the published names in index order.

    Returns:
        ``name``, ``stratum``, the priority, ``published_index``, ``recomputed_index``, ``text_index`` (None where not chosen, and
        throughout where the priority is no text) and ``reason``, in published order, then in the order chosen anew:

        - ``same``: the same index;
        - ``not in the source``, ``{column} is {value}``, ``no {column}``: cannot be chosen anew;
        - ``{priority} compared as text``: comparing text puts it there, or chooses it or not;
        - ``tie in {priority}``: another entity has the same priority, so that anything may decide between them;
        - ``shifted by others``: it stands where its priority puts it, but others were added or left out;
        - ``unknown``.
    """
    import pandas as pd

    by_name = {row["name"]: row for row in metadata1}
    filters = [rule for rule in rules if isinstance(rule, Filter)]
    eligible = pd.DataFrame([row for row in metadata1 if all(rule.passes(row) for rule in filters)], columns=list(metadata1[0]))
    numbers = _keys(eligible, priority)
    recomputed = _chosen(eligible, balance, target, priority)
    text = f"{priority}_text" if f"{priority}_text" in eligible.columns else None
    texts = _keys(eligible, text) if text else {}
    by_text = _chosen(eligible.assign(**{priority: _text_ranks(eligible[text])}), balance, target, priority) if text else []
    strata = {row["name"]: _stratum(row, balance) for row in metadata1}

    indices = [{name: index for index, name in enumerate(names)} for names in (published, recomputed, by_text)]
    rows = []
    for name in dict.fromkeys([*published, *recomputed, *by_text]):
        places = [index.get(name) for index in indices]
        if places[0] == places[1]:
            reason = SAME
        else:
            reason = (
                _not_eligible(by_name.get(name), filters, balance)
                or (f"{priority} compared as text" if text and _explains(by_text, texts, name, published) else "")
                or _by_priority(name, published, recomputed, numbers, priority)
                or _tie(name, published, texts if text else numbers, strata, priority)
                or UNKNOWN
            )
        value = by_name.get(name, {}).get(text or priority)
        rows.append((name, strata.get(name), value, *places, reason))
    columns = ["name", "stratum", priority, "published_index", "recomputed_index", "text_index", "reason"]
    table = pd.DataFrame(rows, columns=columns)
    return table.astype(dict.fromkeys(columns[3:6], "Int64"))


def selection_summary(table: pd.DataFrame) -> dict[str, Any]:
    """Counts of a ``selection_table``: published, chosen anew, both ways in common, entities per stratum and per reason."""
    published, recomputed, text = (table[f"{kind}_index"].notna() for kind in ("published", "recomputed", "text"))
    return {
        "published": int(published.sum()),
        "recomputed": int(recomputed.sum()),
        "published_and_recomputed": int((published & recomputed).sum()),
        "published_and_by_text": int((published & text).sum()) if text.any() else None,
        "strata_recomputed": {str(key): int(n) for key, n in table["stratum"][recomputed].value_counts().sort_index().items()},
        "reasons": {str(key): int(n) for key, n in table["reason"].value_counts().items()},
    }


def _explains(chosen: Sequence[str], keys: Mapping[str, Any], name: str, published: Sequence[str]) -> bool:
    """Whether a choice holds the entity iff it is published, and the published order is that of its keys around the entity."""
    return (name in chosen) == (name in published) and _in_order(name, published, keys)


def _chosen(eligible: pd.DataFrame, balance: Sequence[str], target: int, priority: str) -> list[str]:
    return [str(name) for name in balanced_subsample(eligible, balance, target, priority)["name"]]


def _keys(eligible: pd.DataFrame, column: str) -> dict[str, Any]:
    """name -> value of a column, without the missing ones."""
    known = eligible[eligible[column].notna()]
    return dict(zip(known["name"], known[column], strict=True))


def _text_ranks(column: pd.Series) -> pd.Series:
    """Numbers in the order of the texts: the letter-by-letter comparison of the reference."""
    ranks = {text: number for number, text in enumerate(sorted(column.dropna().unique()))}
    return column.map(ranks).astype(float)


def _stratum(row: Record, balance: Sequence[str]) -> str | None:
    values = [row[column] for column in balance]
    return None if None in values else " | ".join(map(str, values))


def _not_eligible(row: Record | None, filters: Sequence[Filter], balance: Sequence[str]) -> str:
    if row is None:
        return "not in the source"
    for rule in filters:
        if not rule.passes(row):
            value = row[rule.column]
            return f"no {rule.column}" if value is None else f"{rule.column} is {value}"
    return next((f"no {column}" for column in balance if row[column] is None), "")


def _in_order(name: str, published: Sequence[str], keys: Mapping[str, Any]) -> bool:
    """Whether the published neighbours of an entity have a key no lower before it and no higher after it."""
    if name not in published:
        return True
    if name not in keys:
        return False
    known = [other for other in published if other in keys]
    place = known.index(name)
    before, after = known[max(0, place - 1) : place], known[place + 1 : place + 2]
    return all(keys[other] >= keys[name] for other in before) and all(keys[other] <= keys[name] for other in after)


def _by_priority(name: str, published: Sequence[str], recomputed: Sequence[str], keys: Mapping[str, Any], priority: str) -> str:
    """The reason if numbers alone explain a published place that is not the recomputed one."""
    if name not in published or name not in recomputed or not _in_order(name, published, keys):
        return ""
    equal = any(other != name and keys.get(other) == keys[name] for other in published)
    return f"tie in {priority}" if equal else "shifted by others"


def _tie(name: str, published: Sequence[str], keys: Mapping[str, Any], strata: Mapping[str, str | None], priority: str) -> str:
    """The reason if another entity of the stratum has the same priority, and one of the two is published."""
    rivals = [other for other, key in keys.items() if other != name and key == keys.get(name) and strata[other] == strata[name]]
    return f"tie in {priority}" if any((other in published) != (name in published) for other in rivals) else ""
