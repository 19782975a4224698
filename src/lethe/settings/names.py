"""The names that a configuration may use, handed to its validation by whoever knows the registries.

Settings import no registry: every job reads settings, and a job must not depend on the list of all methods. The names reach the
validators as pydantic's validation context. Without one, as where a job validates its own parameters once more, names are taken as they are.
"""

from __future__ import annotations

from typing import NamedTuple

from pydantic import ValidationInfo


class Names(NamedTuple):
    """What is registered, each sorted.

    Attributes:
        methods: that unlearn entities. metrics: that are computed on images. quantities: that metrics give, also differences.
        sources: of images. datasets: of classification. architectures: of classifiers. classifier_methods: that unlearn these.
        retrained: those of ``methods`` that need a base trained again without the entity.
        gates: that tables are judged by.
    """

    methods: list[str]
    metrics: list[str]
    quantities: list[str]
    sources: list[str]
    datasets: list[str]
    architectures: list[str]
    classifier_methods: list[str]
    retrained: list[str]
    gates: list[str]


def names_in(info: ValidationInfo) -> Names | None:
    """The names that this validation was given, None if it was given none."""
    return info.context if isinstance(info.context, Names) else None
