"""What the tables of an audit say."""

from __future__ import annotations

from lethe.core.columns import BY_ROW, CORRELATION, Table, count, flag, gates, number, text

CONCEPT = text("concept", "words of what is asked for")
ROLE = text("role", "`forgotten`; `kept`: methods are told of it; `watched`: they are not")
TABLES = (
    Table(
        "tables/audit_concepts_{task}.csv",
        "a concept that is asked for",
        [
            CONCEPT,
            ROLE,
            text("origin", "`given`, or `vocabulary`: chosen from the model's own neighbours"),
            text("nearest", "the forgotten concept that it is most like"),
            number("similarity", "how alike the model's text encoder reads both", CORRELATION),
            text("prompt", "prompt that it is asked for with"),
        ],
        asked="audit",
    ),
    Table(
        "tables/audit_changes_{task}.csv",
        "a model, a prompt and a measure: what changed, against what two seeds of the base differ by",
        [
            text("method", "code name of the method that made the model"),
            count("emitter", "index of what was forgotten"),
            text("forgotten", "words of what was forgotten"),
            count("receiver", "index of what is asked for"),
            CONCEPT,
            ROLE,
            text("measure", "the quantity, by its code name"),
            number("value", "mean over seeds", BY_ROW, BY_ROW),
            number("low", "lower end of the range of two seeds of the base", BY_ROW),
            number("high", "upper end of the range of two seeds of the base", BY_ROW),
            number("of_floor", "change in units of the floor: 0 as before, 1 as far as two seeds get", "floors"),
            flag("moved", "whether `of_floor` is above 1"),
            count("seeds", "seeds that were drawn"),
            count("left_out", "seeds without a value"),
        ],
        asked="audit",
    ),
    Table("tables/audit_left_out_{task}.json", "a summary: concepts that cannot be asked for, and why", (), asked="audit"),
    gates("tables/audit_gates_{task}.json", "an audit", "audit"),
)
