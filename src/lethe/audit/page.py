"""The page of an audit: one file, opened by double click. No script, nothing from the network, no path of a machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape

import pandas as pd

from lethe.audit.concepts import FORGOTTEN, KEPT, WATCHED
from lethe.audit.labels import label
from lethe.audit.sentences import GATES, amount, answers, measured, number, question
from lethe.core.gate import Gate

SHOWN = 24  # prompts whose pictures stand in the page, the most moved first; more make it heavy
ROLES = {FORGOTTEN: "forgotten", KEPT: "kept", WATCHED: "watched, no method was told"}
REACH = 10.0  # times the floor at the right end of an axis; what is beyond stands there


@dataclass(frozen=True)
class Facts:
    """Everything that a page tells.

    Attributes:
        model: how it is called. methods: method -> title, those that are judged.
        concepts: rows of ``concepts_{task}.csv``. left_out: concepts of the vocabulary that could not be asked for, with the reason.
        table: ``changes`` of all methods. moved: ``most_moved`` of the judged ones. gates: judged.
        seeds: of the pictures. unmeasured: a sentence for each measure that the configuration cannot take.
        files: label -> path from the page.
    """

    model: str
    methods: dict[str, str]
    concepts: pd.DataFrame
    left_out: list[dict[str, str]]
    table: pd.DataFrame
    moved: pd.DataFrame
    gates: list[Gate]
    seeds: list[int]
    unmeasured: list[str]
    files: dict[str, str]


def page(facts: Facts, style: str, picture: Callable[[str, int, int], str]) -> str:
    """The page as HTML.

    Args:
        style: CSS. picture: method (empty: the untouched model), emitter and receiver -> ``data:`` address of a strip of pictures.
    """
    forgotten = list(facts.concepts.loc[facts.concepts["role"] == FORGOTTEN, "concept"])
    title = question(facts.model, forgotten)
    body = [_head(facts, title)]
    for emitter in sorted(set(facts.moved["emitter"])):
        body.append(_pictures(facts, emitter, picture))
    body += [_ranking(facts), _gates(facts), _choice(facts), _limits(facts), _files(facts)]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>{escape(title)}</title><style>\n{style}</style></head><body><main>\n'
        + "\n".join(body)
        + "\n</main></body></html>\n"
    )


def _head(facts: Facts, title: str) -> str:
    holding = sum(gate.holds for gate in facts.gates)
    sign = ("yes", "✓") if holding == len(facts.gates) else ("no", "✕")
    tally = f'<p class="kick"><span class="{sign[0]}">{sign[1]} {holding} of {len(facts.gates)} checks hold</span> · <a href="#checks">which</a></p>'
    found = "".join(f'<p class="answer">{escape(line)}</p>' for line in answers(facts.moved, facts.methods))
    kick = f"Lethe · audit of {facts.model} · {', '.join(facts.methods.values())}"
    return f'<header><p class="kick">{escape(kick)}</p><h1>{escape(title)}</h1>{found}{tally}</header>'


def _pictures(facts: Facts, emitter: int, picture: Callable[[str, int, int], str]) -> str:
    rows = facts.moved[facts.moved["emitter"] == emitter]
    goal = rows.loc[rows["role"] == FORGOTTEN, "forgotten"].iloc[0]
    worst = rows.groupby("receiver", sort=False)["of_floor"].max().sort_values(ascending=False, kind="stable")
    first = list(dict.fromkeys(rows.loc[rows["role"] == FORGOTTEN, "receiver"]))
    order = [*first, *(receiver for receiver in worst.index if receiver not in first)]
    after = "".join(f"<span>After {escape(name)}</span>" for name in facts.methods.values())
    cells = [f'<div class="row head"><span>Prompt</span><span>Before</span>{after}</div>']
    for receiver in order[:SHOWN]:
        own = rows[rows["receiver"] == receiver].set_index("method")
        name, role = own["concept"].iloc[0], own["role"].iloc[0]
        what = f'<span class="{"yes" if role == FORGOTTEN else "mut"}">{ROLES[role]}</span>'
        shown = [_figure("Before", picture("", emitter, receiver), f"{name}, before", "")]
        for method, title in facts.methods.items():
            row = own.loc[method]
            sign = ("no" if role != FORGOTTEN else "yes") if row["moved"] else "mut"
            told = f'<span class="{sign}">{"moved: " if row["moved"] else ""}{amount(row["of_floor"])} × floor</span>'
            shown.append(_figure(f"After {title}", picture(method, emitter, receiver), f"{name}, after {title}", told))
        cells.append(f'<div class="row"><div><b>{escape(name)}</b>{what}</div>{"".join(shown)}</div>')
    more = f" {len(order) - SHOWN} more prompts moved less; their numbers are in the table." if len(order) > SHOWN else ""
    note = (
        f"{len(facts.seeds[:6])} of {len(facts.seeds)} seeds, the same before and after, so that a picture stands below its own noise. "
        f"The forgotten concept first, then what moved most.{more}"
    )
    grid = f'<div style="--columns:{1 + len(facts.methods)}">{"".join(cells)}</div>'
    return f'<section><h2>Before and after “{escape(goal)}” is forgotten</h2>{grid}<p class="cap">{escape(note)}</p></section>'


def _figure(label: str, address: str, alternative: str, caption: str) -> str:
    told = f"<figcaption>{caption}</figcaption>" if caption else ""
    return f'<figure><span class="label">{escape(label)}</span><img src="{address}" alt="{escape(alternative)}">{told}</figure>'


def _ranking(facts: Facts) -> str:
    key = (
        '<p class="key"><span><i class="band"></i>no more than two seeds differ</span><span><i class="goal"></i>forgotten</span>'
        '<span><i class="far"></i>any other, moved more</span><span><i class="near"></i>any other, within</span></p>'
    )
    parts = []
    for (method, _), rows in facts.moved.groupby(["method", "emitter"], sort=False):
        heading = f"{facts.methods[str(method)]}, “{rows['forgotten'].iloc[0]}” forgotten"
        lines = "".join(_bar(facts, row) for _, row in rows.iterrows())
        parts.append(f"<h3>{escape(heading)}</h3>{lines}")
    labels = "; ".join(label(name) for name in dict.fromkeys(facts.table["measure"]))
    note = (
        f"Each mark is one measure ({labels}), its mean over {len(facts.seeds)} seeds. The band ends where 1 is: as far as two seeds of the "
        "untouched model get for the same prompt. The axis is a square root; what is 10 times the floor or more stands at its end."
    )
    return f'<section><h2>What moved most</h2>{key}{"".join(parts)}<p class="cap">{escape(note)}</p></section>'


def _bar(facts: Facts, row: pd.Series) -> str:
    own = facts.table[(facts.table["method"] == row["method"]) & (facts.table["emitter"] == row["emitter"])]
    marks = []
    for _, one in own[own["receiver"] == row["receiver"]].iterrows():
        kind = "goal" if row["role"] == FORGOTTEN else "far" if one["moved"] else "near"
        if not pd.isna(one["of_floor"]):
            marks.append(
                f'<circle class="{kind}" cx="{_place(one["of_floor"]):.1f}%" cy="9" r="4"><title>{escape(measured(one))}</title></circle>'
            )
    drawn = (
        f'<svg width="100%" height="18" role="img" aria-label="{amount(row["of_floor"])} times the floor"><rect class="band" x="0" '
        f'width="{_place(1.0):.1f}%" height="18"/><line class="axis" x1="0" x2="100%" y1="9" y2="9"/>{"".join(marks)}</svg>'
    )
    name = f"<span>{escape(row['concept'])}</span>"
    return f'<div class="bar">{name}{drawn}<span>{amount(row["of_floor"])} × floor <span class="mut">{escape(measured(row))}</span></span></div>'


def _place(value: float) -> float:
    """Where a change in units of the floor stands on the axis, in per cent."""
    return 2 + 96 * min(value / REACH, 1.0) ** 0.5


def _gates(facts: Facts) -> str:
    rows = [
        [
            f'<span class="verdict {"yes" if gate.holds else "no"}">{"✓ holds" if gate.holds else "✕ does not hold"}</span>',
            escape(GATES.get(gate.gate, gate.gate)),
            "not known" if gate.value is None else number(gate.value),
            escape(gate.how),
        ]
        for gate in sorted(facts.gates, key=lambda gate: gate.holds)
    ]
    note = "If a check does not hold, do not believe the rest of the page before you know why."
    table = _table(["Verdict", "What is checked", "Value", "How"], rows)
    return f'<section id="checks"><h2>Checks</h2>{table}<p class="cap">{note}</p></section>'


def _choice(facts: Facts) -> str:
    chosen = bool((facts.concepts["origin"] == "vocabulary").any())
    rows = [
        [escape(str(row["concept"])), ROLES[str(row["role"])], number(float(row["similarity"])), escape(str(row["prompt"]))]
        for _, row in facts.concepts.iterrows()
    ]
    what = "chosen from a vocabulary, the nearest first" if chosen else "as they were given"
    note = (
        f"What is kept and watched: {what}. Similarity is that of the words to the forgotten concept, in the model’s own text encoder (cosine of the "
        "states at the end token, less that of the empty prompt)."
    )
    left = ""
    if facts.left_out:
        items = "".join(f"<li>{escape(row['concept'])}: {escape(row['reason'])}</li>" for row in facts.left_out)
        left = f"<details><summary>{len(facts.left_out)} concepts of the vocabulary could not be asked for</summary><ul>{items}</ul></details>"
    table = _table(["Concept", "Role", "Similarity", "Prompt"], rows)
    return f'<section><h2>What was asked for</h2>{table}<p class="cap">{escape(note)}</p>{left}</section>'


def _limits(facts: Facts) -> str:
    measures = len(set(facts.table["measure"]))
    lines = [
        f"Two seeds are the yardstick: a prompt counts as moved where one of {measures} measures leaves the range of its own seeds. The "
        "ranges are wide enough that, of prompts that did not change at all, at most one in twenty would count.",
        "Within the floor does not mean unchanged. It means: not more than drawing again with another seed.",
        "Only the listed prompts were asked for. What was not asked for may be lost too.",
        "Methods are told what is kept, and some hold exactly that. Believe rather what is watched, of which no method is told"
        + ("." if (facts.concepts["role"] == WATCHED).any() else "; here nothing is."),
        *(f"Not measured — {reason}." for reason in facts.unmeasured),
    ]
    return f"<section><h2>Limits</h2><ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul></section>"


def _files(facts: Facts) -> str:
    items = "".join(f'<li><a href="{escape(path)}">{escape(label)}</a></li>' for label, path in facts.files.items())
    return f"<section><h2>Files</h2><ul>{items}</ul></section>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; its cells are HTML already."""
    titles = "".join(f'<th scope="col">{name}</th>' for name in head)
    body = "".join(
        "<tr>" + "".join(f'<td data-label="{name}">{cell}</td>' for name, cell in zip(head, row, strict=True)) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"
