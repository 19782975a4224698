"""A corpus of others as a world: tables, explorer and figures from their files, from a folder and from a hub."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.corpus_tree import PEOPLE, CorpusTree, write_corpus
from tests.hub_server import HubServer
from tests.started import run_python
from tests.workflow.conftest import Clone, clone_to, planned_messages

from lethe.io.tables import read_json

pytestmark = pytest.mark.workflow
CONFIG = "tests/workflow/corpus.yaml"
EPOCHS = {"uce": 0, "distil": 4, "munba": 7}  # of the mini hyper-parameters
RESULTS = Path("results/theirs")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> CorpusTree:
    return write_corpus(tmp_path_factory.mktemp("corpus") / "their files", EPOCHS, "objects")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory, corpus: CorpusTree) -> Clone:
    """A clone with their tables, explorer, claims, and a figure of every template."""
    clone = clone_to(tmp_path_factory.mktemp("theirs") / "lethe")
    clone.snakemake(
        "-c2", *archive(corpus), "--", "tables", "explorer", "figures_all", f"{RESULTS}/tables/claims.csv", config=CONFIG
    )
    return clone


def archive(corpus: CorpusTree, **others: str) -> list[str]:
    values = ", ".join(f"{key}: {value}" for key, value in ({"record": str(corpus.root)} | others).items())
    return ["--config", f"archive={{{values}}}"]


def test_tables_hold_their_numbers(theirs: Clone, corpus: CorpusTree) -> None:
    results = theirs.folder / RESULTS
    pairs = pd.read_parquet(results / "pairs_objects.parquet")
    assert pairs.groupby("method")["emitter"].nunique().to_dict() == {"distil": 8, "munba": 2, "uce": 10}
    stored = json.loads((corpus.root / "datasets/interferences_caused_by_objects_4_munba_7.json").read_text())
    rows = pairs[(pairs["method"] == "munba") & (pairs["emitter"] == 4)].pivot(index="receiver", columns="metric", values="value")
    for key, ours in {"rmse": "rmse_published", "ssim": "ssim_published", "clip_diff": "clip_diff"}.items():
        np.testing.assert_array_equal(rows[ours], [stored[name][key] for name in PEOPLE])
    assert not {"rmse", "ssim"} & set(pairs["metric"])
    entities = read_json(results / "interference_per_entity_objects.json")
    assert entities[4]["metric_munba_7_emitter_average_ssim (↑)"] == pytest.approx(
        np.mean([stored[name]["ssim"] for name in PEOPLE])
    )
    ratio = "metric_distil_4_embedding_specificity_ratio (↑)"
    assert [record["index"] for record in entities if record[ratio] is not None] == [0, 1, 2]
    tested = pd.read_csv(results / "tables/similarity_objects.csv")
    assert set(tested["metric"]) >= {"rmse_published", "ssim_published", "dino_diff"} and tested["q"].notna().all()
    floor = read_json(results / "noise_floor_objects.json")
    assert floor["dino_diff"]["n"] == 10 and floor["clip_diff"]["mean"] is None


def test_every_template_drew_its_figure(theirs: Clone) -> None:
    drawn = {path.parent.name for path in (theirs.folder / RESULTS / "figures").glob("*/*.png")}
    assert len(drawn) == 22, sorted(drawn)


def test_claims_are_read_from_their_tables(theirs: Clone) -> None:
    claims = pd.read_csv(theirs.folder / RESULTS / "tables/claims.csv")
    assert {"C17", "C18"} <= set(claims["id"]) and set(claims["scope"]) == {"objects"}


def test_every_model_has_a_verdict_on_its_noise(theirs: Clone) -> None:
    found = pd.read_csv(theirs.folder / RESULTS / "tables/pairing_objects.csv").set_index(["method", "emitter", "off"])
    assert len(found) == 6
    shared = [("uce", 0, "baseline"), ("distil", 0, "baseline"), ("munba", 0, "baseline"), ("distil", 2, "own")]
    assert all(found.loc[key, "verdict"] == "paired" for key in shared)
    others = [("uce", 1, "baseline"), ("distil", 2, "baseline")]  # two seeds are few: one of twenty may look partly paired
    assert all(found.loc[key, "verdict"] != "paired" and found.loc[key, "same"] < 0.5 for key in others)


def test_the_explorer_names_the_pictures_that_are_there(theirs: Clone) -> None:
    folder = theirs.folder / RESULTS / "explorer"
    text = (folder / "objects/data.js").read_text()
    content = json.loads(text[text.index(", ") + 2 : text.rindex(")")])
    runs = [
        "objects_baseline",
        "objects_000_uce_000",
        "objects_001_uce_000",
        "objects_000_distil_004",
        "objects_002_distil_004",
        "objects_000_munba_007",
    ]
    assert sorted(content["pictures"]["runs"]) == sorted(runs)
    assert {file.parent.name for file in folder.glob("rows/*/0.webp")} == set(runs)
    assert len(list(folder.glob("rows/*/row.js"))) == 21


def test_nothing_is_made_twice_and_a_changed_file_reaches_its_method_alone(theirs: Clone, corpus: CorpusTree) -> None:
    said = theirs.snakemake("-n", "--quiet", "rules", *archive(corpus), "--", "tables", config=CONFIG)
    assert "Nothing to be done" in said
    file = corpus.root / "datasets/interferences_caused_by_objects_0_munba_7.json"
    before = file.read_text()
    content = json.loads(before)
    content[PEOPLE[3]]["clip_diff"] -= 1.0
    file.write_text(json.dumps(content))
    messages = planned_messages(theirs.snakemake("-n", *archive(corpus), "--", "tables", config=CONFIG))
    file.write_text(before)
    assert [message for message in messages if message.startswith("Published pairs")] == [
        "Published pairs of objects under munba"
    ]
    assert not [message for message in messages if "embeddings" in message or "pictures" in message]


def test_from_a_hub_only_what_is_asked_for_is_fetched(theirs: Clone, corpus: CorpusTree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    clone = theirs
    files = {path.relative_to(corpus.root).as_posix(): path.read_bytes() for path in corpus.root.rglob("*") if path.is_file()}
    with HubServer() as hub:
        hub.repositories["them/corpus"] = [files]
        command = ["-m", "lethe", "census", "them/corpus", "--revision", "v1", "--endpoint", hub.endpoint]
        said = run_python(command, clone.folder, clone.environment(), apart=True).stdout
        assert "objects  uce     0             pairs                   10     10" in said
        asked = archive(corpus, record="them/corpus", host="huggingface", revision="v1", endpoint=hub.endpoint)
        targets = ["by_method/pairs_objects_munba.parquet", "datasets/generated_objects_000_uce_000.tar"]
        clone.snakemake(
            "-c2", *asked, "world=from_hub", "--", *(f"results/from_hub/{target}" for target in targets), config=CONFIG
        )
        fetched = {path.partition("/resolve/v1/")[2] for method, path, _ in hub.asked if method == "GET" and "/resolve/" in path}
        assert not [token for _, _, token in hub.asked if token]
    pairs = {f"datasets/interferences_caused_by_objects_{index}_munba_7.json" for index in (0, 4)}
    pictures = {name for name in files if name.startswith("datasets/generated_objects_Ann Bole_uce_000/")}
    assert fetched == {"metadata_objects_2_enriched_filtered.json"} | pairs | pictures and len(pictures) == 21
    own = [clone.folder / "results" / world / "datasets/generated_objects_000_uce_000.tar" for world in ("theirs", "from_hub")]
    assert own[0].read_bytes() == own[1].read_bytes()
