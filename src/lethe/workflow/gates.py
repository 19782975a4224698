"""Every gate, by the file that tells whether it holds, and which of them stop a run."""

from __future__ import annotations

GATES = {
    "tables/gates_{task}.json": [
        "none_is_zero",
        "base_judge_accuracy",
        "rises_with_true_similarity",
        "base_draws_no_constant_picture",
        "every_pair_has_a_value",
        "attr_tells_entities_apart",
    ],
    "tables/membership_gates_{task}.json": ["base_knows_its_members", "retrain_knows_no_member", "none_answers_as_the_base"],
    "tables/deepunlearn_gates_{dataset}_{architecture}.json": ["ulira_retrained_is_null", "ulira_original_leaks"],
    "tables/deepunlearn_study_gates_{dataset}_{architecture}.json": ["original_above_noise_floor"],
    "tables/deepunlearn_search_gates_{dataset}_{architecture}.json": ["search_above_exact_unlearning"],
    "tables/audit_gates_{task}.json": ["audit_base_draws_pictures", "audit_none_is_the_base", "audit_forgotten_moved"],
    "tables/unlearncanvas_gates_{task}.json": [
        "canvas_style_is_no_colour",
        "canvas_autoencoder_keeps_colour",
        "canvas_judges_know_decoded_images",
        "canvas_prefix_changes_nothing",
        "canvas_unseen_cells_are_drawn",
        "canvas_judges_know_real_images",
        "canvas_base_draws_style",
        "canvas_base_draws_object",
        "canvas_base_worst_cell",
        "canvas_judges_agree",
        "canvas_none_is_the_base",
        "canvas_retrained_forgets",
        "canvas_retrained_keeps",
        "canvas_control_is_chance",
    ],
}


def gate_names() -> list[str]:
    """Names of all gates, as they are judged."""
    return [name for names in GATES.values() for name in names]


def stopping(file: str, stop: list[str]) -> list[str]:
    """The gates of ``file`` (a key of ``GATES``) that stop a run: what its job depends on."""
    return [name for name in GATES[file] if name in stop]
