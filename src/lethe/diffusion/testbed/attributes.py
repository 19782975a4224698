"""Which columns of the metadata are attributes: what an entity is like, not what it is called or how often it was found."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

from lethe.diffusion.testbed.schema import REQUIRED, MetadataError, column_kind

Asked = Sequence[str] | Literal["all"]
OF_THE_TESTBED = (*REQUIRED, "index", "is_unlearned")


def chosen_attributes(records: Sequence[Mapping[str, Any]], balance: Collection[str], asked: Asked = "all") -> list[str]:
    """The attributes that the similarity ``attr`` compares.

    Args:
        records: metadata, one record per entity.
        balance: the pair that the testbed balances.
        asked: ``tasks.{task}.attributes``; a list is taken as it is, ``all`` means every attribute but the balanced pair.

    Raises:
        MetadataError: if ``all`` finds nothing.
    """
    if not isinstance(asked, str):
        return list(asked)
    left_out = no_attributes(records, balance)
    if not (found := _others(records, left_out)):
        reasons = ", ".join(f"{column} ({why})" for column, why in left_out.items())
        raise MetadataError(f"no column is an attribute that tells entities apart: {reasons}; name some in `attributes`")
    return found


def related_attributes(records: Sequence[Mapping[str, Any]], balance: Sequence[str], asked: Asked = "all") -> list[str]:
    """The attributes that results are related to: the balanced pair, then those of ``chosen_attributes``, each once; none of a source
    that knows none."""
    others = _others(records, no_attributes(records, balance)) if isinstance(asked, str) else asked
    return list(dict.fromkeys([*balance, *others]))


def _others(records: Sequence[Mapping[str, Any]], left_out: Collection[str]) -> list[str]:
    return [column for column in records[0] if column not in left_out]


def no_attributes(records: Sequence[Mapping[str, Any]], balance: Collection[str]) -> dict[str, str]:
    """Columns that ``all`` leaves out, each with the reason.

    The balanced pair is left out because the choice of entities fixes its distribution. A text with more different values than half
    of the entities is a name, an id or a description: it would add the same zero to nearly every pair.
    """
    result = {}
    for column in records[0]:
        values = [record[column] for record in records if record.get(column) is not None]
        distinct, words = len(set(values)), column.lower().split("_")
        if column in OF_THE_TESTBED or column.startswith("dataset_n"):
            result[column] = "of the testbed"
        elif column in balance:
            result[column] = "balanced"
        elif "id" in words:
            result[column] = "an id"
        elif distinct < 2:
            result[column] = "the same for all" if values else "without values"
        elif column_kind(records, column) == "text" and distinct > len(values) / 2:
            result[column] = "mostly different texts"
    return result
