"""Which receivers the models of a task are asked for."""

from __future__ import annotations

import logging
from pathlib import Path

from lethe.diffusion.testbed.asked import choose, write_asked
from lethe.diffusion.testbed.similarity import from_records
from lethe.io.tables import read_json
from lethe.settings.receivers import Drawn, Nearest

log = logging.getLogger(__name__)


def choose_receivers(similarity: Path, table: Path, task: str, receivers: Nearest | Drawn) -> None:
    """Write which receivers the model of every emitter is asked for, and how probable each was.

    Args:
        similarity: the kind that receivers are chosen by.
        receivers: ``tasks.{task}.receivers``.
    """
    _, matrix = from_records(read_json(similarity))
    asked = choose(matrix, receivers)
    write_asked(table, asked)
    log.info("%s: %s, so %d of %d pairs are asked for", task, receivers.told, int((asked.probability > 0).sum()), matrix.size)
