"""What every figure of a result says in the same words."""

from __future__ import annotations

from collections.abc import Sequence

from lethe.benchmarks.icare.parameters import ResultParameters, methods_of, tasks_of
from lethe.figures.style import method_name
from lethe.figures.templates.result import Finding, Result

SYMBOLS = {
    "spearman": "\u03c1",
    "damage_spearman": "harm \u03c1",
    "pearson": "r",
    "epsilon_squared": "\u03b5\u00b2",
    "anova": "F",
    "kruskal": "H",
    "r2_test": "R\u00b2",
    "r2_train": "R\u00b2 in training",
    "mean_abs_pearson": "mean |r|",
    "mean_damage_spearman": "mean harm \u03c1",
    "share_above_1": "share above 1",
}

EXPLAINED = {
    "spearman": "\u03c1: rank correlation (Spearman).",
    "damage_spearman": "harm \u03c1: rank correlation of harm, the metric turned so that more is worse, with similarity. "
    "Above 0: what is alike is harmed more.",
    "pearson": "r: linear correlation (Pearson).",
    "epsilon_squared": "\u03b5\u00b2: share of the variance of ranks that lies between the groups.",
    "anova": "F: published test of means of groups.",
    "kruskal": "H: published test of ranks of groups.",
    "r2_test": "R\u00b2: share of the variance of held-out pairs that is predicted. Below 0: their mean predicts better.",
    "cut": "Minimum cut: the least harm whose removal leaves no path of harm from source to sink.",
}
FLOOR = "Grey band, dots: within what 95 % of pairs of two seeds of the unchanged base differ by."


def explained(result: Result) -> list[str]:
    """What the symbols and marks of a figure mean, of those that it uses."""
    lines = [
        EXPLAINED[name] for name in dict.fromkeys(f.name.removeprefix("mean_") for f in result.findings) if name in EXPLAINED
    ]
    if any(finding.q is not None for finding in result.findings):
        lines.append("q: p-value, corrected for the tests of this figure (Benjamini and Hochberg). In brackets: interval.")
    return lines + ([FLOOR] if result.notes.get("floor") else [])


def told(finding: Finding, short: bool = False) -> str:
    """E.g. ``ρ = 0.42 [0.10, 0.66], q = 0.012, n = 10``; published statistics have p (raw) and no interval.

    ``short``: without name and n, for panels that say them once.
    """
    name = SYMBOLS.get(finding.name, finding.name.replace("_", " "))
    if finding.value is None:
        return f"{name}: not defined, n = {finding.n}"
    text = number(finding.value) if short else f"{name} = {number(finding.value)}"
    if finding.low is not None and finding.high is not None:
        text += f" [{number(finding.low)}, {number(finding.high)}]"
    if finding.q is not None:
        text += f", q = {probability(finding.q)}"
    elif finding.p is not None:
        text += f", raw p = {probability(finding.p)}"
    return text if short else f"{text}, n = {finding.n}"


def number(value: float) -> str:
    """Two digits after the point, fewer for large, more for small values; a real minus sign."""
    value = 0.0 if abs(value) < 1e-9 else value
    digits = "{:.0f}" if abs(value) >= 1000 else "{:.2g}" if abs(value) < 0.1 and value else "{:.2f}"
    return digits.format(value).replace("-", "\u2212")


def probability(value: float) -> str:
    """Two significant digits; below 0.001 in powers of ten."""
    return f"{value:.2g}" if value >= 0.001 else f"{value:.0e}"


def heading(parameters: ResultParameters) -> str:
    """Method and task, and that the statistics are the published ones where they are."""
    methods = ", ".join(method_name(name) for name in methods_of(parameters))
    text = " on ".join(filter(None, (methods if len(methods) < 40 else "", ", ".join(tasks_of(parameters)))))
    return f"{text} (published statistics)" if parameters.fidelity == "published" else text


def left_out(result: Result) -> str:
    """A line on what the result leaves out, with its line break; empty where it is nothing."""
    lost = result.notes.get("left_out", {})
    return "\nleft out: " + ", ".join(f"{what.replace('_', ' ')} ({n})" for what, n in lost.items()) if lost else ""


def lines(findings: Sequence[Finding], most: int = 4) -> str:
    """One finding a line, with its group where it has one."""
    told_lines = [f"{_group(finding.group)}: {told(finding)}" if finding.group else told(finding) for finding in findings]
    return "\n".join(told_lines[:most])


def _group(group: str) -> str:
    """E.g. ``objects/distil`` -> ``objects, SPARE (FADE)``."""
    return ", ".join(method_name(part) for part in group.split("/"))
