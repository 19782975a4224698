"""What tests of diffusion share."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from lethe.core import compiler


@pytest.fixture
def graphs(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The graphs that torch compiles in a test, by a compiler that writes no kernels."""
    found: list[Any] = []

    def keep(graph: Any, _: object) -> Any:
        found.append(graph)
        return graph.forward

    monkeypatch.setattr(compiler, "BACKEND", keep)
    torch._dynamo.reset()
    return found
