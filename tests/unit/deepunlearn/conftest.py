"""A small study that some tests look at."""

from __future__ import annotations

import pytest
from tests.unit.deepunlearn.deepunlearn_study import Files, make


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Made once a process; nobody changes it."""
    return make(tmp_path_factory.mktemp("study"))
