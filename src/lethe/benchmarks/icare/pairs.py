"""From scores of images to interference per (emitter, receiver) pair.

On = unlearned model, off = base, same prompt, seed and initial noise. A metric of one image gives its value and on - off (``clip_diff``), a
metric of pairs gives itself under the name that it says it has in tables: ``dino_diff`` is a cosine despite its published name (Vision
Unlearning 1.0.0, ``pipeline_06``). ``rmse_published`` and ``ssim_published`` are those at the published data range 4095.

An off picture of one colour is no picture: nothing compares with it, or a broken base would show a model that draws the
same as harmless (RMSE 0, SSIM 1). Such a comparison is NaN. An on picture of one colour is damage, and is compared.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lethe.core.records import Fidelity, ModelId
from lethe.core.registry import nearest
from lethe.diffusion.metrics.constant import CONSTANT
from lethe.diffusion.metrics.specs import columns_of, compared, comparisons, constant_columns, quantities, spec_of
from lethe.io.tables import read_json, write_json

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

PUBLISHED_KEYS = {
    "brisque_diff": "brisque_diff",
    "clip_diff": "clip_diff",
    "rmse": "rmse_published",
    "ssim": "ssim_published",
    "dino_diff": "dino_diff",
}
"""Key of the published file -> our quantity."""
PROBABILITY = "probability"  # column of tidy pairs where models were asked for some receivers: of being asked for


class MissingReceiverError(KeyError):
    """Images or values of a receiver are missing; the message names the entities."""

    def __str__(self) -> str:
        return str(self.args[0])


def image_quantities(baseline: pd.DataFrame, scores: pd.DataFrame, what: str = "scores") -> pd.DataFrame:
    """Interference of every on image.

    Args:
        baseline: ``receiver, seed`` + ``image`` metrics of the off images.
        scores: ``receiver, seed`` + ``image`` and pair metrics of the on images.
        what: name of the scores for errors, e.g. the file.

    Returns:
        ``receiver, seed``, the raw on scores (``clip``, ``judge``, ...), the quantities of the module, ``constant`` (1 where the on
        picture has one colour), and the constants of the metrics (``nudenet_threshold``); a metric that was not scored gives no
        column. NaN stays NaN.

    Raises:
        MissingReceiverError: if an on image has no off image.
        ValueError: if (receiver, seed) is not unique, a column is no metric's, a metric of single images was scored on one side alone,
            or a constant differs between on and off.
    """
    for name, table in (("the baseline", baseline), (what, scores)):
        if table.duplicated(["receiver", "seed"]).any():
            twice = (
                table.loc[table.duplicated(["receiver", "seed"]), ["receiver", "seed"]].head(3).to_records(index=False).tolist()
            )
            raise ValueError(f"{name}: (receiver, seed) must be unique; more than once: {twice}")
    for name in (*columns_of("image", [*scores.columns, *baseline.columns]), CONSTANT):
        if (name in scores.columns) != (name in baseline.columns):
            has, lacks = ("on", "off") if name in scores.columns else ("off", "on")
            raise ValueError(f"{what}: the {has} images have '{name}', the {lacks} images have not; score both alike")
    kept = columns_of("image", scores.columns)
    empty = [CONSTANT] if CONSTANT in scores.columns else []
    joined = scores.merge(
        baseline[["receiver", "seed", *kept, *empty]],
        on=["receiver", "seed"],
        how="left",
        suffixes=("", "_off"),
        indicator=True,
    )
    lost = joined.loc[joined["_merge"] != "both", ["receiver", "seed"]]
    if len(lost):
        raise MissingReceiverError(f"{what}: no off image for (receiver, seed) {lost.head(5).to_records(index=False).tolist()}")
    result = joined[["receiver", "seed", *kept]].copy()
    for name in kept:
        result[f"{name}_diff"] = joined[name] - joined[f"{name}_off"]
    for column in columns_of("pair", joined.columns):
        result[compared([column])[column]] = joined[column]
    if empty:
        nothing = joined[f"{CONSTANT}_off"] != 0
        if nothing.any():
            log.warning("%s: %d of %d off pictures have one colour; nothing compares with them", what, nothing.sum(), len(joined))
            result.loc[nothing, [name for name in result.columns if name not in ("receiver", "seed", *kept)]] = math.nan
        result[CONSTANT] = joined[CONSTANT]
    if result.shape[1] == 2 + len(empty):
        raise ValueError(f"{what}: no known metric among the columns {', '.join(scores.columns)}")
    for column in scores.columns:
        if column not in ("receiver", "seed", CONSTANT, *compared([column]), *constant_columns([column])):
            raise ValueError(f"{what}: '{column}' is the column of no metric{nearest(column, quantities())}")
    for column in constant_columns([*baseline.columns, *scores.columns]):
        found = {name: sorted(set(table.get(column, ()))) for name, table in (("off", baseline), ("on", scores))}
        if found["off"] != found["on"] or len(found["on"]) != 1:
            raise ValueError(f"{what}: '{column}' must be one value for on and off images, found {found}")
        result[column] = scores[column].iloc[0]
    return result


def pair_means(images: pd.DataFrame, entities: int, what: str = "scores", asked: Collection[int] | None = None) -> pd.DataFrame:
    """Mean over seeds: one row per receiver 0..entities-1, or per one of those ``asked`` for, indexed by ``receiver``.

    NaN seeds (BRISQUE of a picture of one colour, the cosine of a zero embedding) are left out of the mean, as in the
    reference; their number is logged, and ``left_out`` tells it pair by pair. A pair with nothing else is NaN.

    Raises:
        MissingReceiverError: if a receiver has no image at all, or fewer than others, naming the indices; or one that was not
            asked for has some.
    """
    quantities = _quantities(images)
    wanted = set(range(entities)) if asked is None else set(asked)
    missing = sorted(wanted - set(images["receiver"]))
    if missing:
        raise MissingReceiverError(f"{what}: no images of {len(missing)} of {len(wanted)} receivers: {missing[:10]}")
    if asked is not None and (beside := sorted(set(images["receiver"]) - wanted)):
        raise MissingReceiverError(f"{what}: images of {len(beside)} receivers that were not asked for: {beside[:10]}")
    counts = images["receiver"].value_counts()
    if len(fewer := sorted(counts.index[counts < counts.max()])):
        raise MissingReceiverError(f"{what}: fewer than {counts.max()} images of {len(fewer)} receivers: {fewer[:10]}")
    for name, count in images[quantities].isna().sum().items():
        if count:
            log.warning("%s: %d of %d values of '%s' are NaN and left out of the means", what, count, len(images), name)
    return images.groupby("receiver", sort=True)[quantities].mean()


def left_out(images: pd.DataFrame) -> pd.DataFrame:
    """How many seeds the means of ``pair_means`` leave out: the same rows and columns."""
    return images[_quantities(images)].isna().groupby(images["receiver"], sort=True).sum()


def _quantities(images: pd.DataFrame) -> list[str]:
    return [column for column in images.columns if column not in ("receiver", "seed", *constant_columns(images.columns))]


def tidy_pairs(
    images: pd.DataFrame, entities: int, model: ModelId, what: str = "scores", asked: Mapping[int, float] | None = None
) -> pd.DataFrame:
    """Rows of ``pairs_{task}.parquet`` of one model: ``tidy`` of ``pair_means``, and ``left_out``, the seeds a mean leaves out.

    Args:
        asked: receivers that the model was asked for -> the ``probability`` of each, a column more; None: all, without one.
    """
    result = tidy(pair_means(images, entities, what, asked), model)
    result["left_out"] = tidy(left_out(images), model)["value"].astype("int64")
    if asked is not None:
        result[PROBABILITY] = result["receiver"].map(asked).astype(float)
    return result


def tidy(table: pd.DataFrame, model: ModelId) -> pd.DataFrame:
    """Wide rows of one model -> ``task, method, epochs, emitter, receiver[, seed], metric, value``.

    Constants of a metric stay columns: filled where the row's value is of that metric or of its difference, else empty.
    """
    if "receiver" not in table.columns:
        table = table.reset_index()
    keys, constants = [column for column in ("receiver", "seed") if column in table.columns], constant_columns(table.columns)
    long = table.drop(columns=list(constants)).melt(id_vars=keys, var_name="metric", value_name="value")
    for column, metric in constants.items():
        own = long["metric"].isin([metric, f"{metric}_diff"])
        long[column] = table[column].iloc[0]
        long[column] = long[column].where(own).astype("category")  # one code a row, however long the value
    long.insert(0, "task", model.task)
    long.insert(1, "method", model.method)
    long.insert(2, "epochs", model.epochs)
    long.insert(3, "emitter", model.index)
    return long


def file_name(model: ModelId) -> str:
    """The published file name; index and epochs are not padded."""
    return f"interferences_caused_by_{model.task}_{model.index}_{model.method}_{model.epochs}.json"


def file_keys(quantities: Iterable[str]) -> list[str]:
    """Keys of an emitter's file: those of ``quantities`` that compare, in the order of the registry.

    Those of the publication's data range never stand beside ours.
    """
    return [name for name in comparisons(quantities) if not name.endswith("_published")]


def pair_records(
    means: pd.DataFrame, names: Sequence[str], fidelity: Fidelity = "corrected"
) -> dict[str, dict[str, float | None]]:
    """The content of an emitter's file: receiver name -> quantities, in index order; NaN becomes None (JSON null).

    ``corrected`` writes every quantity but those of the published data range. ``published`` writes the five published keys,
    whose ``rmse`` and ``ssim`` have data range 4095, so the files of the two must never lie in one folder.
    """
    if fidelity == "published":
        keys = PUBLISHED_KEYS
        lost = [quantity for quantity in keys.values() if quantity not in means.columns]
        if lost:
            raise ValueError(f"the published file needs {', '.join(lost)}; there are {', '.join(means.columns)}")
    else:
        keys = {key: key for key in file_keys(means.columns)}
    if len(means) != len(names):
        raise MissingReceiverError(
            f"{len(means)} receivers with values, {len(names)} entities: {_difference(means.index, names)}"
        )
    rows = means[list(keys.values())].to_numpy(float)
    return {
        name: {key: None if math.isnan(value) else float(value) for key, value in zip(keys, row, strict=True)}
        for name, row in zip(names, rows, strict=True)
    }


def write_pairs(
    folder: str | Path, means: pd.DataFrame, names: Sequence[str], model: ModelId, fidelity: Fidelity = "corrected"
) -> Path:
    """Write the published JSON of one emitter; returns its path."""
    path = Path(folder) / file_name(model)
    write_json(path, pair_records(means, names, fidelity))
    return path


def read_pairs(path: str | Path, names: Sequence[str]) -> pd.DataFrame:
    """Read an emitter's file, also a published one: indexed by ``receiver``, one column per key; null becomes NaN.

    Raises:
        MissingReceiverError: naming the entities that the file lacks.
        ValueError: naming receivers that are no entities of the task.
    """
    content = read_json(path)
    missing = [name for name in names if name not in content]
    if missing:
        raise MissingReceiverError(f"{path}: lacks {len(missing)} of {len(names)} receivers: {', '.join(missing[:10])}")
    unknown = [name for name in content if name not in set(names)]
    if unknown:
        raise ValueError(f"{path}: '{unknown[0]}' is no entity of the task{nearest(unknown[0], list(names))}")
    import pandas as pd

    table = pd.DataFrame([content[name] for name in names], index=pd.RangeIndex(len(names), name="receiver"))
    for column in table.columns:
        spec_of(str(column))
    return table.astype(float)


def inverse_view(
    files: Mapping[str, Mapping[str, Mapping[str, float | None]]], receiver: str
) -> dict[str, Mapping[str, float | None]]:
    """What ``receiver`` suffers from each emitter: {emitter: its file's entry of the receiver}. Computed, never stored.

    Args:
        files: emitter name -> content of its file, of one method, in index order.
        receiver: an entity name.
    """
    missing = [emitter for emitter, content in files.items() if receiver not in content]
    if missing:
        known = sorted({name for content in files.values() for name in content})
        raise MissingReceiverError(f"receiver '{receiver}' is not in the file of '{missing[0]}'{nearest(receiver, known)}")
    return {emitter: content[receiver] for emitter, content in files.items()}


def _difference(index: pd.Index, names: Sequence[str]) -> str:
    lost = [name for position, name in enumerate(names) if position not in set(index)]
    return f"missing {', '.join(lost[:10])}" if lost else f"{len(index) - len(names)} too many"
