"""What every folder of tests shares."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from tests.paper_world import PaperWorld, write_world
from xdist.scheduler import LoadScopeScheduling

settings.register_profile(
    "busy", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)  # other work on the machine is no fault
settings.load_profile("busy")

if "PYTEST_XDIST_WORKER" in os.environ:  # one of several processes that share the cores
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch is imported

FINISHED = tuple(
    f"tests/workflow/test_{name}.py"
    for name in ("archive", "damage", "deepunlearn", "external", "kept_images", "record", "run", "tables")
)


class OneFinishedRun(LoadScopeScheduling):
    """The files whose tests share a copy of the finished run of the workflow in one process; every other file by itself."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::")[0]
        return "finished" if file in FINISHED else file


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> OneFinishedRun:
    """How `make test` shares the tests among processes; the longest share begins first."""
    config.option.loadscopereorder = False
    return OneFinishedRun(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The workflow first: it takes longest."""
    items.sort(key=lambda item: (not item.nodeid.startswith(FINISHED), not item.nodeid.startswith("tests/workflow/")))


@pytest.fixture(scope="session")
def tiny_folder() -> Path:
    """A random Stable Diffusion pipeline folder (``tests/tiny_pipeline.py``); read it only."""
    from tests.tiny_pipeline import shared_tiny_pipeline

    return shared_tiny_pipeline()


@pytest.fixture(scope="session")
def tiny_pipe(tiny_folder: Path):
    """The tiny pipeline loaded on the CPU; a test that edits its weights must put them back."""
    from lethe.diffusion.pipeline import load_pipeline

    return load_pipeline(tiny_folder)


@pytest.fixture(scope="session")
def tiny_xl_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Stable Diffusion XL pipeline folder (``tests/tiny_pipeline.py``); read it only."""
    from tests.tiny_pipeline import make_tiny_xl_pipeline

    return make_tiny_xl_pipeline(tmp_path_factory.mktemp("xl") / "pipeline")


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> PaperWorld:
    """Small inputs of the paper world's sources (``tests/paper_world.py``); read them only."""
    return write_world(tmp_path_factory.mktemp("world"))
