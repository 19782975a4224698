"""An audit becomes an ordinary world: one base, one task of cells whose only attribute is the concept, and no data of others.

Everything else is left to the rules that every world has. What can be wrong with an audit is refused here, before any job.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lethe.audit.asked import Asked, concepts_of, prompt_for
from lethe.audit.measures import Measured, measured
from lethe.audit.model import Audited, audited
from lethe.audit.unlearned import METHOD, external_of
from lethe.core.methods import RETRAINED, UNCHANGED
from lethe.diffusion.methods import METHODS, NEEDS, ROLES
from lethe.io.image_folders import entity_folders, images_of
from lethe.planning.outside import CHECKOUT
from lethe.settings.audit import CONCEPT, Audit
from lethe.settings.errors import SettingsError
from lethe.settings.messages import fault_lines
from lethe.settings.paths import check_exists
from lethe.settings.plain import PlainError
from lethe.settings.read import validated
from lethe.settings.strict import check_known

TASK = "audit"
ASSETS = CHECKOUT / "assets/mini"
EXAMPLE = """--config 'audit={model: breeds, forget: northern brackel dog, keep: [brackel mastiff dog], prompt: "An image of a {concept}"}'"""


def world_of(config: Any) -> Any:
    """The configuration of the world that an audit is; without `audit` the configuration itself, which may yet be no mapping.

    Args:
        config: merged, as plain data.

    Raises:
        SettingsError: a fault of the section, of the model, of the concepts or of the methods.
    """
    if not isinstance(config, Mapping) or config.get("audit") is None:
        return config
    audit = read_audit(config["audit"])
    asked = concepts_of(audit)
    methods = methods_of(audit.methods or ([] if audit.unlearned else ["uce"]))
    check_pictures(audit, methods, asked.forget, asked.keep)
    model = audited(audit, config)
    prompts = [prompt_for(audit.prompt, name) for name in asked.named]
    external = {}
    if audit.unlearned:
        if len(asked.forget) > 1:
            raise SettingsError(
                f"audit.unlearned: one model, but audit.forget names {len(asked.forget)} concepts; allowed: the one it forgot"
            )
        external = {METHOD: external_of(audit.unlearned, model)}
    measures = measured(audit.metrics, config, model.size, prompts, ASSETS)
    return {
        **config,
        "world": audit.world,
        "methods": [*methods, *external],
        "external": external,
        "tasks": {TASK: _task(audit, asked, model, measures)},
        "demo_tasks": [TASK],
        "bases": {model.name: model.base},
        "evaluators": measures.evaluators,
        "unlearncanvas": {},
        "archive": {},
    }


def read_audit(given: Any) -> Audit:
    """The section, checked by itself; every fault is named by its key."""
    if isinstance(given, str):
        raise SettingsError(
            f"audit: {given[:200]!r} is no mapping as YAML reads it; a value that holds braces, brackets, colons or commas stands in "
            f"double quotes; for example {EXAMPLE}"
        )
    try:
        return validated(given, Audit)
    except PlainError as error:
        lines = [str(error)]
    except ValidationError as error:
        lines = fault_lines(error, Audit)
    raise SettingsError("\n  - ".join(["the audit is not valid:", *(f"audit.{line}" for line in lines)]))


def methods_of(asked: Sequence[str]) -> list[str]:
    """The methods of an audit: the one that changes nothing, against which the base is checked, and those that are asked for.

    Raises:
        SettingsError: an unknown method, or the reference by retraining.
    """
    try:
        for method in asked:
            check_known("audit.methods", method, METHODS.names())
    except ValueError as error:
        raise SettingsError(str(error)) from None
    for method in asked:
        if ROLES.role(method) == RETRAINED:
            raise SettingsError(f"audit.methods: '{method}' trains a base anew without the concept, which needs all of its data")
    return list(dict.fromkeys([ROLES.reference(UNCHANGED), *asked]))


def check_pictures(audit: Audit, methods: Sequence[str], forget: Sequence[str], keep: Sequence[str] | None) -> None:
    """Refuse methods that look at pictures where there are none of what is forgotten, or none of anything else.

    Raises:
        SettingsError: says which methods need none, or which folder is missing.
    """
    looking = [method for method in methods if not NEEDS.needs(method, "words")]
    if not audit.images:
        if looking:
            able = ", ".join(name for name in sorted(NEEDS) if NEEDS.needs(name, "words") and not ROLES.role(name))
            raise SettingsError(
                f"audit.methods: '{looking[0]}' looks at pictures; give audit.images, a folder of pictures {{concept}}/*.png of "
                f"{', '.join(forget)} and of something that is kept; methods that need none: {able}"
            )
        return
    check_exists("audit.images", audit.images)
    if keep is None:
        raise SettingsError(
            "audit.images: pictures go with a list of what is kept (audit.keep), not with neighbours that are chosen"
        )
    try:
        there = images_of(
            {name: folder for name, folder in entity_folders(Path(audit.images)).items() if name in [*forget, *keep]}
        )
    except (OSError, ValueError) as error:
        raise SettingsError(f"audit.images: {error}") from None
    if lacking := [name for name in forget if name not in there]:
        raise SettingsError(
            f"audit.images: {audit.images} has no folder of pictures '{lacking[0]}'; there are: {', '.join(there) or 'none'}"
        )
    if not set(keep) & set(there):
        raise SettingsError(
            f"audit.images: {audit.images} has pictures of what is forgotten alone; methods that look at pictures need some of "
            f"what is kept: {', '.join(keep[:5])}"
        )


def _task(audit: Audit, asked: Asked, model: Audited, measures: Measured) -> dict[str, Any]:
    instead = {"overwrite": {CONCEPT: audit.overwrite}} if audit.overwrite else {}
    return {
        "kind": "cells",
        "source": "prompts",
        "source_options": {"names": asked.named, "images": audit.images},
        "base": model.name,
        "prompt_style": audit.prompt,
        "attributes": [CONCEPT],
        "emitters": [{"covers": {CONCEPT: name}, **instead} for name in asked.forget],
        "metrics": measures.metrics,
        "generation": {"size": model.size},
    }
