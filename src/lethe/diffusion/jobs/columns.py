"""What the tables say that this family writes, whatever benchmark reads them."""

from __future__ import annotations

from lethe.core.columns import CORRELATION, SAME, SHARE, Column, Named, Placeholder, Table, count, flag, interval, number, text
from lethe.diffusion.metrics.quantities import CONSTANT, QUANTITY

CLASSIFIER = Placeholder("classifier", "a classifier that looks at pictures", {})
JUDGE = Placeholder("judge", "number of a judge, from 1", {str(number): Named(f"judge {number}") for number in range(1, 10)})
IN_SHARD = [
    text("member", "name of the picture in the tar beside the table"),
    text("sha256", "SHA-256 of the picture's bytes"),
    count("offset", "where the picture begins in the tar", "bytes"),
    count("size", "length of the picture", "bytes"),
]
OF_IMAGE = [
    count("receiver", "index of what was asked for"),
    count("seed", "seed of the noise that the picture began with"),
]
MODEL = [
    text("method", "code name of the method that made the model"),
    count("epochs", "epochs of its training; 0 of a method that solves instead"),
]
SEEN = [
    number("{classifier}", "1 where the classifier {classifier} sees what was asked for, else 0", "", "higher"),
    text("{classifier}_pred", "value that the classifier {classifier} sees"),
    number("{classifier}_p", "probability that {classifier} gives to what it sees", SHARE),
    number("{classifier}_asked_p", "probability that {classifier} gives to what was asked for", SHARE),
    text("{classifier}_jpeg_pred", "value that {classifier} sees in a JPEG copy"),
    number("{classifier}_jpeg_p", "probability of what {classifier} sees in a JPEG copy", SHARE),
]
SCORES: list[Column] = [
    *OF_IMAGE,
    number("constant", "1 where all pixels have one colour, else 0", "", "lower"),
    number("{quantity}", "{quantity}", SAME, SAME),
    Column("{constant}", "{constant}, the same in every row", "any"),
]


def attacked(file: str, asked: str, rows: str) -> Table:
    """The table of attacks on unlearned models, under the name that a benchmark gives it.

    Args:
        file: its name. asked: the target that makes it. rows: what is drawn anew for intervals.
    """
    return Table(
        file,
        "a concept, method, model, attack and number of steps",
        [
            text("task", "name of the task"),
            count("concept", "index of what was forgotten"),
            text("name", "what was forgotten, as a prompt calls it"),
            text("kind", "what kind of thing it is"),
            text("method", "code name of the method"),
            text("model", "`own`: the model that forgot the concept; `another`: one that forgot another concept"),
            text("attack", "how the concept is asked for: `prompt`, `vectors`, `random_words`, `words` or `every_words`"),
            count("steps", "steps of the attack's optimisation"),
            count("n", f"number of {rows}"),
            count("images", "pictures drawn under attack"),
            number("loss", "denoising error of the reference pictures under the attack", "", ""),
            *interval("success_{judge}", "share of pictures in which {judge} sees what was forgotten", SHARE, "lower", over=rows),
            *interval(
                "success_{judge}_minus_retrained", "the same minus that of the retrained model", CORRELATION, "lower", over=rows
            ),
            number("other_{judge}", "share of pictures in which {judge} sees what was not forgotten and was asked for", SHARE),
        ],
        [JUDGE],
        asked,
    )


def outcomes(file: str, asked: str) -> Table:
    """The pictures behind ``attacked``."""
    return Table(
        file,
        "a picture drawn under attack",
        [
            text("task", "name of the task"),
            text("method", "code name of the method"),
            count("concept", "index of what was forgotten"),
            text("model", "`own`: the model that forgot the concept; `another`: one that forgot another concept"),
            text("attack", "how the concept is asked for"),
            count("steps", "steps of the attack's optimisation"),
            count("cell", "index of the receiver that is asked for"),
            count("picture", "reference picture that the attack was fitted to"),
            count("seed", "seed of the noise"),
            text("words", "words that the attack found"),
            count("tried", "prompts that were tried"),
            number("loss", "denoising error of the reference picture under the attack"),
            number("success_{judge}", "1 where {judge} sees what was forgotten", "", "lower"),
            number("other_{judge}", "1 where {judge} sees what was asked for and not forgotten"),
        ],
        [JUDGE],
        asked,
    )


TABLES = (
    Table(
        "sources/{task}.parquet",
        "a source image",
        [
            *IN_SHARD,
            text("entity", "name of the entity that it shows"),
            text("file_name", "name of the file that it came from"),
        ],
    ),
    Table(
        "datasets/generated_{run}.parquet",
        "a picture that a model drew",
        [*IN_SHARD, *OF_IMAGE, text("prompt", "prompt that it was asked for with")],
    ),
    Table(
        "scores/{run}.parquet",
        "a picture that a model drew, scored; of an unlearned model also against the base's picture of the same seed",
        [*SCORES, *SEEN],
        [QUANTITY, CONSTANT, CLASSIFIER],
    ),
    Table(
        "scores/{task}_seed_pairs.parquet",
        "two pictures that the base drew of one prompt with two seeds: the noise floor",
        [
            *OF_IMAGE,
            count("other_seed", "seed of the second picture"),
            number("{quantity}", "{quantity}, of both pictures", SAME, SAME),
        ],
        [QUANTITY],
    ),
    Table(
        "membership/{run}.parquet",
        "a source image that membership inference asks a model about",
        [
            count("entity", "index of the entity that it shows"),
            count("image", "number of the image in its source"),
            flag("member", "whether the model was trained on it"),
            number("loss", "denoising error of the image under the model; lower says member"),
        ],
    ),
)
