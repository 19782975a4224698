"""Every deviation from the reference by its id in docs/fidelity.md: how its effect is computed, or why this world shows none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from lethe.tools.fidelity import classifiers, images, models, results, similarity, statistics, testbed
from lethe.tools.fidelity.world import Effect, World

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Deviation:
    """One row of docs/fidelity.md.

    Attributes:
        deviation: the reference's way, in short.
        effects: computes its effects; None: the world shows none.
        reason: why there is no effect to show; also where ``effects`` finds nothing.
    """

    deviation: str
    effects: Callable[[World], Iterable[Effect]] | None = None
    reason: str = "this world has no results that show it"


def _published(method: str, deviation: str) -> Deviation:
    """A method of Deep Unlearn that has a twin ``{method}_published``; both need a search and training."""
    study = f"methods: [{method}, {method}_published]}}}}, lira: {{digits: {{methods: [{method}]}}}}"
    command = "snakemake -c2 results/published/tables/deepunlearn_digits_{mlp,tinycnn}.csv --config world=published "
    command += f"'deepunlearn={{hyperparameters: searched, datasets: {{digits: {{{study}}}'"
    return Deviation(deviation, classifiers.published(method), f"needs a search and training: {command}")


_NO_MUNBA = "no task has both munba and munba_published"
_PAPER = "the paper's sources only; those of the mini world are made here, complete and in order"

DEVIATIONS: dict[str, Deviation] = {
    "F1": Deviation("noise depends on batch size and position", images.noise),
    "F2": Deviation("data range 4095", images.data_range),
    "F3": Deviation("MUNBa: retain rows with the forget noise", models.retain_noise, _NO_MUNBA),
    "F4": Deviation("MUNBa: closed form that is not the Nash solution", models.nash, _NO_MUNBA),
    "F5": Deviation("MUNBa: both losses descended, adapter negated", models.descent, _NO_MUNBA),
    "F6": Deviation("LoRA trained at alpha / rank, applied at 1", models.lora_scale, _NO_MUNBA),
    "F7": Deviation("gradient clipping never acts", models.clipping),
    "F8": Deviation("UCE stored as edited matrices", models.uce_size),
    "F9": Deviation("CLIP similarity on raw names", similarity.matrices("clip")),
    "F10": Deviation("attribute similarity over all shared keys", similarity.matrices("attr")),
    "F11": Deviation("activations of both halves, not centred", similarity.matrices("act")),
    "F12": Deviation("training on raw labels", testbed.training_texts),
    "F13": Deviation("popularity compared as text", testbed.text_priority),
    "F14": Deviation("a trailing blank makes a category", testbed.trailing_blanks),
    "F15": Deviation("ties by an unstable sort", testbed.ties),
    "F16": Deviation("LFW names as regular expressions", reason=_PAPER),
    "F17": Deviation("race from DeepFace", reason="the paper's people only; those of the mini world have no such attribute"),
    "F18": Deviation("worst and average include the entity itself", images.own_pair),
    "F19": Deviation("p over pairs as if independent", statistics.mantel),
    "F20": Deviation("either of two raw p-values, no correction", statistics.families),
    "F21": Deviation("mean |r| over alignments", statistics.mean_alignment),
    "F22": Deviation("CSR: chi-squared on dependent counts", results.counts),
    "F23": Deviation("MSAM: random split over pairs", results.predicted),
    "F24": Deviation("SRN, SRC: missing attributes survive", statistics.missing_attributes),
    "F25": Deviation("SRCD: receivers as independent", results.directed),
    "F26": Deviation("MCI: the weight of SSIM is always 0", results.cuts),
    "F27": Deviation("IAT: own pairs, signs of models flipped", results.associations),
    "F28": Deviation("IAT: latent clip_embedding", reason="not implemented there, not offered here: nothing to compare"),
    "F29": Deviation("EFE: average instead of own clip_diff", results.efficiency),
    "F30": Deviation("arrows of differences contradict their metric", images.arrows),
    "F31": Deviation(
        "cache keys leave parameters out", reason="a stale cache depends on what ran before; no finished table can show it"
    ),
    "F32": Deviation("UnlearningVisualSummary is a stub", reason="a picture that the reference does not have: no number"),
    "F33": Deviation("weight_overlap for scenes/distil alone", statistics.weights),
    "F34": Deviation(
        "batch size from free GPU memory",
        reason="depends on the free memory of the machine that the reference runs on; no table can show it",
    ),
    "F35": Deviation("BRISQUE of piq", reason="piq is no dependency; the oracle test compares with the wheel's own evaluation"),
    "F36": Deviation("UCE's explicit float32 inverse", models.uce_exactness),
    "F37": Deviation(
        "adapters in float32 throughout", reason="the mini world trains in float32 as well; only paper sets bfloat16"
    ),
    "F38": Deviation("random crops", reason="sources of the mini world have the size of the model's images: nothing is cropped"),
    "F39": Deviation("pictures and words as stored", reason=_PAPER),
    "F40": Deviation("rows of entities that were not unlearned", reason="every entity of the mini world is unlearned"),
    "F41": Deviation("order of the columns per entity", reason="an order is no number"),
    "F42": Deviation(
        "weights at orthogonal gradients",
        reason="gradients that are orthogonal or parallel to the last bit do not occur in training",
    ),
    "F43": Deviation(
        "names and layout of files", reason="a layout is no number; a corpus in theirs is read (docs/published-corpus.md)"
    ),
    "D1": Deviation(
        "hyper-parameters chosen on what is reported",
        reason="needs a search: snakemake -c2 deepunlearn_search --config world=tuned_on_reported "
        "'deepunlearn={search: {protocol: published, seeds: [0, 1, 2, 3, 4]}}'",
    ),
    "D2": Deviation("U-LiRA on 0/1 correctness, in-sample", classifiers.attack),
    "D3": _published("kde", "KDE warms up on validation data"),
    "D4": _published("salun", "SalUn: growing mask weights, momentum, true random labels"),
    "D5": _published("scrub", "SCRUB's rewind falls back silently"),
    "D6": _published("bt", "BT's teacher always a ResNet-18"),
    "D7": _published("iu", "IU: a multiple of the first gradient"),
    "D8": _published("ff", "FF: square of a mean gradient"),
    "D9": _published("cfw", "CFW: top-level conv only, weights per batch"),
    "D10": _published("euk", "EU-k keeps running statistics"),
    "D11": Deviation("hyper-parameters that are never used", reason="they change nothing there; here they do not exist"),
    "D12": Deviation("temperature from 0", reason="a trial at 0 has no score; one at 0.01 or above is the same in both"),
    "D13": Deviation(
        "MNIST digits mirrored", reason="needs training; the digits of the mini world are augmented by no mirroring"
    ),
    "D14": Deviation("UTKFace in directory order", reason="needs UTKFace and another file system; the mini world has neither"),
    "D15": Deviation("U-LiRA: a search of its own", reason="needs that search: snakemake -c2 deepunlearn_lira_search"),
    "D16": Deviation("run times on shared nodes", classifiers.run_times),
    "D17": Deviation("ranking groups without a rule", classifiers.undefined),
    "D18": _published("msg", "MSG: the forget set weighs by batch size, biases are lost"),
    "D19": _published("prmq", "PRMQ: one step more"),
    "D20": Deviation(
        "the attack's sets shuffled by numpy's global state",
        reason="what a state holds depends on what ran before; no finished table can show it",
    ),
    "D21": Deviation(
        "U-LiRA: one initialisation for all models",
        reason="the same here; models with one each: snakemake -c2 results/own/tables/deepunlearn_lira_digits_{mlp,tinycnn}.csv "
        "--config world=own 'deepunlearn={lira: {digits: {init: own, methods: [ft]}}}'",
    ),
    "D22": Deviation("UTKFace: trials with batches above 128 pruned", reason="needs UTKFace; the mini world does not have it"),
}
COLUMNS = ["id", "deviation", "scope", "quantity", "published", "lethe", "agreement", "how"]


def effects(world: World, ids: Sequence[str] = tuple(DEVIATIONS)) -> pd.DataFrame:
    """Every effect in a world.

    Returns:
        ``id, deviation, scope, quantity, published, lethe, agreement, how``. A deviation without an effect has one row whose ``how``
        says why.
    """
    import pandas as pd

    rows = []
    for number in ids:
        entry = DEVIATIONS[number]
        found = list(entry.effects(world)) if entry.effects else []
        nothing = [Effect(scope="world", quantity="none", published=None, lethe=None, how=entry.reason)]
        rows += [{"id": number, "deviation": entry.deviation} | asdict(effect) for effect in found or nothing]
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.astype({name: float for name in ("published", "lethe", "agreement")})
