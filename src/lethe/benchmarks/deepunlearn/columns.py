"""What the tables of this benchmark say."""

from __future__ import annotations

from typing import get_args

from lethe.benchmarks.deepunlearn.ulira import RATES, Variant
from lethe.classifiers.columns import HYPERPARAMETER, METHOD, SCORE, SCORES, STUDY, TRIALS
from lethe.core.columns import (
    BY_ROW,
    CORRELATION,
    SAME,
    SHARE,
    Column,
    Named,
    Placeholder,
    Table,
    between,
    count,
    flag,
    gates,
    interval,
    number,
    text,
)

FOLDER = "deepunlearn/{dataset}/{architecture}"
ON_REQUEST = "deepunlearn_evaluations"
DISTANCE = {
    "gap": Named("mean difference to the retrained model in accuracies and attack; 0 is the retrained model itself", "", "lower"),
    "retdev": Named("summed deviation of the three ratios of accuracies from 1", "", "lower"),
    "mdev": Named("difference of the membership attack's accuracy to the retrained model's", "", "lower"),
    "indisc": Named("1 where the membership attack guesses, 0 where it is always right", SHARE, "higher"),
}
MEASURE = Placeholder(
    "score",
    "what is measured of a model",
    {
        **SCORE.of,
        "RR": Named("`RA` by that of the retrained model", "ratio"),
        "FR": Named("`FA` by that of the retrained model; empty where that is never right", "ratio"),
        "TR": Named("`TA` by that of the retrained model", "ratio"),
        **{"retdev_paired" if name == "retdev" else name: meaning for name, meaning in DISTANCE.items()},
    },
)
STATISTIC = Placeholder(
    "statistic",
    "what U-LiRA, an attack with many models, reaches",
    {
        "accuracy": Named("accuracy of the attack; 0.5 is guessing", SHARE, "lower"),
        "auc": Named("area under the attack's ROC curve; 0.5 is guessing", SHARE, "lower"),
        **{
            name: Named(f"true-positive rate of the attack at a false-positive rate of {rate:g}", SHARE, "lower")
            for name, rate in RATES.items()
        },
    },
)
MASK = Placeholder("mask", "why weights are out of reach", {})
OF_SEEDS = "seeds (Student's t)"

DIFFERS = flag("differs", "whether `q` is below the level of the tests")
OTHER = text("other", "what it is compared with: another method, or a reference")
ATTACK = [
    METHOD,
    text("variant", f"how the attack is computed: {', '.join(f'`{name}`' for name in get_args(Variant))}; the first is reported"),
    *interval("{statistic}", "{statistic}", SAME, SAME),
    number("width_factor", "how many times wider the interval of `accuracy` is than one that counts splits alone"),
    count("targets", "samples that the attack decides about, over all models"),
    number("undefined", "share of what models say that is no finite number", SHARE, "lower"),
]


def _study(name: str) -> str:
    return f"tables/deepunlearn_{name}{{dataset}}_{{architecture}}.csv"


TABLES = (
    Table(
        _study(""),
        "a method: means over seeds, distances to retraining and run time",
        [
            *STUDY,
            METHOD,
            flag("uses_val", "whether it uses the validation set, which contaminates `mia_val`"),
            flag("only_fine_tunes", "whether it only fine-tunes on this network, and so is not ranked"),
            count("seeds", "seeds that the means are over"),
            count("undefined", "seeds whose attack on the test set has no value"),
            count("left_out", "most seeds that one of the means leaves out"),
            *interval("{score}", "{score}, mean", SAME, SAME, over=OF_SEEDS),
            number("retdev_of_means", "deviation of the ratios of mean accuracies from 1", "", "lower"),
            number("indisc_of_means", "`indisc` of the mean attack", SHARE, "higher"),
            number("seconds", "median run time on one model", "seconds", "lower"),
            number("search_seconds", "time of the search of its hyper-parameters", "seconds", "lower"),
            number("rte", "how many times faster than retraining", "ratio", "higher"),
            number("rte_with_search", "the same with the search counted", "ratio", "higher"),
            number("slowest", "slowest run on one model", "seconds", "lower"),
            Column("differs_from_original", "whether its `gap` is another than the original's; empty: not ranked", "any"),
            Column("differs_from_floor", "whether its `gap` is another than that of models retrained from another seed", "any"),
        ],
        [MEASURE],
    ),
    Table(_study("seeds_"), "a model of a study, scored", SCORES, [SCORE]),
    Table(
        _study("floor_"),
        "a measure: how far retrained models of different seeds are apart, the noise floor",
        [
            *STUDY,
            text("measure", "what is compared"),
            number("mean", "mean over pairs of retrained models", BY_ROW, "lower"),
            number("p95", "95th percentile", BY_ROW, "lower"),
            number("p99", "99th percentile", BY_ROW, "lower"),
            count("pairs", "ordered pairs of retrained models"),
        ],
    ),
    Table(
        _study("pairs_"),
        "two methods, or a method and a reference, and a measure: do they differ?",
        [
            *STUDY,
            text("measure", "`gap`, `retdev` or `mdev`"),
            text("family", "what is tested together: `methods`, `original` or `retrained_again`"),
            METHOD,
            OTHER,
            count("seeds", "seeds where both have a value"),
            number("difference", "mean of the method minus the other; below 0: nearer to retraining", BY_ROW, "lower"),
            *between(BY_ROW, "", OF_SEEDS, "`difference`"),
            number("p", "p of the paired test", SHARE),
            number("q", "p corrected over the family (Benjamini and Hochberg)", SHARE),
            DIFFERS,
        ],
    ),
    Table(
        _study("groups_"),
        "a ranked method: its letters and its group",
        [
            *STUDY,
            METHOD,
            *(
                text(f"letters_{name}", f"methods that share a letter do not differ in `{name}`; `F`: it fails")
                for name in ("gap", "retdev", "mdev")
            ),
            *(
                text(f"group_{name}", f"`G1` (best) to `G3`, as the published study groups by `{name}`; `F`: it fails")
                for name in ("retdev", "indisc")
            ),
            text("why", "why it fails; empty: it does not"),
        ],
    ),
    Table(
        _study("ranks_"),
        "a method and a measure: its mean rank over seeds",
        [
            *STUDY,
            text("metric", "what methods are ranked by"),
            METHOD,
            *interval("rank", "mean rank; 1 is the best", "rank", "lower", over=OF_SEEDS),
            count("seeds", "seeds that the mean is over"),
        ],
    ),
    Table(
        _study("ledger_"),
        "a published number, and ours beside it",
        [
            METHOD,
            text("quantity", "what the number is"),
            number("lethe", "our number; empty: not measured", BY_ROW),
            number("published", "the published number", BY_ROW),
            number("difference", "ours minus theirs", BY_ROW),
            number("low", "lower end of the published band; empty: none is given", BY_ROW),
            number("high", "upper end of the published band", BY_ROW),
            text("verdict", "`inside` or `outside` the band, `no band`, or `not measured`"),
            flag("corrected", "whether ours corrects what the published code does"),
            text("band", "where the band comes from"),
            text("source", "who published the number"),
            text("url", "where"),
            text("commit", "commit of the published code"),
        ],
        asked="by its name",
    ),
    gates("tables/deepunlearn_study_gates_{dataset}_{architecture}.json", "a study"),
    gates("tables/deepunlearn_search_gates_{dataset}_{architecture}.json", "the search of hyper-parameters"),
    gates("tables/deepunlearn_gates_{dataset}_{architecture}.json", "U-LiRA"),
    Table(_study("lira_"), "a method, attacked by U-LiRA on what it forgot", ATTACK, [STATISTIC]),
    Table(
        _study("lira_pairs_"),
        "two methods and a statistic of U-LiRA: do they differ?",
        [
            text("statistic", "`accuracy`, `auc`, `tpr` or `tpr_0.1`"),
            METHOD,
            OTHER,
            number("difference", "the method's statistic minus the other's", CORRELATION, "lower"),
            *between(CORRELATION, "", "splits and samples", "`difference`"),
            number("p", "p of the difference", SHARE),
            number("q", "p corrected over the pairs of a statistic (Benjamini and Hochberg)", SHARE),
            DIFFERS,
        ],
    ),
    Table(
        _study("lira_retained_"),
        "a method, attacked by U-LiRA on what it was to keep",
        [
            *ATTACK,
            *interval("{statistic}_change", "the same minus the original's: {statistic}", CORRELATION, "lower"),
        ],
        [STATISTIC],
    ),
    Table(
        "tables/deepunlearn_lira_samples_{dataset}_{architecture}.parquet",
        "a method and a sample under U-LiRA",
        [
            METHOD,
            count("sample", "row of the data that U-LiRA uses"),
            number("phi_forgotten", "mean confidence of models that forgot it", "logit"),
            number("phi_unseen", "mean confidence of models that never saw it", "logit"),
            count("forgotten", "models that forgot it"),
            count("unseen", "models that never saw it"),
            number("memorised", "how much the originals know it by heart", "logit"),
            count("decisions", "times that the attack decided about it"),
            number("right", "share of these that were right", SHARE, "lower"),
        ],
    ),
    Table(
        f"{FOLDER}/lira/roc.parquet",
        "a point of the ROC curve of U-LiRA on a method",
        [
            METHOD,
            number("fpr", "false-positive rate", SHARE),
            number("tpr", "true-positive rate", SHARE, "lower"),
            *between(SHARE, "lower", of="`tpr`"),
        ],
    ),
    Table(
        f"{FOLDER}/lira/memorisation.parquet",
        "a sample: how well the originals know it by heart",
        [
            number("memorised", "confidence of models trained on it minus that of models that never saw it", "logit"),
            number("hardest", "minus the latter", "logit"),
        ],
        asked="deepunlearn (forget sets that models choose)",
    ),
    Table(
        f"{FOLDER}/lira/search/{{unlearner}}.parquet",
        "a trial of the search of a method's hyper-parameters on U-LiRA's models",
        TRIALS,
        [HYPERPARAMETER],
        "deepunlearn_lira_search",
    ),
    Table(
        _study("klom_"),
        "a method and a part of the data: how far its outputs are from those of retrained models",
        [
            METHOD,
            text("part", "`forget`, `retain` or `val`"),
            count("samples", "samples with a value"),
            number("mean", "mean divergence of margins over samples", "nats", "lower"),
            number("p95", "95th percentile over samples", "nats", "lower"),
            *interval("excess", "`mean` minus that of `retrained`, the floor", "nats", "lower", over="blocks of splits"),
        ],
        asked=ON_REQUEST,
    ),
    Table(
        f"{FOLDER}/representation.parquet",
        "a model and a part of the data: what its features tell",
        [
            METHOD,
            count("seed", "seed of the model"),
            count("unlearning_seed", "seed of the run of the method"),
            text("part", "part of the data"),
            number("cka", "similarity (CKA) of features with the retrained model of the seed", SHARE, "higher"),
            number("cka_again", "the same with the retrained model of another seed", SHARE, "higher"),
            number("probe", "share of labels that a linear probe finds in the features", SHARE),
        ],
        asked=ON_REQUEST,
    ),
    Table(
        _study("representation_"),
        "a method and a part of the data: what its features tell, means over seeds",
        [
            METHOD,
            text("part", "part of the data"),
            count("seeds", "seeds that the means are over"),
            *interval("cka", "similarity (CKA) of features with the retrained model", SHARE, "higher", over=OF_SEEDS),
            *interval("cka_again", "the same with the retrained model of another seed", SHARE, "higher", over=OF_SEEDS),
            *interval("cka_excess", "`cka_again` minus that of `retrained`, its floor", CORRELATION, "higher", over=OF_SEEDS),
            *interval("probe", "share of labels that a linear probe finds in the features", SHARE, over=OF_SEEDS),
            *interval("probe_excess", "`probe` minus that of `retrained`", CORRELATION, over=OF_SEEDS),
        ],
        asked=ON_REQUEST,
    ),
    Table(
        f"{FOLDER}/relearning.parquet",
        "a model and a step of training on one half of what it forgot",
        [
            METHOD,
            count("seed", "seed of the model"),
            count("unlearning_seed", "seed of the run of the method"),
            count("step", "steps of training so far"),
            number("shown", "accuracy on the half that is shown", SHARE),
            number("other", "accuracy on the half that is not shown", SHARE),
        ],
        asked=ON_REQUEST,
    ),
    Table(
        _study("relearning_"),
        "a method: how fast what it forgot comes back",
        [
            METHOD,
            count("seeds", "seeds that the means are over"),
            number("back", "share of models that come back at all", SHARE, "lower"),
            *interval("steps", "steps until then", "steps", "higher", over=OF_SEEDS),
            *interval("steps_excess", "`steps` minus those of `retrained`", "steps", "higher", over=OF_SEEDS),
            *interval("other_before", "accuracy on the half that is not shown, before", SHARE, over=OF_SEEDS),
            *interval(
                "other_after", "accuracy on the half that is not shown, after the last step", SHARE, "lower", over=OF_SEEDS
            ),
            *interval("other_excess", "`other_after` minus that of `retrained`", CORRELATION, "lower", over=OF_SEEDS),
        ],
        asked=ON_REQUEST,
    ),
    Table(
        _study("weights_"),
        "a group of weights of the network: which shares methods cannot act on",
        [
            text("kind", "kind of layer; `all`: all weights"),
            text("tensor", "name of the tensor; `all`: all of the kind"),
            count("weights", "number of weights"),
            number("zero_gradient", "share whose gradient is always zero", SHARE),
            number("clamped_{mask}", "share at the bound of {mask}", SHARE),
        ],
        [MASK],
        "deepunlearn_weights",
    ),
    Table(
        f"{FOLDER}/draws/{{draw}}.parquet",
        "a model of a fresh draw of data and forget set, scored",
        SCORES,
        [SCORE],
        "deepunlearn_draws",
    ),
    Table(
        _study("draws_"),
        "a draw of data and forget set, a measure and a method: does the order of methods repeat?",
        [
            count("draw", "number of the draw; 0 is what the study reports"),
            text("measure", "`gap`, `retdev` or `mdev`"),
            METHOD,
            number("mean", "mean over seeds", BY_ROW, "lower"),
            *between(BY_ROW, "", OF_SEEDS, "`mean`"),
            number("rank", "place among methods; 1 is the smallest distance", "rank", "lower"),
        ],
        asked="deepunlearn_draws",
    ),
    Table(
        "tables/deepunlearn_draws_{dataset}_{architecture}.json",
        "a summary of the draws: how far orders of methods agree",
        (),
        asked="deepunlearn_draws",
    ),
    Table(
        _study("variance_"),
        "a method and a measure: where its spread comes from",
        [
            *STUDY,
            METHOD,
            text("measure", "`gap`, `retdev` or `mdev`"),
            count("training_seeds", "seeds of the models"),
            count("unlearning_seeds", "seeds of the runs on each model"),
            number("mean", "mean over runs", BY_ROW, "lower"),
            number("sd_training", "standard deviation over models", BY_ROW),
            number("sd_unlearning", "standard deviation over runs on one model", BY_ROW),
            number("share_unlearning", "share of the variance of a single run that runs make", SHARE),
        ],
        asked="deepunlearn_variance",
    ),
)
