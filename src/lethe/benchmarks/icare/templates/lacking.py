"""What a figure needs of a corpus of others that it does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lethe.benchmarks.icare.parameters import methods_of, tasks_of
from lethe.figures.templates.parameters import Parameters

if TYPE_CHECKING:
    from lethe.benchmarks.icare.templates.needs import Needs
    from lethe.diffusion.plan.models import Models


def lacking(needs: Needs, parameters: Parameters, models: Models) -> str:
    """Why a figure cannot be made where not every model is there; empty where it can."""
    if models.held is None:
        return ""
    emitter = getattr(parameters, "emitter", None)
    for task in tasks_of(parameters):
        for method in methods_of(parameters):
            kinds = {"pairs": models.of_method(task, method)}
            kinds |= {"embeddings": models.embedded(task, method)} if needs.embeddings else {}
            kinds |= {"pictures": models.pictured(task, method)} if needs.images else {}
            for kind, found in kinds.items():
                there = [model.index for model in found]
                if not there or (emitter is not None and needs_own(needs, kind) and emitter not in there):
                    which = f"of entity {emitter} " if there else ""
                    have = f"; it has those of {', '.join(map(str, there))}" if there else ""
                    return f"the corpus has no {kind} {which}under '{method}' on '{task}'{have}"
    return ""


def needs_own(needs: Needs, kind: str) -> bool:
    """Whether a figure with an emitter reads that one's own files of a kind."""
    return kind != "embeddings" or needs.embeddings == "emitter"
