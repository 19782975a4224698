"""Every broken input is refused with one clear message; nothing is written, lost, followed out of its folder or unpickled."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from tests.fuzz import configurations, documents, shards, tensors
from tests.fuzz.harness import Case, fault, marker, pickled

KINDS: dict[str, Callable[[], list[Case]]] = {
    "configurations": configurations.settings,
    "method files": configurations.method_files,
    "found hyper-parameters": configurations.hyperparameter_files,
    "citations": configurations.citations,
    "metadata": documents.metadata,
    "raw records": documents.raw_records,
    "checkpoints": documents.checkpoints,
    "shards: tar": shards.tars,
    "shards: index": shards.indices,
    "shards: members": shards.members,
    "shards: pickles": shards.pickles,
    "deltas": tensors.deltas,
    "stacks": tensors.stacks,
    "data sets": tensors.data_sets,
    "embeddings": tensors.embeddings,
}


@cache
def cases(kind: str) -> list[Case]:
    return KINDS[kind]()


@pytest.mark.parametrize("kind", KINDS)
def test_every_case_is_refused(kind: str, tmp_path: Path) -> None:
    found = cases(kind)
    names = [case.name for case in found]
    assert len(set(names)) == len(names), sorted({name for name in names if names.count(name) > 1})
    faults = {case.name: said for number, case in enumerate(found) if (said := fault(case, tmp_path / str(number)))}
    print(f"{kind}: {len(found)} cases")
    assert not faults, f"{len(faults)} of {len(found)}:\n" + "\n".join(f"{name}: {said}" for name, said in faults.items())


def test_there_are_enough_cases() -> None:
    counts = {kind: len(cases(kind)) for kind in KINDS}
    print("\n".join(f"{count:5d} {kind}" for kind, count in counts.items()), f"\n{sum(counts.values()):5d} in all")
    assert min(counts["configurations"], counts["metadata"]) >= 100 and sum(counts.values()) >= 500


def test_the_payload_is_live(tmp_path: Path) -> None:
    folder = tmp_path / "inside"
    folder.mkdir()
    pickle.loads(pickled(folder))
    assert marker(folder).is_dir()
