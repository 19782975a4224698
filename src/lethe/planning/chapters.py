"""Chapters of the report. It sorts them by name, so their numbers are the order of the story."""

from __future__ import annotations

ANSWER = "1 The answer"
FORGOTTEN = "2 Is it forgotten?"
LOST = "3 What else is lost?"
KNOWN = "4 Could one have known?"
CLASSIFIERS = "5 Classifiers that forget samples (Deep Unlearn)"
CANVAS = "6 Models that forget a style or an object (UnlearnCanvas)"
NOTEBOOKS = "7 Notebooks"
ATTACKS = "8 Attacks and membership"  # the demo has none, so its numbers have no gap
OTHERS = "9 Everything else"


def labels_of(stem: str, result: str) -> dict[str, str]:
    """Labels of a result, the same within a chapter, so that the report can switch between two tasks.

    Args:
        stem: file name without ending, with its wildcards. result: what it is; may hold them, too.

    Example:
        >>> labels_of("forget_retain_{task}", "forget against retain")
        {'result': 'forget against retain', 'task': '{task}'}
    """
    of = {"{task}": "{task}", "{dataset}": "{dataset}_{architecture}"}
    return {"result": result, "task": next((label for wildcard, label in of.items() if wildcard in stem), "all")}
