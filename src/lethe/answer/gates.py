"""What every gate asks, in words, and gates as rows beside the claims: for the answer, and for the explorer's overviews."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lethe.benchmarks.icare.words import in_words
from lethe.classifiers.methods import LOOKS as CLASSIFIER_LOOKS
from lethe.core.gate import Gate
from lethe.tools.claims import VERDICTS, Row
from lethe.tools.gate_targets import target_text

ASKED = {
    "none_is_zero": "a method that does nothing changes nothing",
    "base_judge_accuracy": "the base draws what it is asked",
    "rises_with_true_similarity": "damage rises with the true similarity",
    "base_draws_no_constant_picture": "the base draws no picture of one colour",
    "every_pair_has_a_value": "every pair has a value by every measure",
    "attr_tells_entities_apart": "attributes tell the entities apart",
    "base_knows_its_members": "the base knows the pictures that it was trained on",
    "retrain_knows_no_member": "a retrained model does not know the pictures that it never saw",
    "none_answers_as_the_base": "a method that does nothing is attacked as the base is",
    "ulira_retrained_is_null": "U-LiRA finds nothing in retrained classifiers",
    "ulira_original_leaks": "U-LiRA finds something in original classifiers",
    "original_above_noise_floor": "there is something to forget: originals are further from retraining than two retrained models are",
    "search_above_exact_unlearning": "the search for settings found nothing better than exact unlearning",
    "audit_base_draws_pictures": "the model draws pictures",
    "audit_none_is_the_base": "a method that does nothing changes nothing",
    "audit_forgotten_moved": "what is forgotten moved more than seeds do",
    "canvas_style_is_no_colour": "a style is more than its mean colour",
    "canvas_autoencoder_keeps_colour": "the autoencoder keeps colours",
    "canvas_judges_know_decoded_images": "judges know pictures that went through the autoencoder",
    "canvas_prefix_changes_nothing": "words before a prompt change nothing",
    "canvas_unseen_cells_are_drawn": "the base draws styles of objects that it never saw together",
    "canvas_judges_know_real_images": "judges know real pictures",
    "canvas_base_draws_style": "the base draws the style that it is asked",
    "canvas_base_draws_object": "the base draws the object that it is asked",
    "canvas_base_worst_cell": "the base draws its worst cell",
    "canvas_judges_agree": "two judges agree",
    "canvas_none_is_the_base": "a method that does nothing changes nothing",
    "canvas_retrained_forgets": "a retrained model does not know what it never saw",
    "canvas_retrained_keeps": "a retrained model keeps the rest",
    "canvas_control_is_chance": "a control that draws noise is recognised by chance only",
}


def gate_rows(gates: Sequence[Gate], scope: str, table: str = "") -> list[Row]:
    """Gates as rows of checks, in words.

    Args:
        gates: of one task or study. scope: that task or study. table: the file that they are read from.
    """
    return [Row("gate", scope, ASKED[gate.gate], gate.value, target_text(gate), gate.holds, _how(gate), table) for gate in gates]


def _how(gate: Gate) -> str:
    """With the names of methods and measures that readers know."""
    if gate.gate == "search_above_exact_unlearning":
        names = "|".join(CLASSIFIER_LOOKS)
        return re.sub(rf"\b({names})\b", lambda found: CLASSIFIER_LOOKS.title(found[1]), gate.how)
    return in_words(gate.how)


def checked(claimed: Sequence[Row], judged: Sequence[Row]) -> list[Row]:
    """Claims and gates, the worst first; a gate that a claim tells of, known by what it computed, is told once.

    Args:
        claimed: of ``claims``. judged: of ``gate_rows``.
    """
    told = {(row.scope, row.how) for row in claimed}
    others = [row for row in judged if (row.scope, row.how) not in told]
    return sorted([*claimed, *others], key=lambda row: VERDICTS.index(row.verdict))
