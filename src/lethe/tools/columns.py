"""What the tables of the tools say."""

from __future__ import annotations

from lethe.core.columns import BY_ROW, CORRELATION, Column, Table, number, text

TABLES = (
    Table(
        "tables/claims.csv",
        "a claim about a task, a study or a machine",
        [
            text("id", "number of the claim, as in docs/claims.md"),
            text("scope", "task, `{dataset}_{architecture}`, or `machine`"),
            text("claim", "the claim, in words"),
            Column("value", "what was measured; words where it is more than one number", "any"),
            text("target", "comparison and number that it is held against"),
            Column("holds", "whether it holds; empty: there is nothing to tell", "any"),
            text("how", "what was computed"),
            text("table", "file that it is read from"),
            text("doubt", "why one may doubt it although it holds"),
            text("verdict", "`holds`, `holds with a doubt`, `does not hold` or `not measured`"),
        ],
        asked="by its name",
    ),
    Table(
        "tables/fidelity.csv",
        "a deviation from the reference and a quantity that it changes",
        [
            text("id", "number of the deviation, as in docs/fidelity.md"),
            text("deviation", "what we do otherwise"),
            text("scope", "task, study or `world` that the numbers are of"),
            text("quantity", "what is compared"),
            number("published", "as the reference computes it", BY_ROW),
            number("lethe", "as we compute it", BY_ROW),
            number("agreement", "Spearman's rho of both ways", CORRELATION),
            text("how", "what was computed"),
        ],
        asked="by its name",
    ),
)
