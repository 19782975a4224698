"""What the tables say that this family writes, whatever benchmark reads them."""

from __future__ import annotations

from lethe.core.columns import SHARE, Column, Named, Placeholder, Table, count, number, text

STUDY = [text("dataset", "data set of the study"), text("architecture", "network of the study")]
METHOD = text("method", "code name of the method; `original`, `retrained` and `retrained_again` are the references")
HYPERPARAMETER = Placeholder("hyperparameter", "a hyper-parameter of the method", {})
SCORE = Placeholder(
    "score",
    "what is measured of a model",
    {
        "RA": Named("accuracy on what is to be retained", SHARE, "higher"),
        "FA": Named("accuracy on what is to be forgotten; the retrained model's is the aim", SHARE),
        "VA": Named("accuracy on the validation set", SHARE, "higher"),
        "TA": Named("accuracy on the test set", SHARE, "higher"),
        "mia_val": Named("accuracy of a membership attack that is held against validation samples; 0.5 is guessing", SHARE),
        "mia_test": Named("accuracy of a membership attack that is held against test samples; 0.5 is guessing", SHARE),
        "TA_clean": Named("accuracy on the test set against its true labels", SHARE, "higher"),
        "FA_mislabelled": Named("accuracy on the wrongly labelled samples to be forgotten", SHARE),
        "FA_rightly": Named("accuracy on the rightly labelled samples to be forgotten", SHARE),
    },
)
SCORES: list[Column] = [
    *STUDY,
    METHOD,
    count("seed", "seed of the model"),
    count("unlearning_seed", "seed of the run of the method on the model"),
    number("{score}", "{score}", "same", "same"),
]
TRIALS: list[Column] = [
    count("model", "number of the model that is searched on"),
    count("trial", "number of the trial"),
    text("state", "`complete` or `failed`"),
    number("retain", "a third of the difference to the retrained model in accuracy on what is to be retained", "", "lower"),
    number("forget", "a third of the difference to the retrained model in accuracy on what is to be forgotten", "", "lower"),
    number("val", "a third of the difference to the retrained model in accuracy on the validation set", "", "lower"),
    number("mia", "twice the difference to the retrained model in the attack of `mia_val`", "", "lower"),
    number("norm", "Euclidean norm of the four: trials are judged by it", "", "lower"),
    Column("{hyperparameter}", "value of the hyper-parameter {hyperparameter}", "any"),
]
TABLES = (
    Table("deepunlearn/{dataset}/{architecture}/scores.parquet", "a model of a study, scored", SCORES, [SCORE]),
    Table(
        "deepunlearn/{dataset}/{architecture}/search/{unlearner}.parquet",
        "a trial of the search of a method's hyper-parameters",
        TRIALS,
        [HYPERPARAMETER],
        "deepunlearn_search",
    ),
    Table(
        "deepunlearn/{dataset}/{architecture}/run_times.parquet",
        "a method, timed on one model on a machine that does nothing else",
        [
            text("method", "code name of the method, or `retrained`"),
            number("seconds", "median time of a run", "seconds", "lower"),
            number("slowest", "time of the slowest run", "seconds", "lower"),
        ],
    ),
)
