"""What the table of UnlearnCanvas says, as findings: is a concept gone, and is the rest still drawn?"""

from __future__ import annotations

import pandas as pd

from lethe.core.finding import Finding, agreeing, counted, percent
from lethe.diffusion.methods import LOOKS, ROLES

BASE = "base"  # the row of the model before anything is forgotten
FORGOTTEN, KEPT = 0.9, 0.85  # least UA; least of IRA and CRA
PROTOCOL, JUDGE = "default", 1
FEW = 5  # methods that a sentence names one by one; of more it names those that fail, and the table has all
WHAT = {"style": "styles", "object": "objects"}


def findings(task: str, table: pd.DataFrame, file: str) -> list[Finding]:
    """One finding per kind of concept.

    Args:
        table: of the accuracies of all methods (UA, IRA, CRA), every protocol and judge. file: where it is, relative to the world.
    """
    rows = table[(table["protocol"] == PROTOCOL) & (table["judge"] == JUDGE) & (table["method"] != BASE)]
    rows = rows[rows["method"].map(ROLES.role) == ""]
    return [_of_kind(task, str(kind), own, file) for kind, own in rows.groupby("kind", sort=False)]


def _of_kind(task: str, kind: str, rows: pd.DataFrame, file: str) -> Finding:
    gone = rows["ua"] >= FORGOTTEN
    both = gone & (rows[["ira", "cra"]].min(axis=1) >= KEPT)
    many = int(both.sum())
    verb, rest = (agreeing(many, len(rows), f"{word}s", word) for word in ("forget", "keep"))
    few, told = len(rows) <= FEW, []
    for _, row in (rows if few else rows[~both]).iterrows():
        least = "ira" if row["ira"] <= row["cra"] else "cra"
        forgotten = percent(row["ua"], row["ua_low"], row["ua_high"])
        kept = percent(row[least], row[f"{least}_low"], row[f"{least}_high"])
        told.append(f"{LOOKS.title(row['method'])} {forgotten} gone, {kept} kept")
    named = f"{'' if few else 'Not so: '}{'; '.join(told)}. " if told else ""
    return Finding(
        task,
        f"{counted(many, len(rows), 'method')} {verb} {WHAT.get(kind, kind)} and {rest} the rest.",
        f"{named}Gone: pictures in which a judge no longer finds the {kind} (UA, at least {percent(FORGOTTEN)}). Kept: the "
        f"smaller of what it still finds of the others of the same kind (IRA) and of the other kind (CRA), at least {percent(KEPT)}.",
        many == len(rows),
        file,
    )
