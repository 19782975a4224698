"""How the prompt of an entity is written: a style of English names, or a template of one's own."""

from __future__ import annotations

from string import Formatter
from typing import Annotated

from pydantic import AfterValidator

from lethe.core.registry import nearest

STYLES = ("thing", "person", "scene")  # see lethe.diffusion.testbed.names
FIELD = "name"  # what a template holds


def check_template(value: str, holds: str, example: str) -> str:
    """A template whose fields stand in braces without a format.

    Args:
        holds: what may stand in it, in words. example: such a field.

    Raises:
        ValueError: it is none.

    >>> check_template("a {colour} box", "attributes in braces", "{colour}")
    'a {colour} box'
    """
    try:
        plain = all(not spec and not conversion for _, _, spec, conversion in Formatter().parse(value))
    except ValueError as error:
        raise ValueError(f"'{value}' is no template: {error}; allowed: text with {holds}") from None
    if not plain:
        raise ValueError(f"'{value}' holds a format; allowed: text with {holds}, such as {example}")
    return value


def _of_an_entity(value: str) -> str:
    if value in STYLES:
        return value
    if not {"{", "}"} & set(value):
        raise ValueError(
            f"'{value}' is unknown; allowed: {', '.join(STYLES)}, or a template that holds {{name}}, such as "
            f"'a photo of {{name}}'{nearest(value, list(STYLES))}"
        )
    check_template(value, "{name}", "'a photo of {name}'")
    fields = [field for _, field, _, _ in Formatter().parse(value) if field is not None]
    if odd := [field for field in fields if field != FIELD]:
        raise ValueError(f"'{value}' holds {{{odd[0]}}}; allowed: {{name}} alone{nearest(odd[0], [FIELD])}")
    if not fields:
        raise ValueError(f"'{value}' does not hold {{name}}, so all entities would share a prompt")
    return value


EntityPrompt = Annotated[str, AfterValidator(_of_an_entity)]
"""A style of ``STYLES``, or a template that holds ``{name}``."""
