"""The tables that have a page: what each tells, and in which chapter of the report it stands."""

from __future__ import annotations

from dataclasses import dataclass

from lethe.planning.chapters import ATTACKS, CANVAS, CLASSIFIERS, FORGOTTEN, KNOWN, LOST, OTHERS


@dataclass(frozen=True)
class Kind:
    """A kind of table.

    Attributes:
        title: its heading. about: one or two sentences. chapter: of the report.
    """

    title: str
    about: str
    chapter: str


CLAIMS = "claims"  # of all tasks: its file has no further name
KINDS = {
    "unlearning": Kind(
        "What every method reached",
        "judge_emitter: how often the judge still recognises what was forgotten, low is good. others_kept: the share of the base's accuracy on "
        "the others, high is good. Emitters on which settings were chosen are left out.",
        FORGOTTEN,
    ),
    "harm": Kind(
        "Harmed pairs by every measure",
        "A pair is harmed if it lost more than 95 % of the differences between two seeds of the base. by_chance: what seeds alone harm.",
        LOST,
    ),
    "distribution_summary": Kind(
        "Sets of pictures compared",
        "What each model draws of its emitter and of all others, against what the base drew. Rows of noise compare two halves of the base's seeds.",
        LOST,
    ),
    "drift": Kind(
        "Drift of the empty prompt", "How far every method moved the empty prompt, which stands in every guided step.", LOST
    ),
    "similarity": Kind(
        "Damage against similarity",
        "A row is a test of one method, measure and similarity. Believe q, which is corrected for all tests, and not p.",
        KNOWN,
    ),
    "relations": Kind(
        "Damage against attributes",
        "A row is a statistic of entities against an attribute or another statistic. Believe q, which is corrected for all tests, and not p.",
        KNOWN,
    ),
    "membership": Kind(
        "Membership inference",
        "Can pictures that were trained on be told from others of the same entity by their loss? auc 0.5: no; 1: always.",
        ATTACKS,
    ),
    "attack": Kind(
        "Attacks on what was forgotten",
        "success_1: share of pictures in which a judge sees the entity again. Compare with the retrained model, which never saw it: success "
        "there is teaching, not recovery.",
        ATTACKS,
    ),
    "deepunlearn": Kind(
        "Distance to retraining",
        "gap: mean distance in accuracies and attack to retrained models, low is good; the row original did nothing.",
        CLASSIFIERS,
    ),
    "deepunlearn_ranks": Kind(
        "Ranks of methods", "Mean rank over seeds. Methods with a letter in common do not differ.", CLASSIFIERS
    ),
    "deepunlearn_lira": Kind(
        "U-LiRA, an attacker with many models",
        "accuracy 0.5: nothing can be told of what was forgotten. A row per method and variant of the attack.",
        CLASSIFIERS,
    ),
    "unlearncanvas_accuracy": Kind(
        "Accuracies of UnlearnCanvas",
        "ua: the forgotten is gone. ira: others of its kind are kept. cra: the other kind is kept. High is good for all three.",
        CANVAS,
    ),
    "unlearncanvas_demo": Kind(
        "Accuracies of UnlearnCanvas, a few methods",
        "ua: the forgotten is gone. ira: others of its kind are kept. cra: the other kind is kept. High is good for all three.",
        CANVAS,
    ),
    "unlearncanvas_others": Kind(
        "Accuracies of UnlearnCanvas, pictures of others",
        "Our judges look at pictures that others drew. ua: the forgotten is gone. ira: others of its kind are kept. cra: the other kind is kept. "
        "High is good for all three.",
        CANVAS,
    ),
    "unlearncanvas_attack": Kind(
        "Attacks on what was forgotten",
        "success_1: share of pictures in which a judge sees the concept again. Compare with the retrained model, which never saw it: success "
        "there is teaching, not recovery.",
        CANVAS,
    ),
    "unlearncanvas_sequence": Kind(
        "One concept after another",
        "Concepts are forgotten one after another. ua_asked: what was asked for is gone; ira, cra: the rest is kept. What is gone before anybody "
        "asked for it is damage, not forgetting.",
        CANVAS,
    ),
    "unlearncanvas_pairs": Kind(
        "Pairs of a style and an object",
        "A row is of pairs that are forgotten. sc: accuracy of the style on other objects; oc: of the object in other styles. Both should "
        "stay high.",
        CANVAS,
    ),
    "pairing": Kind(
        "Do published pictures share their noise?",
        "A row is a model. Only where its pictures begin from the noise of the base's does a difference between them measure unlearning. "
        "Believe q, which is corrected for all models, and the verdict.",
        OTHERS,
    ),
    CLAIMS: Kind("Claims", "A row is a claim about a task, a study or a machine. One that does not hold is shown, too.", OTHERS),
}
"""Kind, which with ``_{task}`` or ``_{dataset}_{architecture}`` is the name of the file -> what its page says."""
