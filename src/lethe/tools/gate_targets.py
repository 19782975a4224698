"""What every gate holds its value against, in signs: a target alone does not say whether more or less is asked for."""

from __future__ import annotations

from lethe.core.gate import Gate

SAID = {
    "none_is_zero": "= {}",
    "base_judge_accuracy": ">= {}",
    "rises_with_true_similarity": "p < {}",
    "base_draws_no_constant_picture": "= {}",
    "every_pair_has_a_value": "= {}",
    "attr_tells_entities_apart": ">= {}",
    "base_knows_its_members": "> {}",
    "retrain_knows_no_member": "interval holds {}",
    "none_answers_as_the_base": "<= {}",
    "ulira_retrained_is_null": "interval holds {}",
    "ulira_original_leaks": "interval > {}",
    "original_above_noise_floor": "> {}",
    "search_above_exact_unlearning": ">= {}",
    "audit_base_draws_pictures": "= {}",
    "audit_none_is_the_base": "= {}",
    "audit_forgotten_moved": "> {}",
    "canvas_style_is_no_colour": "< {}",
    "canvas_autoencoder_keeps_colour": ">= {}",
    "canvas_judges_know_decoded_images": ">= {}",
    "canvas_prefix_changes_nothing": ">= {}",
    "canvas_unseen_cells_are_drawn": "<= {}",
    "canvas_judges_know_real_images": ">= {}",
    "canvas_base_draws_style": ">= {}",
    "canvas_base_draws_object": ">= {}",
    "canvas_base_worst_cell": ">= {}",
    "canvas_judges_agree": ">= {}",
    "canvas_none_is_the_base": "= {}",
    "canvas_retrained_forgets": ">= {}",
    "canvas_retrained_keeps": "<= {}",
    "canvas_control_is_chance": "<= {}",
}


def target_text(gate: Gate) -> str:
    """The target of a gate in three digits, with what is asked of the value.

    Example:
        >>> target_text(Gate("base_judge_accuracy", 0.992, 0.95, True, "mean over 120 images", [0.992]))
        '>= 0.95'
    """
    return SAID[gate.gate].format(f"{gate.target:.3g}")
