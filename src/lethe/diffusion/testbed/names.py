"""How an entity is called in a prompt: one function for training, generation, metrics and similarities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from string import Formatter
from typing import Any

from lethe.diffusion.testbed.schema import check_known

VOWELS = frozenset("aeiou")
CONSONANT_SOUNDS = frozenset({"one"})  # begins with a vowel letter but not with a vowel; no published name is affected
ARTICLES = frozenset({"a", "an"})


def article(name: str) -> str:
    """``"an"`` before a vowel letter (either case), else ``"a"``; ``a one``. Letters decide, not sounds: ``a hour``, as published.

    Examples:
        >>> article("akita dog"), article("one"), article("hour")
        ('an', 'a', 'a')
    """
    first = name.split(" ")[0].lower()
    return "an" if first[:1] in VOWELS and first not in CONSONANT_SOUNDS else "a"


def _words(name: str) -> str:
    """``name`` with underscores as blanks, blanks squeezed and ends trimmed; nothing left is a ``ValueError``."""
    words = " ".join(name.replace("_", " ").split())
    if not words:
        raise ValueError(f"entity name {name!r} holds no word; a name needs at least one letter or digit")
    return words


def _with_article(name: str) -> str:
    words = _words(name)
    if words.split(" ")[0].lower() in ARTICLES and " " in words:
        raise ValueError(f"entity name {name!r} already begins with an article; pass the raw label of the data set")
    return f"{article(words)} {words}"


STYLES: dict[str, Callable[[str], str]] = {
    "person": _words,
    "thing": _with_article,
    "scene": lambda name: f"{_with_article(name)} scene",
}


def prompt_name(style: str, name: str) -> str:
    """The entity as it stands in a prompt.

    Args:
        style: ``"person"`` (the name), ``"thing"`` (article + name; breeds, digits), ``"scene"`` (article + name +
            ``scene``), or a template for ``prompt_of``, which brings its own words: then the name alone.
        name: raw label of the data set, e.g. ``"George_W_Bush"``, ``"akita dog"``, ``"ice_skating_rink_indoor"``.

    Returns:
        ``"George W Bush"``, ``"an akita dog"``, ``"an ice skating rink indoor scene"``; letters keep their case.

    Raises:
        UnknownNameError: for an unknown style.
        ValueError: for a name without a word, or one that has its article already (see below).

    Source: Vision Unlearning 1.0.0, ``get_target_overwrite``, whose names we share. What we do not copy
    (``published_preprocessed`` offers the first by name):

    - raw names with underscores in CLIP similarities: ``George_W_Bush``, ``a waterfall_cascade scene``;
    - names wrapped twice when scene embeddings are looked up (``an an abbey scene scene``): a name that has its article is
      an error here, and tables are joined on the index;
    - training on raw labels (``George_W_Bush``) while generation asks for ``An image of George W Bush``.

    Examples:
        >>> prompt_name("person", "George_W_Bush"), prompt_name("thing", "akita dog"), prompt_name("scene", "abbey")
        ('George W Bush', 'an akita dog', 'an abbey scene')
    """
    if is_template(style):
        return _words(name)
    check_known("name style", style, STYLES)
    return STYLES[style](name)


def is_template(style: str) -> bool:
    """Whether a style is a template with fields in braces.

    >>> is_template("thing"), is_template("a photo of {name}")
    (False, True)
    """
    return "{" in style


def prompt(style: str, name: str) -> str:
    """The evaluation prompt and caption of an entity: ``"An image of " + prompt_name(style, name)``.

    Examples:
        >>> prompt("thing", "akita dog")
        'An image of an akita dog'
    """
    return f"An image of {prompt_name(style, name)}"


def prompt_of(style: str, record: Mapping[str, Any]) -> str:
    """The prompt and caption of a record of a source.

    Args:
        style: of ``prompt_name``, or a template whose braces name columns: ``"a photo of {name}"``, ``"An image of a {colour} {shape}"``.
        record: with ``name``, or with these columns; an underscore in a value is a blank.

    Raises:
        UnknownNameError: for an unknown style or column. ValueError: for a value without a word.

    Examples:
        >>> prompt_of("a {colour} {shape}", {"name": "red_0", "colour": "red", "shape": "long_box"})
        'a red long box'
    """
    if not is_template(style):
        return prompt(style, str(record["name"]))
    columns = [name for _, name, _, _ in Formatter().parse(style) if name is not None]
    for column in columns:
        check_known("column of a prompt", column, record)
    return style.format_map({column: _words(str(record[column])) for column in columns})


def published_preprocessed(style: str, name: str) -> str:
    """The text behind the *published* CLIP similarities (``get_target_preprocessed`` of Vision Unlearning 1.0.0).

    People and things are raw labels (``"George_W_Bush"``, ``"akita dog"``); scenes get article and suffix, but keep their
    underscores (``"a waterfall_cascade scene"``). Only for ``fidelity: published``; arguments and errors as ``prompt_name``.

    Examples:
        >>> published_preprocessed("scene", "waterfall_cascade")
        'a waterfall_cascade scene'
    """
    if not is_template(style):
        check_known("name style", style, STYLES)
    _words(name)
    return f"{article(name)} {name} scene" if style == "scene" else name
