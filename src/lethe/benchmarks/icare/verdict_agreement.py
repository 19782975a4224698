"""Whether verdicts say what an independent judge sees: the check of ``lethe.benchmarks.icare.verdicts`` where a judge knows the entities.

The judge is asked what every picture of a pair shows: the receiver still, the emitter or what took its place (the class that it sees most in
the model's pictures of the emitter), or neither. What most pictures show is the truth of a pair. Preserved and drifted stand for the
receiver, bled for the substitute, destroyed for neither.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lethe.benchmarks.icare.verdicts import of_most

TRUTHS = ("neither", "substitute", "receiver")  # the worst first
STANDS_FOR = {"preserved": "receiver", "drifted": "receiver", "bled": "substitute", "destroyed": "neither"}


class Seen(NamedTuple):
    """What a judge sees in the pictures of one model.

    Attributes:
        receiver: (n,) what was asked for. label: (n,) class that is seen.
    """

    receiver: NDArray[np.int64]
    label: NDArray[np.int64]


def truths(seen: Seen, emitter: int, class_of: Sequence[int]) -> pd.DataFrame:
    """``receiver, truth`` of every pair of a model.

    Args:
        class_of: class of every receiver, in index order.
    """
    own = seen.label[seen.receiver == emitter]
    substitute = {class_of[emitter], int(np.bincount(own).argmax())}
    rows = []
    for receiver in sorted(set(seen.receiver.tolist()) - {emitter}):
        shown = seen.label[seen.receiver == receiver].tolist()
        words = [
            "receiver" if label == class_of[receiver] else "substitute" if label in substitute else "neither" for label in shown
        ]
        rows.append((receiver, of_most(words, TRUTHS)))
    return pd.DataFrame(rows, columns=["receiver", "truth"])


def agreement_table(verdicts: pd.DataFrame, truth: pd.DataFrame, tuning: Collection[int]) -> pd.DataFrame:
    """How often verdict and truth agree, by method.

    Args:
        verdicts: ``method, emitter, receiver, verdict``. truth: ``method, emitter, receiver, truth``.
        tuning: emitters on which anything was chosen, told apart.

    Returns:
        ``method, emitters`` (``reported`` or ``tuning``), ``truth`` (``all`` or one of ``TRUTHS``), ``pairs, agreement``; the method
        ``all`` stands for all of them together.
    """
    both = verdicts.merge(truth, on=["method", "emitter", "receiver"], validate="1:1")
    both["agrees"] = both["verdict"].map(STANDS_FOR) == both["truth"]
    both["emitters"] = np.where(both["emitter"].isin(list(tuning)), "tuning", "reported")
    rows = []
    for method in ["all", *dict.fromkeys(both["method"])]:
        of_method = both if method == "all" else both[both["method"] == method]
        for emitters, found in of_method.groupby("emitters", sort=True):
            for word in ("all", *TRUTHS):
                shown = found if word == "all" else found[found["truth"] == word]
                if len(shown):
                    rows.append((method, emitters, word, len(shown), shown["agrees"].mean()))
    return pd.DataFrame(rows, columns=["method", "emitters", "truth", "pairs", "agreement"])
