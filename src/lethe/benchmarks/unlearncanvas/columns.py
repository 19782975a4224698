"""What the tables of this benchmark say."""

from __future__ import annotations

from lethe.benchmarks.unlearncanvas.concepts import ATTRIBUTES
from lethe.benchmarks.unlearncanvas.protocols import QUANTITIES
from lethe.core.columns import (
    BY_ROW,
    CORRELATION,
    SAME,
    SHARE,
    Column,
    Named,
    Placeholder,
    Table,
    count,
    flag,
    gates,
    interval,
    number,
    text,
)
from lethe.diffusion.jobs.columns import CLASSIFIER, JUDGE, MODEL, SCORES, SEEN, attacked, outcomes
from lethe.diffusion.metrics.quantities import CONSTANT, QUANTITY

MEANT = {
    "ua": "unlearning accuracy: share of pictures of what was forgotten that do not show it",
    "ira": "in-domain retain accuracy: share of pictures of other values of the same kind that are right",
    "cra": "cross-domain retain accuracy: share of pictures in which the other kind is right",
}
ACCURACY = Placeholder("accuracy", "what is measured", {name: Named(MEANT[name], SHARE, "higher") for name in QUANTITIES})
ATTRIBUTE = Placeholder("attribute", "what a picture is asked about", {name: Named(name) for name in ATTRIBUTES})
FEATURES = Placeholder("features", "the classifier whose features are compared", {})
FORGOTTEN = Placeholder("forgotten", "a concept of the sequence", {})
NETWORK = Placeholder("network", "the network whose features are compared", {})
PART = Placeholder("part", "what the pictures are parted by", {name: Named(name) for name in ("styles", "objects", "contents")})

TASK = text("task", "name of the task")
METHOD = text("method", "code name of the method; `base`: the model before unlearning")
JUDGE_NUMBER = count("judge", "number of the judge that looks, from 1")
CONCEPT = [
    count("concept", "index of what was forgotten; -1: nothing"),
    text("name", "what was forgotten: a style or an object"),
    text("kind", "`style` or `object`"),
]
SPREAD = (
    ("sd", "standard deviation over concepts"),
    ("smallest", "smallest of one concept"),
    ("largest", "largest of one concept"),
)
ANSWERS: list[Column] = [
    METHOD,
    MODEL[1],
    *CONCEPT,
    count("cell", "index of what was asked for: a style and an object"),
    count("seed", "seed of the noise"),
    text("style", "style that was asked for"),
    text("object", "object that was asked for"),
    flag("covered", "whether the picture was to show what is forgotten"),
    number("constant", "1 where all pixels have one colour, else 0", "", "lower"),
    text("{attribute}_pred_{judge}", "{attribute} that {judge} sees"),
    number("{attribute}_p_{judge}", "probability that {judge} gives to the {attribute} that it sees", SHARE),
    number("{attribute}_asked_p_{judge}", "probability that {judge} gives to the {attribute} that was asked for", SHARE),
    text("{attribute}_jpeg_pred_{judge}", "{attribute} that {judge} sees in a JPEG copy"),
    number("{attribute}_jpeg_p_{judge}", "probability of the {attribute} that {judge} sees in a JPEG copy", SHARE),
]
OF_ANSWERS = (ATTRIBUTE, JUDGE)
ACCURACIES: list[Column] = [
    TASK,
    METHOD,
    MODEL[1],
    text("kind", "kind of what was forgotten: `style` or `object`; `all`: both"),
    text("protocol", "which pictures count, by the name of a preset"),
    JUDGE_NUMBER,
    count("n", "concepts that were measured"),
    count("images", "pictures of one model that the protocol looks at"),
    *interval("{accuracy}", "{accuracy}; mean over concepts", SAME, SAME, over="concepts and seeds"),
    *(number(f"{{accuracy}}_{name}", f"{meaning}: {{accuracy}}", SAME) for name, meaning in SPREAD),
    *interval(
        "{accuracy}_minus_base", "minus that of the base on the same pictures: {accuracy}", CORRELATION, over="concepts and seeds"
    ),
    number("{accuracy}_jpeg", "mean on JPEG copies: {accuracy}", SAME, SAME),
]
ARM = text("arm", "how concepts follow: `sequential`, `simultaneous`, `independent`, `merged`; or `retrained`")
OF_SEQUENCE: list[Column] = [
    ARM,
    count("step", "step of the sequence"),
    number("strength", "strength of the edit"),
    number("drift", "relative change of the empty prompt", "ratio", "lower"),
    number("seconds", "time of unlearning", "seconds", "lower"),
]
PAIR: list[Column] = [
    TASK,
    JUDGE_NUMBER,
    METHOD,
    text("style", "style of the forgotten cell"),
    text("object", "object of the forgotten cell"),
    number("ua_neither", "share of the cell's pictures that show neither its style nor its object", SHARE, "higher"),
    number("ua_not_both", "share that do not show both", SHARE, "higher"),
    number("ua_counterpart", "share that show what takes the place of both", SHARE, "higher"),
    number("sc", "style accuracy on other objects in the cell's style", SHARE, "higher"),
    number("oc", "object accuracy on the cell's object in other styles", SHARE, "higher"),
    number("up", "mean accuracy on all cells that share neither", SHARE, "higher"),
    count("target_images", "pictures of the cell"),
    number("seconds", "time of unlearning", "seconds", "lower"),
]
COSTS = (
    ("setup_seconds", "time that models of one job share", "seconds", "lower"),
    ("seconds", "time of unlearning one concept", "seconds", "lower"),
    ("delta_bytes", "size of what is kept beside the base", "bytes", "lower"),
    ("empty_prompt_drift", "relative change of the keys and values of the empty prompt", "ratio", "lower"),
)

TABLES = (
    Table("answers/{task}_{method}.parquet", "a picture and what every judge sees in it", ANSWERS, OF_ANSWERS),
    Table(
        "answers/{task}_{others}_others.parquet",
        "a picture of others and what every judge sees in it",
        ANSWERS,
        OF_ANSWERS,
        "by its name",
    ),
    Table("tables/unlearncanvas_accuracy_{task}.csv", "a method, a kind, a protocol and a judge", ACCURACIES, [ACCURACY]),
    Table(
        "tables/unlearncanvas_demo_{task}.csv",
        "a method, a kind, a protocol and a judge, of the few methods and concepts of the demo",
        ACCURACIES,
        [ACCURACY],
    ),
    Table(
        "tables/unlearncanvas_others_{task}.csv",
        "a method of others, a kind, a protocol and a judge",
        ACCURACIES,
        [ACCURACY],
        "by its name",
    ),
    Table(
        "tables/unlearncanvas_concepts_{task}.csv",
        "a method and a concept that it forgot",
        [
            TASK,
            METHOD,
            MODEL[1],
            *CONCEPT,
            flag("reported", "whether it is in means; hyper-parameters were tuned on the others"),
            number("{accuracy}_{judge}", "as {judge} sees it: {accuracy}", SAME, SAME),
            number(
                "other_on_target_{judge}",
                "share of pictures of the target in which {judge} sees the other kind rightly",
                SHARE,
                "higher",
            ),
            number("guide_{judge}", "share in which {judge} sees what takes the target's place; empty without one", SHARE),
            number("other_on_target_retrained_{judge}", "the same of the retrained model: {judge}", SHARE),
            number("guide_retrained_{judge}", "`guide_{judge}` of the retrained model: {judge}", SHARE),
            number("photo_kept_{judge}", "share of photos without the target in which {judge} sees a photo", SHARE, "higher"),
            number("constant", "share of pictures of the target that have one colour", SHARE, "lower"),
            number("empty_prompt_drift", "relative change of the keys and values of the empty prompt", "ratio", "lower"),
        ],
        [ACCURACY, JUDGE],
    ),
    Table(
        "tables/unlearncanvas_confusion_{task}.csv",
        "a concept that a method forgot and a value that a judge sees where it was asked for: what is drawn instead",
        [
            TASK,
            METHOD,
            MODEL[1],
            *CONCEPT,
            JUDGE_NUMBER,
            text("attribute", "`style` or `object`: what the picture is asked about"),
            text("drawn", "the value that is seen"),
            flag("asked", "whether this value was asked for"),
            flag("guide", "whether it is what takes the target's place"),
            count("images", "pictures of the target"),
            number("share", "share of these in which it is seen", SHARE),
            number("share_base", "the same of the base", SHARE),
            number("share_retrained", "the same of the retrained model; empty where there is none", SHARE),
        ],
    ),
    Table(
        "tables/unlearncanvas_agreement_{task}.csv",
        "two judges, or one on two copies: do they see the same?",
        [
            TASK,
            METHOD,
            text("attribute", "`style` or `object`"),
            text("first", "number of a judge; `1 jpeg`: judge 1 on a JPEG copy"),
            text("second", "the other one"),
            text("images", "which pictures: `target`, `others` or `all`"),
            count("n", "models"),
            number("agreement", "share of pictures in which both see the same", SHARE, "higher"),
            number("agreement_sd", "standard deviation over models", SHARE),
            number("agreement_smallest", "smallest of one model", SHARE, "higher"),
            number("agreement_largest", "largest of one model", SHARE, "higher"),
            number("kappa", "Cohen's kappa; empty where both see one value only", CORRELATION, "higher"),
        ],
    ),
    gates("tables/unlearncanvas_gates_{task}.json", "UnlearnCanvas"),
    Table(
        "tables/unlearncanvas_distribution_{task}.csv",
        "a model and a set of cells: its pictures against real ones; method `real`: the floor",
        [
            TASK,
            METHOD,
            MODEL[1],
            *CONCEPT,
            text("cells", "`all`, or `others`: those that do not show what was forgotten"),
            count("images", "pictures of the model"),
            count("real", "real pictures"),
            number("fd_{features}", "Fréchet distance to real pictures in the features of {features}", "", "lower"),
            number("kid_{features}", "kernel distance to real pictures in the features of {features}", "", "lower"),
            number("fd_{features}_minus_base", "the same less that of the base: Fréchet distance in {features}", "", "lower"),
            number("kid_{features}_minus_base", "the same less that of the base: kernel distance in {features}", "", "lower"),
        ],
        [FEATURES],
    ),
    Table(
        "tables/unlearncanvas_cost_{task}.csv",
        "a method: time, memory and what must be kept",
        [
            TASK,
            METHOD,
            MODEL[1],
            count("n", "models"),
            *(
                column
                for name, meaning, unit, better in COSTS
                for column in (
                    number(name, f"{meaning}, mean over models", unit, better),
                    number(f"{name}_sd", f"{meaning}, standard deviation over models", unit),
                    number(f"{name}_smallest", f"{meaning}, smallest", unit),
                    number(f"{name}_largest", f"{meaning}, largest", unit),
                )
            ),
            number("checkpoint_bytes", "size of a whole model", "bytes", "lower"),
            number("run_seconds", "time of one concept in a fresh process, with what is set up", "seconds", "lower"),
            number("run_loaded_mb", "memory with the base loaded", "MB"),
            number("run_peak_mb", "highest memory of the process", "MB", "lower"),
            number("run_cuda_allocated_mb", "highest memory that was used on the GPU", "MB", "lower"),
            number("run_cuda_reserved_mb", "highest memory that was reserved on the GPU", "MB", "lower"),
            text("run_device", "where it ran: `cpu` or `cuda`"),
        ],
    ),
    Table(
        "tables/unlearncanvas_ledger_{task}.csv",
        "a published number, and ours beside it",
        [
            text("table", "where it stands in the publication"),
            text("method", "code name of our method; empty: we do not have it"),
            text("published_name", "name of the method there"),
            text("kind", "`style`, `object`, `all` or `transfer`"),
            text("quantity", "what the number is"),
            text("unit", "unit of the numbers"),
            text("protocol", "our preset of which pictures count"),
            number("lethe", "our number; empty: not measured", BY_ROW),
            number("published", "the published number", BY_ROW),
            number("difference", "ours minus theirs", BY_ROW),
            text("verdict", "`compared` or `not measured`"),
            text("source", "who published the number"),
            text("confidence", "how sure the transcription is"),
        ],
        asked="canvas (worlds with published numbers)",
    ),
    Table(
        "tables/unlearncanvas_base_{task}.csv",
        "the base, and real pictures as the floor",
        [
            TASK,
            METHOD,
            count("images", "pictures"),
            number(
                "{attribute}_{judge}",
                "share of pictures in which {judge} sees the {attribute} that was asked for",
                SHARE,
                "higher",
            ),
            number("{attribute}_worst_{judge}", "the same of the worst cell: {judge}, {attribute}", SHARE, "higher"),
            number("fd_{features}", "Fréchet distance to real pictures in the features of {features}", "", "lower"),
            number("kid_{features}", "kernel distance to real pictures in the features of {features}", "", "lower"),
        ],
        [ATTRIBUTE, JUDGE, FEATURES],
        "by its name",
    ),
    Table(
        "tables/unlearncanvas_edits_{task}.csv",
        "a model that edits pictures and a style",
        [
            TASK,
            text("method", "name of the model; `unedited`: the pictures as they were; `truth`: what they were to become"),
            text("style", "style that is asked for; `all`: over all"),
            count("pictures", "pictures that the means are over"),
            number("{attribute}_{judge}", "share in which {judge} sees the {attribute} that was asked for", SHARE, "higher"),
            number("mse", "mean squared error to the truth, of pixels from 0 to 1", "", "lower"),
            number("clip_direction", "cosine of the change of pictures and of the change of captions", CORRELATION, "higher"),
        ],
        [ATTRIBUTE, JUDGE],
        "by its name",
    ),
    Table(
        "tables/unlearncanvas_style_transfer_{task}.csv",
        "a method of style transfer",
        [
            TASK,
            text("method", "name of the method"),
            count("images", "pictures that the means are over"),
            number("style_{network}", "distance in style to the true picture, in the features of {network}", "", "lower"),
            number("content_{network}", "distance in content to the content picture, in the features of {network}", "", "lower"),
            number("style_{network}_sd_{part}", "standard deviation of means by {part}: style, {network}"),
            number("content_{network}_sd_{part}", "standard deviation of means by {part}: content, {network}"),
        ],
        [NETWORK, PART],
        "by its name",
    ),
    Table(
        "unlearncanvas/grid_{task}_{method}.csv",
        "a point of a grid of hyper-parameters and a tuning concept",
        [
            TASK,
            METHOD,
            count("point", "number of the point"),
            text("parameters", "hyper-parameters of the point, as JSON"),
            *CONCEPT,
            number("{accuracy}", "{accuracy}", SAME, SAME),
            number("seconds", "time of unlearning", "seconds", "lower"),
        ],
        [ACCURACY],
        "canvas_grid",
    ),
    Table(
        "tables/unlearncanvas_grid_{task}.csv",
        "a point of a grid of hyper-parameters, means over tuning concepts",
        [
            TASK,
            METHOD,
            count("point", "number of the point"),
            text("parameters", "hyper-parameters of the point, as JSON"),
            count("n", "concepts"),
            number("seconds", "mean time of unlearning", "seconds", "lower"),
            number("{accuracy}", "{accuracy}; mean over concepts", SAME, SAME),
            *(number(f"{{accuracy}}_{name}", f"{meaning}: {{accuracy}}", SAME) for name, meaning in SPREAD),
            number("objective", "mean over concepts of the smallest of UA, IRA and CRA", SHARE, "higher"),
            flag("chosen", "whether this point is used"),
        ],
        [ACCURACY],
        "canvas_grid",
    ),
    Table(
        "unlearncanvas/sequence_{task}_{method}.parquet",
        "a picture of a model of a sequence and what every judge sees in it",
        [*ANSWERS, *OF_SEQUENCE],
        OF_ANSWERS,
        "canvas_robustness",
    ),
    Table(
        "unlearncanvas/retrained_sequence_{task}.parquet",
        "a picture of a retrained model of the sequence and what every judge sees in it",
        [*ANSWERS, *OF_SEQUENCE],
        OF_ANSWERS,
        "canvas_robustness",
    ),
    Table(
        "tables/unlearncanvas_sequence_{task}.csv",
        "a model of a sequence of concepts that are forgotten one after another",
        [
            TASK,
            JUDGE_NUMBER,
            METHOD,
            ARM,
            count("step", "step of the sequence"),
            number("strength", "strength of the edit"),
            count("asked", "concepts that the model was asked to forget"),
            number("ua_{forgotten}", "unlearning accuracy of {forgotten}, asked for or not", SHARE),
            number("ua_asked", "mean unlearning accuracy of those asked for", SHARE, "higher"),
            number("ua_smallest", "smallest of these", SHARE, "higher"),
            *interval("ira", "share of kept pictures in which the kind of the first concept is right", SHARE, "higher"),
            *interval("cra", "share of kept pictures in which the other kind is right", SHARE, "higher"),
            number(
                "other_on_forgotten", "share of pictures of what was asked for in which the other kind is right", SHARE, "higher"
            ),
            number("photo_kept", "share of photos in which a photo is seen", SHARE, "higher"),
            number("drift", "relative change of the empty prompt", "ratio", "lower"),
            number("seconds", "time of unlearning", "seconds", "lower"),
        ],
        [FORGOTTEN],
        "canvas_robustness",
    ),
    Table(
        "tables/unlearncanvas_matched_{task}.csv",
        "a method and a level of forgetting: what is kept where equally much is forgotten",
        [
            TASK,
            JUDGE_NUMBER,
            METHOD,
            ARM,
            number("ua", "level of unlearning accuracy", SHARE),
            number("strength", "strength of the edit that reaches it; empty: none does", ""),
            number("ua_smallest", "smallest unlearning accuracy there", SHARE, "higher"),
            number("ira", "share of kept pictures in which the kind of the first concept is right", SHARE, "higher"),
            number("cra", "share of kept pictures in which the other kind is right", SHARE, "higher"),
        ],
        asked="canvas_robustness",
    ),
    Table(
        "unlearncanvas/pairs_{task}_{method}.parquet",
        "a picture of a model that forgot a single cell and what every judge sees in it",
        [
            *ANSWERS,
            count("target", "index of the cell that was forgotten"),
            number("seconds", "time of unlearning", "seconds", "lower"),
        ],
        OF_ANSWERS,
        "canvas_robustness",
    ),
    Table(
        "tables/unlearncanvas_pairs_{task}.csv",
        "a method and a single cell, one style of one object, that it forgot",
        PAIR,
        asked="canvas_robustness",
    ),
    Table(
        "unlearncanvas/combined_{task}_{method}.parquet",
        "a picture of a model that is put together from two and what every judge sees in it",
        [
            *ANSWERS,
            text("arm", "`mean` or `sum`: how both changes are put together"),
            count("target", "index of the cell that was forgotten"),
            number("seconds", "time of unlearning", "seconds", "lower"),
        ],
        OF_ANSWERS,
        "by its name",
    ),
    Table(
        "tables/unlearncanvas_combined_{task}.csv",
        "a single cell forgotten by putting two models together",
        [*PAIR, text("arm", "`mean`, `sum` or `direct`: how the model was made")],
        asked="by its name",
    ),
    Table(
        "tables/unlearncanvas_capacity_{task}.csv",
        "a concept and a rank: how much SPEED can erase",
        [
            TASK,
            *CONCEPT,
            count("rank", "rank of the null space that the kept prompts leave"),
            number("residual", "share of the way to the guides that is left; 1: nothing is erased", SHARE, "lower"),
            flag("chosen", "whether the method's threshold leaves this rank"),
        ],
        asked="by its name",
    ),
    attacked("tables/unlearncanvas_attack_{task}.csv", "canvas_robustness", "cells"),
    outcomes("unlearncanvas/attack_{task}_{concept}_{method}.parquet", "canvas_robustness"),
    Table(
        "unlearncanvas/images_{task}.parquet",
        "a picture of a source in the published layout",
        [Column("image", "the picture as a JPEG file", "any"), text("text", "its prompt")],
        asked="by its name",
    ),
    Table(
        "unlearncanvas/real_{task}.parquet",
        "a real picture, scored; `seed` is its number within a cell",
        [*SCORES, *SEEN],
        [QUANTITY, CONSTANT, CLASSIFIER],
    ),
)
