"""ROC curves of U-LiRA per method, with the low false-positive rates readable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from lethe.benchmarks.deepunlearn.figures.style import REFERENCES, look, title
from lethe.benchmarks.deepunlearn.templates.base import AttackedStudy, StudyTemplate, Tables
from lethe.figures.colours import PALE_GREY
from lethe.figures.style import DPI, WIDTH, plain_powers, styled
from lethe.figures.templates.result import Result
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEAST = 1e-3  # rates below rest on a handful of targets


def data(roc: pd.DataFrame, attacks: pd.DataFrame) -> pd.DataFrame:
    """The curves: ``method, fpr, tpr, auc, auc_low, auc_high``, leakiest method first.

    A method without a curve (it gave no confidences) has one row without rates; the picture names it.

    Args:
        roc: of ``lethe.benchmarks.deepunlearn.ulira.roc_table``.
        attacks: of ``lethe.benchmarks.deepunlearn.ulira.table``.

    Raises:
        ValueError: a curve without a row in ``attacks``.
    """
    values = attacks.set_index("method")[["auc", "auc_low", "auc_high"]]
    missing = sorted(set(roc["method"]) - set(values.index))
    if missing:
        raise ValueError(f"no attack for the curve of '{missing[0]}'; there are: {', '.join(map(str, values.index))}")
    without = [method for method in values.index if method not in set(roc["method"])]
    table = pd.concat([roc, pd.DataFrame({"method": without}, dtype=object)], ignore_index=True).join(values, on="method")
    leak = (table["auc"] - 0.5).abs()
    return table.assign(leak=-leak).sort_values(["leak", "method", "fpr"], ignore_index=True).drop(columns="leak")


@styled
def draw(data: pd.DataFrame) -> Figure:
    """Both axes logarithmic from 0.001; grey: a coin; black: retrained; dark grey: original. The legend tells areas and intervals."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 6.6), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    axes.plot([LEAST, 1], [LEAST, 1], color=PALE_GREY, linewidth=4, zorder=1, label="a coin (0.500)", solid_capstyle="butt")
    known = data.dropna(subset=["fpr", "tpr"])
    for method, rows in known.groupby("method", sort=False):
        style, reference = look(str(method)), method in REFERENCES
        first = rows.iloc[0]
        label = f"{title(str(method))}  {first['auc']:.3f} [{first['auc_low']:.3f}, {first['auc_high']:.3f}]"
        axes.plot(
            rows["fpr"], rows["tpr"], color=style["color"], linestyle=style["linestyle"], linewidth=2.6 if reference else 1.3,
            zorder=4 if reference else 3, label=label,
        )  # fmt: skip
    missing = [title(str(method)) for method in dict.fromkeys(data["method"]) if method not in set(known["method"])]
    if missing:
        axes.set_title(f"not shown, no curve: {', '.join(missing)}", loc="left", fontsize=9)
    axes.set_xscale("log")
    axes.set_yscale("log")
    plain_powers(axes.xaxis)
    plain_powers(axes.yaxis)
    axes.set_xlim(LEAST, 1)
    axes.set_ylim(LEAST, 1.05)
    axes.set_aspect("equal")
    axes.axvline(0.01, color=PALE_GREY, linewidth=0.8, linestyle=":", zorder=0)
    axes.set_xlabel("false-positive rate: unseen samples taken for forgotten ones")
    axes.set_ylabel("true-positive rate: forgotten samples found")
    axes.grid(True)
    figure.legend(
        loc="outside right upper", title="area under the curve\n[95 % interval over splits]", fontsize=9, handlelength=2.6
    )
    return figure


def compute(parameters: AttackedStudy, tables: Tables, inference: Inference) -> Result:
    """Rows: see ``data``, of the attack in its default variant."""
    from lethe.benchmarks.deepunlearn.ulira import DEFAULT

    attacks = tables["lira"]
    return Result.of_table(data(tables["roc"], attacks[attacks["variant"] == DEFAULT]))


TEMPLATE = StudyTemplate(
    "DeepUnlearnRocCurves", "U-LiRA", AttackedStudy, compute, lambda result, parameters, pictures: draw(result.table), {
        "lira": "tables/deepunlearn_lira_{study}.csv",
        "roc": "deepunlearn/{dataset}/{architecture}/lira/roc.parquet",
    },
)  # fmt: skip
