"""Which rules make a file is looked up once a file, and only among patterns that begin and end as the file does.

Snakemake asks again for every job that reads the file. It then tries each pattern of a rule, also where one alone can fit: a rule that
makes ten models has thirty, and two more for its log and benchmark. In a plan of 10,000 models that was the longest part. Snakemake has
no setting for it, so its class is replaced by a subclass with the same answers.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import snakemake.api  # noqa: F401 - the parts of Snakemake import one another, and this one first
from snakemake import dag
from snakemake.exceptions import IOFileException
from snakemake.logging import logger
from snakemake.output_index import OutputIndex

from lethe.execution.known import takes

ASKED = {"__init__": ["self", "rules"], "match": ["self", "targetfile"], "match_producers": ["self", "targetfile"]}
"""Methods of the class of Snakemake that is replaced -> their parameters, as they are known here."""


class Producers(OutputIndex):
    """Snakemake's index of the files that rules make, which keeps its answers."""

    def __init__(self, rules: Iterable[Any]) -> None:
        rules = list(rules)
        super().__init__(rules)
        self._found: dict[str, frozenset[Any]] = {}
        self._same: dict[frozenset[Any], frozenset[Any]] = {}  # most files have the producers of another one
        self._ends: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))  # beginning -> end -> rule, product
        for rule in rules:
            for product in rule.products():
                self._ends[str(product.constant_prefix())][str(product.constant_suffix())].append((rule, product))
        self._lengths = sorted({len(prefix) for prefix in self._ends})

    def match_producers(self, targetfile: str) -> frozenset[Any]:
        """Every rule with a product whose pattern the file has."""
        key = str(targetfile)
        if key not in self._found:
            found = frozenset(self._search(key))
            self._found[key] = self._same.setdefault(found, found)
        return self._found[key]

    def _search(self, targetfile: str) -> set[Any]:
        found: set[Any] = set()
        for length in self._lengths:
            for suffix, products in self._ends.get(targetfile[:length], {}).items():
                if targetfile.endswith(suffix):
                    found.update(rule for rule, product in products if rule not in found and _matches(rule, product, targetfile))
        return found


def _matches(rule: Any, product: Any, targetfile: str) -> bool:
    try:
        return product.match(targetfile) is not None
    except (re.error, ValueError) as error:  # as Snakemake says of a constraint that is no expression
        raise IOFileException(f"{error} in wildcard statement", snakefile=rule.snakefile, lineno=rule.lineno) from None


def keep_producers() -> bool:
    """From here on plans keep which rules make a file; returns whether they do. A Snakemake that is not as known here stays as it is."""
    known = all(takes(getattr(OutputIndex, name, None), asked) for name, asked in ASKED.items())
    if not known or getattr(dag, "OutputIndex", None) not in (OutputIndex, Producers):
        logger.warning("Snakemake looks for the rules of a file in another way than known here: a large plan takes longer")
        return False
    dag.OutputIndex = Producers
    return True
