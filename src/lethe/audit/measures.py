"""What is measured in an audit: all that the evaluators of a configuration can tell of this model's pictures, and why not more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lethe.diffusion.pretraining.architectures import tokenizer_config
from lethe.settings.errors import SettingsError
from lethe.settings.pretraining import TokenizerSettings
from lethe.settings.scoring import NEED

ALONE = ("rmse", "ssim")  # need no evaluator
ORDER = ("clip", "rmse", "ssim", "dino", "lpips_backbone")


class Measured(NamedTuple):
    """The metrics of an audit, and the evaluators that they need, by name, as plain data."""

    metrics: list[str]
    evaluators: dict[str, Any]


def measured(asked: list[str] | None, config: Mapping[str, Any], size: int, prompts: Iterable[str], assets: Path) -> Measured:
    """Which metrics can be trusted here.

    Args:
        asked: `audit.metrics`. config: the merged configuration, as plain data.
        size: of the pictures. prompts: those that are known before a job runs. assets: folder of the shipped checkpoints.

    Raises:
        SettingsError: a metric that is asked for cannot be measured here, with the reason.
    """
    prompts = list(prompts)
    given = {name: entry for name, entry in (config.get("evaluators") or {}).items() if entry}
    usable: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    for kind in NEED:
        name, reason = _evaluator(kind, given, config, size, prompts, assets)
        if reason:
            reasons[kind] = reason
        else:
            usable[name] = given[name]
    kinds = {metric: kind for kind, metrics in NEED.items() for metric in metrics}
    for metric in asked or []:
        if kinds.get(metric) in reasons:
            raise SettingsError(f"audit.metrics: '{metric}' cannot be measured: {reasons[kinds[metric]]}")
    metrics = asked or [name for name in ORDER if kinds.get(name) not in reasons]
    needed = {kinds[name] for name in metrics if name in kinds}
    evaluators = {name: entry for name, entry in usable.items() if entry.get("kind", name) in needed}
    return Measured(metrics, evaluators)


def _evaluator(
    kind: str, given: Mapping[str, Any], config: Mapping[str, Any], size: int, prompts: list[str], assets: Path
) -> tuple[str, str]:
    """The name of the evaluator of a kind, and why it cannot judge these pictures; empty if it can."""
    names = [name for name, entry in given.items() if entry.get("kind", name) == kind]
    if not names:
        return "", f"the configuration has no evaluator of kind {kind}"
    name, entry = names[0], given[names[0]]
    source = entry.get("source", "prebuilt")
    if source == "pretrained":
        return name, ""
    if source == "train":
        return name, f"evaluators.{name} would be trained, on pictures that an audit does not have"
    known = config["pretraining"][kind]["image_size"]
    if size != known:
        return name, f"the shipped evaluator '{name}' knows pictures of {known} px, the model draws {size} (docs/audit.md)"
    if kind != "clip":
        return name, ""
    from lethe.diffusion.testbed.tokens import prompt_reader  # a library that no other plan needs

    settings = TokenizerSettings.model_validate(config["pretraining"]["tokenizer"])
    reader = prompt_reader(assets / f"{entry.get('tokenizer', 'tokenizer')}.json", tokenizer_config(settings))
    unknown = list(dict.fromkeys(word for prompt in prompts for word in reader.read(prompt).unknown))
    return name, f"the shipped evaluator '{name}' does not know the words {', '.join(unknown)}" if unknown else ""
