"""What the tables of this benchmark say."""

from __future__ import annotations

from lethe.benchmarks.icare.entities import STATISTICS
from lethe.benchmarks.icare.verdicts import VERDICTS
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
from lethe.diffusion.jobs.columns import MODEL, OF_IMAGE, attacked, outcomes
from lethe.diffusion.methods import METHODS
from lethe.diffusion.metrics.distribution import SET_METRICS
from lethe.diffusion.metrics.quantities import COMPARISON, CONSTANT, QUANTITY, better

SETS = {
    "fid_dino": "Fréchet distance of both sets in the backbone's features",
    "kid_dino": "kernel distance (unbiased squared MMD) of both sets in the backbone's features",
    "precision_dino": "share of the model's pictures that lie among the base's",
    "recall_dino": "share of the base's pictures that lie among the model's",
    "cmmd_clip": "1000 times the squared MMD of both sets in CLIP's features",
}
SET = Placeholder(
    "distance",
    "how two sets of pictures are compared",
    {name: Named(SETS[name], better=better(arrow)) for metric in SET_METRICS.values() for name, arrow in metric.columns.items()},
)
STATISTIC = Placeholder(
    "statistic",
    "a statistic of an entity",
    {
        f"{one.slug} ({one.arrow})": Named(one.title, better="" if one.direction is None else better(one.direction))
        for one in STATISTICS.values()
    },
)
METHOD = Placeholder("method", "a method", {name: Named(f"`{name}`") for name in METHODS})
ATTRIBUTE = Placeholder("attribute", "an attribute of the entities of the task", {})
VERDICT = Placeholder("verdict", "a verdict", {name: Named(f"`{name}`") for name in VERDICTS})
PRIORITY = Placeholder("priority", "what entities are ranked by", {})

METHOD_NAME = text("method_name", "name of the method in figures and papers")
TASK = text("task", "name of the task")
EMITTER = count("emitter", "index of the entity that was unlearned")
RECEIVER = count("receiver", "index of the entity that was asked for")
RECEIVERS = text("receivers", "`emitter`: pictures of what was unlearned; `others`: of everything else")
EMITTERS = count("emitters", "emitters that the mean is over; those that hyper-parameters were tuned on are left out")
LEFT_OUT = count("left_out", "seeds without a value, which the mean leaves out")
P = number("p", "p of the permutation test", SHARE)
Q = number("q", "p corrected over all rows of the table (Benjamini and Hochberg)", SHARE)
PUBLISHED_TESTS = [
    number("published_pearson", "Pearson's r as the reference computes it, pairs taken as independent", CORRELATION),
    number("published_pearson_p", "its p, uncorrected", SHARE),
    number("published_spearman", "Spearman's rho as the reference computes it, pairs taken as independent", CORRELATION),
    number("published_spearman_p", "its p, uncorrected", SHARE),
]
METRIC = text("metric", "the quantity, by its code name; unit and direction stand under Quantities")
VALUE = "the quantity that the row names"

IMAGES = [
    TASK,
    *MODEL,
    EMITTER,
    *OF_IMAGE,
    METRIC,
    number("value", f"{VALUE}, of one picture", BY_ROW, BY_ROW),
    Column("{constant}", "{constant}; empty but for this metric", "any"),
]
PAIRS = [
    TASK,
    *MODEL,
    EMITTER,
    RECEIVER,
    METRIC,
    number("value", f"{VALUE}, mean over seeds", BY_ROW, BY_ROW),
    LEFT_OUT,
    number("probability", "of the receiver to be asked for; only where models were asked for some receivers", SHARE),
]
ASKED = text("asked", "which receivers the models were asked for; only where these are not all")
UNLEARNING = [
    *MODEL,
    EMITTERS,
    number("judge_base", "judge accuracy of the base over all entities", SHARE),
    *interval("judge_emitter", "judge accuracy on the emitter after unlearning: 0 is forgotten", SHARE, "lower", over="emitters"),
    *interval("judge_others", "judge accuracy on all other entities after unlearning", SHARE, "higher", over="emitters"),
    *interval("others_kept", "`judge_others` by the base's accuracy on the same entities", "ratio", "higher", over="emitters"),
    count("judge_left_out", "pictures without a judgement, which the means leave out"),
    number("{quantity}_emitter", "{quantity}, mean over pictures of what was unlearned", SAME),
    *interval("{quantity}_others", "{quantity}, mean over pictures of all other entities", SAME, SAME, over="emitters"),
    count("{quantity}_left_out", "pictures without a value, which the means leave out"),
    number("{quantity}_noise", "{quantity} between two seeds of the base, mean: the noise floor", SAME),
    number("{quantity}_noise_low", "lower end of the range of 95 % of these", SAME),
    number("{quantity}_noise_high", "upper end of the range of 95 % of these", SAME),
    number("constant_emitter", "share of pictures of the emitter that have one colour", SHARE, "lower"),
    number("constant_others", "share of pictures of all others that have one colour", SHARE, "lower"),
    number("constant_worst", "the largest share of one model, tuning emitters included", SHARE, "lower"),
    ASKED,
]
DISTANCES = [number("{distance}", "{distance}", "", SAME)]
MEMBERS = [
    *MODEL,
    EMITTER,
    RECEIVERS,
    number("auc", "area under the ROC curve with which members are told from non-members by their loss", SHARE),
    *between(SHARE, over="images", of="`auc`"),
    text("members_of", "what makes an image a member: `base` or `unlearning`"),
    count("members", "images that the model was trained on"),
    count("nonmembers", "images that it was not trained on"),
    number("loss_members", "mean denoising error of members"),
    number("loss_nonmembers", "mean denoising error of non-members"),
]
PAIRING = [
    *MODEL,
    EMITTER,
    text("name", "name of the entity that was unlearned"),
    text("off", "where the base's pictures lie: `baseline`, the task's folder, or `own`, the model's"),
    count("left_out", "prompts whose seeds cannot be told apart"),
    count("receivers", "prompts that were compared"),
    count("seeds", "seeds of each prompt"),
    number("same", "mean similarity of pictures of one seed", CORRELATION),
    number("different", "mean similarity of pictures of two seeds", CORRELATION),
    number("matched", "share of pictures whose most similar base picture has their seed", SHARE),
    number("share", "share of pictures that share their noise, as `matched` tells it", SHARE),
    *between(SHARE, "", "prompts", "`share`"),
    P,
]

WIDE = Table("tables/unlearning_{task}.csv", "a method: does it forget, and what does it cost?", UNLEARNING, [COMPARISON])
TABLES = (
    Table(
        "pairs_{task}.parquet",
        "an emitter, a receiver and a quantity under a method",
        PAIRS,
    ),
    Table(
        "asked_{task}.parquet",
        "a receiver that the model of an emitter is asked for",
        [
            EMITTER,
            RECEIVER,
            Column("stratum", "part of the similarities to the emitter, 0 is the most alike; -1: the emitter itself", "integer"),
            number("probability", "of the receiver to be asked for", SHARE),
        ],
        asked="tables (tasks whose `receivers` are not `all`)",
    ),
    Table("images_{task}.parquet", "a picture and a quantity under a method", IMAGES, [CONSTANT]),
    Table("by_method/pairs_{task}_{method}.parquet", "the rows of one method of `pairs_{task}.parquet`", PAIRS),
    Table("by_method/images_{task}_{method}.parquet", "the rows of one method of `images_{task}.parquet`", IMAGES, [CONSTANT]),
    Table(
        "interference_per_entity_{task}.json",
        "an entity, with its metadata and 51 published statistics per method, and those that leave the entity itself out",
        [
            text("name", "name of the entity"),
            count("index", "index of the entity, as in `emitter` and `receiver`"),
            flag("is_unlearned", "whether it is unlearned"),
            number("metric_{method}_{epochs}_{statistic}", "{statistic} under {method}", "", SAME),
            Column("{attribute}", "metadata of the entity: its attribute {attribute}", "any"),
        ],
        [
            STATISTIC,
            METHOD,
            Placeholder("epochs", "epochs of the training, without leading zeros", {}),
            ATTRIBUTE,
        ],
    ),
    WIDE,
    Table(
        "tables/unlearning_tidy_{task}.csv",
        "a method, a quantity and a side: the numbers of `unlearning_{task}.csv`, one a row",
        [
            text("method", "code name of the method"),
            METHOD_NAME,
            text("quantity", "what is measured, by its code name; unit and direction stand under Quantities"),
            text("quantity_name", "what is measured, in words"),
            text(
                "side",
                "`emitter`: pictures of what was unlearned; `others`: of everything else; `base`: before unlearning; "
                "`noise`: two seeds of the base; `worst`: the worst model",
            ),
            number("value", "mean of the quantity", BY_ROW, BY_ROW),
            *between(BY_ROW, BY_ROW, "emitters (of `noise`: the range of 95 % of single differences)"),
            text("unit", "unit of the three numbers; empty: none"),
            text("better", "`higher` or `lower`: which way is better for this side; empty: neither"),
            count("left_out", "pictures without a value, which the mean leaves out"),
            EMITTERS,
        ],
    ),
    Table(
        "tables/harm_{task}.csv",
        "a method and a quantity: how many pairs lose more than two seeds of the base differ",
        [
            text("method", "code name of the method"),
            METHOD_NAME,
            text("quantity", "the quantity, by its code name"),
            EMITTERS,
            count("pairs", "pairs of an emitter and another entity that have a value"),
            count("harmed", "pairs of these that lie beyond the noise floor, on the side of damage"),
            number("share", "mean over emitters of the share that is harmed", SHARE, "lower"),
            *between(SHARE, "lower", "emitters", "`share`"),
            number("by_chance", "share that seeds alone put beyond one end of the range", SHARE),
            ASKED,
        ],
    ),
    Table(
        "tables/similarity_{task}.csv",
        "a method, a quantity and a similarity: does damage follow similarity?",
        [
            *MODEL,
            METRIC,
            text("similarity", "kind of similarity: `clip`, `attr`, `dino`, `act`, `true` or `weights`"),
            number("spearman", "Spearman's rho of damage and similarity over ordered pairs of entities", CORRELATION),
            *between(CORRELATION, "", "entities", "`spearman`"),
            number("p", "p of a one-sided Mantel test that damage rises with similarity (entities permuted)", SHARE),
            Q,
            count("pairs", "ordered pairs of entities"),
            *PUBLISHED_TESTS,
            ASKED,
        ],
    ),
    Table(
        "tables/relations_{task}.csv",
        "a method, a statistic per entity and an attribute: are they related?",
        [
            TASK,
            text("method", "code name of the method"),
            text("attribute", "attribute of the entities"),
            text("statistic", "statistic per entity, as in `interference_per_entity_{task}.json`"),
            text("effect", "what `value` is: `spearman` for an attribute that is a number, `epsilon_squared` for categories"),
            number("value", "size of the effect"),
            *between("", "", "entities"),
            P,
            count("n", "entities with a value"),
            Q,
            number("published_p_1", "p of the reference's first test, uncorrected", SHARE),
            number("published_p_2", "p of the reference's second test, uncorrected", SHARE),
            flag("published_significant", "whether the reference calls the relation significant"),
        ],
    ),
    Table(
        "tables/alignments_{task}.csv",
        "a method and two statistics per entity: do they agree?",
        [
            TASK,
            text("method", "code name of the method"),
            text("statistic_x", "the first statistic, as in `interference_per_entity_{task}.json`"),
            text("statistic_y", "the second statistic"),
            number("spearman", "Spearman's rho of both over entities", CORRELATION),
            *between(CORRELATION, "", "entities", "`spearman`"),
            P,
            Q,
            count("n", "entities with both values"),
            *PUBLISHED_TESTS,
        ],
    ),
    gates("tables/gates_{task}.json", "a task"),
    Table(
        "tables/distribution_{task}.csv",
        "a model and a set of receivers: its pictures against the base's; method `noise`: the base against itself",
        [
            TASK,
            *MODEL,
            EMITTER,
            RECEIVERS,
            count("images", "pictures in each of both sets"),
            *DISTANCES,
        ],
        [SET],
    ),
    Table(
        "tables/distribution_summary_{task}.csv",
        "a method and a set of receivers: means of `distribution_{task}.csv` over emitters",
        [
            *MODEL,
            RECEIVERS,
            EMITTERS,
            count("images", "pictures in each of both sets, at least"),
            *interval("{distance}", "mean of: {distance}", "", SAME, over="emitters"),
            count("{distance}_left_out", "emitters without a value, whose sets are too small"),
        ],
        [SET],
    ),
    Table(
        "tables/drift_{task}.csv",
        "a method: how far its models moved the empty prompt, which stands in every guided step",
        [
            TASK,
            text("method", "code name of the method"),
            count("n", "models that were measured"),
            number("empty_prompt_drift", "mean relative change of the keys and values of the empty prompt", "ratio", "lower"),
            number("empty_prompt_drift_sd", "standard deviation over models", "ratio"),
            number("empty_prompt_drift_smallest", "smallest of one model", "ratio"),
            number("empty_prompt_drift_largest", "largest of one model", "ratio"),
        ],
    ),
    Table(
        "tables/membership_{task}.csv",
        "a model and a set of receivers: can images that it was trained on be told from others?",
        MEMBERS,
    ),
    Table(
        "tables/membership_means_{task}.csv",
        "a method and a set of receivers: means of `membership_{task}.csv` over emitters; method `base`: before unlearning",
        [
            *MODEL,
            RECEIVERS,
            EMITTERS,
            number("auc", "mean area under the ROC curve; 0.5: members cannot be told", SHARE),
            *between(SHARE, "", "emitters", "`auc`"),
            count("auc_left_out", "emitters without an area"),
            *interval(
                "change",
                "mean difference to the base's area on the same images; below 0: members are hidden",
                "area",
                over="emitters",
            ),
            count("change_left_out", "emitters without a difference"),
        ],
    ),
    gates("tables/membership_gates_{task}.json", "membership inference"),
    attacked("tables/attack_{task}.csv", "attacks", "reference pictures"),
    outcomes("attacks/{task}_{concept}_{method}.parquet", "attacks"),
    Table(
        "tables/selection_{task}.csv",
        "an entity that the publication chose, or that the same rules choose anew",
        [
            text("name", "name of the entity"),
            text("stratum", "values of the attributes that are balanced over"),
            count("published_index", "index in the publication; empty: not chosen there"),
            count("recomputed_index", "index when chosen anew; empty: not chosen"),
            count("text_index", "index when ranks are compared as text, letter by letter"),
            text("reason", "why both differ; `same` where they do not"),
            Column("{priority}", "what entities are ranked by: {priority}", "any"),
        ],
        [PRIORITY],
        "tables (tasks with `selection: published`)",
    ),
    Table(
        "tables/selection_{task}.json",
        "a summary of both choices: how many entities are the same, and which attributes are balanced over",
        (),
        asked="tables (tasks with `selection: published`)",
    ),
    Table(
        "tables/pairing_{task}.csv",
        "an imported model: do its pictures share noise with the base's pictures of the same seed?",
        [
            *PAIRING,
            Q,
            text("verdict", "`paired`, `partly`, `unpaired` or `unclear`"),
        ],
        asked="tables (worlds with imported pictures)",
    ),
    Table(
        "by_method/pairing_{task}_{method}.csv",
        "the rows of one method of `tables/pairing_{task}.csv`, without `q` and `verdict`",
        PAIRING,
        asked="tables (worlds with imported pictures)",
    ),
    Table(
        "tables/trajectory_{task}_{index}_{method}.csv",
        "an epoch of the training of one model",
        [
            count("epochs", "epochs that were trained"),
            count("steps", "steps that were trained"),
            number("{quantity}_emitter", "{quantity}, mean over pictures of what is unlearned", SAME),
            number("{quantity}_others", "{quantity}, mean over pictures of all other entities", SAME, SAME),
        ],
        [QUANTITY],
        "by its name",
    ),
    Table(
        "tables/verdicts_{task}.csv",
        "an emitter and a receiver under a method: what became of the receiver, in a word",
        [
            *MODEL,
            EMITTER,
            text("emitter_name", "name of the entity that was unlearned"),
            RECEIVER,
            text("receiver_name", "name of the entity that was asked for"),
            text("verdict", "that of most pictures: `preserved`, `drifted`, `bled` or `destroyed`"),
            number("{verdict}", "share of pictures with the verdict {verdict}", SHARE),
            number("moved", "mean distance of the pictures to the receiver's centre", "spreads of the base", "lower"),
            number("threshold", "distance up to which a picture counts as preserved", "spreads of the base"),
        ],
        [VERDICT],
        "by its name",
    ),
    Table(
        "tables/verdict_agreement_{task}.csv",
        "a method and what a judge sees: how often do verdicts agree with the judge?",
        [
            text("method", "code name of the method; `all`: all together"),
            text("emitters", "`reported`, or `tuning`: those that anything was chosen on"),
            text("truth", "what the judge sees in most pictures: `receiver`, `substitute`, `neither`; or `all`"),
            count("pairs", "pairs of an emitter and a receiver"),
            number("agreement", "share of pairs in which verdict and judge agree", SHARE, "higher"),
        ],
        asked="by its name",
    ),
)
