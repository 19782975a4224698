"""From losses of single images to the table of membership inference, and what must hold before it is believed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lethe.core.gate import Gate
from lethe.core.methods import RETRAINED, UNCHANGED
from lethe.core.records import ModelId
from lethe.diffusion.methods import ROLES
from lethe.diffusion.testbed.members import asked_of
from lethe.statistics.association import bootstrap_mean
from lethe.statistics.attacks import auc, auc_interval

if TYPE_CHECKING:
    import pandas as pd

Losses = NDArray[np.float64]
BASE = "base"  # in the column `method`: the model before unlearning
RECEIVERS = ("emitter", "others")


def membership_table(
    models: Sequence[tuple[ModelId, pd.DataFrame]],
    base: pd.DataFrame,
    *,
    images: int,
    members_of: str,
    draws: int,
    level: float,
    seed: int,
) -> pd.DataFrame:
    """One row per model and receivers: can members be told from non-members by their loss?

    Args:
        models: each with the losses of its images, ``entity, image, member, loss``.
        base: the same of the base, for all images; it is told for every emitter, on the images its models are asked about.
        images: as given to ``asked_of``.
        members_of: what makes an image a member, ``base`` or ``unlearning``.
        draws, level, seed: of the bootstrap over images.

    Returns:
        ``method, epochs, emitter, receivers`` (``emitter`` or ``others``), ``auc, low, high, members_of, members, nonmembers``
        (numbers of images), ``loss_members, loss_nonmembers`` (means). Rows of the base come first. What has no image of a kind is
        NaN.
    """
    import pandas as pd

    emitters = sorted({model.index for model, _ in models})
    told = [(BASE, 0, emitter, base.iloc[asked_of(base, emitter, images)]) for emitter in emitters]
    told += [(model.method, model.epochs, model.index, losses) for model, losses in models]
    rows: list[dict[str, Any]] = []
    for method, epochs, emitter, losses in told:
        own = losses["entity"] == emitter
        for receivers, part in zip(RECEIVERS, (losses[own], losses[~own]), strict=True):
            inside = part.loc[part["member"], "loss"].to_numpy(float)
            outside = part.loc[~part["member"], "loss"].to_numpy(float)
            low, high = auc_interval(-inside, -outside, draws, level, seed)  # a lower loss says member
            row = {"method": method, "epochs": epochs, "emitter": emitter, "receivers": receivers}
            row |= {"auc": auc(-inside, -outside), "low": low, "high": high, "members_of": members_of}
            row |= {"members": len(inside), "nonmembers": len(outside)}
            rows.append(row | {"loss_members": _mean(inside), "loss_nonmembers": _mean(outside)})
    return pd.DataFrame(rows)


def membership_means(table: pd.DataFrame, *, exclude: Collection[int] = (), draws: int, level: float, seed: int) -> pd.DataFrame:
    """Means over emitters of ``membership_table``: what a method does, where one emitter alone tells little.

    Args:
        table: from ``membership_table``.
        exclude: emitters that are not reported (those that hyper-parameters were tuned on).
        draws, level, seed: of the bootstrap over emitters.

    Returns:
        ``method, epochs, receivers, emitters``; mean ``auc`` with ``low, high``; ``change`` with ``change_low, change_high``: the mean
        difference to the base's area on the same images, emitter by emitter. Negative on the emitter: the method hides its members.
        Intervals of a single emitter are NaN. ``auc_left_out``, ``change_left_out``: emitters without a value, not in ``emitters``.
    """
    import pandas as pd

    kept = table[~table["emitter"].isin(list(exclude))]
    base = kept[kept["method"] == BASE].set_index(["receivers", "emitter"])["auc"]
    rows = []
    for (method, epochs, receivers), part in kept.groupby(["method", "epochs", "receivers"], sort=False):
        own = part.set_index(["receivers", "emitter"])["auc"]
        mean = bootstrap_mean(own.to_numpy(float), draws, level, seed)
        change = bootstrap_mean((own - base.loc[own.index]).to_numpy(float), draws, level, seed)
        row = {"method": method, "epochs": epochs, "receivers": receivers, "emitters": mean.n}
        row |= {"auc": mean.mean, "low": mean.low, "high": mean.high, "auc_left_out": mean.left_out}
        rows.append(row | change.columns("change"))
    return pd.DataFrame(rows)


def membership_gates(table: pd.DataFrame, means: pd.DataFrame) -> list[Gate]:
    """What must hold before a membership table is believed; a gate without its method is left out."""
    own = table[table["receivers"] == "emitter"]
    roles = own["method"].map(ROLES.role)
    retrained, none, base = own[roles == RETRAINED], own[roles == UNCHANGED], own[own["method"] == BASE]
    gates = [gate_base_knows(means)]
    if len(retrained):
        gates.append(gate_retrained(retrained))
    if len(none):
        gates.append(gate_none_is_base(none, base))
    return gates


def gate_base_knows(means: pd.DataFrame) -> Gate:
    """Before unlearning there is something to be told apart: the interval of the base's mean area lies above 0.5.

    Where members are the images shown to methods it need not hold: the base may know all images of the source or none.
    """
    row = means[(means["method"] == BASE) & (means["receivers"] == "emitter")].iloc[0]
    how = f"mean area of the base over {row['emitters']} emitters, interval {row['low']:.3f} to {row['high']:.3f}"
    numbers = [*row[["auc", "low", "high"]], *[np.nan] * int(row["auc_left_out"])]
    return Gate("base_knows_its_members", row["auc"], 0.5, row["low"] > 0.5, f"{how}; holds if it lies above 0.5", numbers)


def gate_retrained(rows: pd.DataFrame) -> Gate:
    """A model that never saw its emitter has no members among that entity's images: every interval holds 0.5.

    Whether members are those of the base or those of unlearning: retraining leaves out the whole entity.
    """
    worst = rows.iloc[int((rows["auc"] - 0.5).abs().fillna(np.inf).argmax())]
    holds = bool(((rows["low"] <= 0.5) & (rows["high"] >= 0.5)).all())
    how = f"the area farthest from 0.5 among {len(rows)} retrained models: emitter {worst['emitter']}, "
    how += f"interval {worst['low']:.3f} to {worst['high']:.3f}; holds if every interval holds 0.5"
    return Gate("retrain_knows_no_member", worst["auc"], 0.5, holds, how, rows[["auc", "low", "high"]])


def gate_none_is_base(none: pd.DataFrame, base: pd.DataFrame) -> Gate:
    """A no-op method answers as the base does, up to what another batch size may change."""
    both = none.merge(base, on="emitter", how="left", suffixes=("", "_base"))
    difference = (both["loss_members"] - both["loss_members_base"]).abs()
    value = float(difference.max())
    how = f"largest difference of the members' mean loss between '{', '.join(none['method'].unique())}' and the base over {len(both)} emitters"
    return Gate("none_answers_as_the_base", value, 1e-5, value <= 1e-5, how, difference)


def _mean(values: Losses) -> float:
    return float(values.mean()) if len(values) else float("nan")
