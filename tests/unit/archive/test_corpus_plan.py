"""What a world of a corpus asks for, and what it refuses before any job runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from snakemake.utils import update_config
from tests.corpus_tree import CorpusTree, write_corpus

from lethe.archive.corpus.census import census, of_place, text
from lethe.archive.corpus.tree import FolderTree
from lethe.benchmarks.icare.templates.paper import figures
from lethe.figures.templates import TEMPLATES
from lethe.figures.templates.parameters import validate
from lethe.figures.templates.world import World
from lethe.planning.targets import Values
from lethe.settings.errors import SettingsError
from lethe.workflow.configuration import load_configuration
from lethe.workflow.plan import Plan

ROOT = Path(__file__).parents[3]
EPOCHS = {"uce": 0, "distil": 4, "munba": 7}  # of the mini hyper-parameters


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> CorpusTree:
    return write_corpus(tmp_path_factory.mktemp("corpus") / "tree", EPOCHS, "objects")


def plan_of(corpus: CorpusTree, similarity: dict[str, Any] | None = None, **archive: str) -> Plan:
    config: dict[str, Any] = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    update_config(config, yaml.safe_load((ROOT / "tests/workflow/corpus.yaml").read_text()))
    update_config(config, {"archive": {"record": str(corpus.root)} | archive})
    update_config(config, {"similarity": similarity or {}})
    return Plan(load_configuration(config), {}, ROOT)


@pytest.fixture(scope="module")
def plan(corpus: CorpusTree) -> Plan:
    return plan_of(corpus)


def asked(plan: Plan, name: str, **parameters: Any) -> dict[str, list[str]]:
    """The files that a figure reads; what cannot be made is refused."""
    template, world = TEMPLATES.load(name), World(plan.settings, plan.models, [])
    checked = validate(template.parameters, {"task": "objects"} | parameters)
    template.check(checked, world)
    return template.files(checked, world)


def test_a_figure_waits_for_its_own_method_alone(plan: Plan, corpus: CorpusTree) -> None:
    files = asked(plan, "MSA", method="uce", metric="ssim_published", similarity="attr")
    assert files["pairs"] == ["by_method/pairs_objects_uce.parquet"]
    own = plan.imports.pairs(Values(task="objects", method="munba"))
    assert own == [f"{corpus.root}/datasets/interferences_caused_by_objects_{index}_munba_7.json" for index in (0, 4)]


def test_every_template_has_a_figure(plan: Plan) -> None:
    """Of a corpus in which models, embeddings and pictures lack; the figures themselves are drawn by the tests of the workflow."""
    assert {figure.template for figure in figures(plan.settings, plan.models)} == {
        name for name in TEMPLATES.names() if name in ALL_RESULTS
    }


ALL_RESULTS = (
    *(
        "MMA",
        "MSA",
        "MSAOne",
        "InterferenceBySimilarityRank",
        "MostSimilarMostInterferedGrid",
        "MSAM",
        "SRC",
        "SRCD",
        "SRN",
        "CSR",
        "IAT",
    ),
    *("MCI", "IVS", "SimilarityVisualSummary", "UnlearningVisualSummary", "IM", "SM", "MCME", "EUP", "EFE", "MSAGrid", "Pareto"),
)


@pytest.mark.parametrize(
    ("name", "parameters", "said"),
    [
        ("MSA", {"method": "uce", "metric": "ssim", "similarity": "attr"}, "metric: 'ssim' is unknown.*ssim_published"),
        (
            "MSAOne",
            {"method": "distil", "metric": "clip_diff", "similarity": "attr", "emitter": 3},
            "no pairs of entity 3 under 'distil'",
        ),
        ("EUP", {"method": "distil", "metric": "clip_diff", "emitter": 5}, "no embeddings of entity 5 under 'distil'"),
        ("IAT", {"method": "munba", "attribute_1": "parity", "attribute_2": "curvature"}, "no embeddings under 'munba'"),
        (
            "IVS",
            {"method": "uce", "metric": "clip_diff", "emitter": 3, "seed": 42},
            "no pictures of entity 3 under 'uce'.*those of 0, 1",
        ),
    ],
)
def test_what_the_corpus_lacks_is_refused_by_name(plan: Plan, name: str, parameters: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        asked(plan, name, **parameters)


def test_without_pictures_figures_of_them_are_refused_and_not_planned(corpus: CorpusTree) -> None:
    plan = plan_of(corpus, images="build")
    with pytest.raises(ValueError, match="shows pictures, and this world has none; .*images: archive"):
        asked(plan, "IVS", method="uce", metric="clip_diff", emitter=0, seed=42)
    assert not [file for file in plan.products(["objects"]) if "visual" in file or "pairing" in file]
    assert plan.imports.runs == [] and not plan.models.built("models") and not plan.models.built("images")


def test_pictures_alone_are_scored_here(corpus: CorpusTree) -> None:
    plan = plan_of(corpus, tables="build")
    assert plan.models.names("objects") == [
        *(
            "objects_000_uce_000",
            "objects_001_uce_000",
            "objects_000_distil_004",
            "objects_002_distil_004",
            "objects_000_munba_007",
        )
    ]
    assert plan.models.scored_shapes and "<results>/tables/pairing_objects.csv" in plan.products(["objects"])
    assert not plan.models.shapes("models") and not plan.models.shapes("images")


@pytest.mark.parametrize(
    ("archive", "said"),
    [
        ({"suffix": "_sdxl"}, "has no files of pairs of its methods .uce, distil, munba.*lethe census"),
        ({"record": "/nowhere/at/all"}, "archive.record: '/nowhere/at/all' does not exist"),
        ({"record": "a/b", "host": "huggingface"}, "ask the hub once: lethe census a/b --revision main"),
        ({"record": "123", "host": "zenodo"}, "fetch it first: snakemake -c1 results/theirs/archive/123"),
        ({"metadata": "build"}, "archive.metadata: 'build'.*allowed: archive"),
        ({"layout": "lethe"}, "archive.host: 'folder' is for layout: vision-unlearning"),
    ],
)
def test_a_world_that_cannot_be_is_refused(corpus: CorpusTree, archive: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        plan_of(corpus, **archive)


def test_weights_of_models_that_are_not_read_are_refused(corpus: CorpusTree) -> None:
    with pytest.raises(SettingsError, match="similarity.weights: uce, but models of a corpus are not read"):
        plan_of(corpus, similarity={"weights": ["uce"]})


def test_another_number_of_entities_is_refused(corpus: CorpusTree, tmp_path: Path) -> None:
    other = CorpusTree(tmp_path / "tree", corpus.names[:4], task="objects")
    other.metadata()
    with pytest.raises(SettingsError, match=r"tasks.objects.entities: 10, but .* has 4"):
        plan_of(other)


def test_the_census_tells_what_is_there_missing_and_invalid(corpus: CorpusTree, tmp_path: Path) -> None:
    tree = write_corpus(tmp_path / "tree", EPOCHS)
    (tree.root / "datasets/interferences_caused_by_people_1_uce_0.json").write_text("")
    (tree.root / "datasets/interferences_caused_by_people_2_uce_0.json").write_text('{"Ann_Bole": 1}')
    (tree.root / "datasets/interferences_caused_by_people_44_uce_0.json").write_text("{}")
    picture = next((tree.root / "datasets" / tree.folder(1, "uce", EPOCHS)).glob("*.png"))
    picture.unlink()
    model = tree.root / "models/people_Ann_Bole_uce_000"
    model.mkdir(parents=True)
    (model / "uce_sd_weights.safetensors").write_bytes(b"weights")
    (tree.root / "models/people_Bo_Cady-Dunn_uce_000_sdxl").mkdir()
    cells = {(cell.method, cell.suffix, cell.kind): cell for cell in census(FolderTree(tree.root))}
    pairs = cells["uce", "", "pairs"]
    assert (len(pairs.there), pairs.missing, pairs.expected) == (9, [], 10)  # by names and sizes alone
    assert sorted(pairs.invalid.values()) == ["index 44; the task has 10 entities", "it is empty"]
    assert cells["munba", "", "pairs"].missing[:2] == ["Ann_Bole_Jr", "Bo_Cady-Dunn"]
    assert list(cells["uce", "", "images"].invalid.values()) == ["19 'on' pictures; expected 20"]
    assert cells["distil", "", "images"].notes and cells["", "", "similarities"].missing == ["dino"]
    assert cells["uce", "", "models"].there == ["Ann_Bole"] and cells["uce", "_sdxl", "models"].invalid
    read = {(cell.method, cell.suffix, cell.kind): cell for cell in census(FolderTree(tree.root), read=True)}
    assert "receivers: 1 of 10 entities; missing are 9" in read["uce", "", "pairs"].invalid[pairs_file(2)]
    assert f"invalid, people uce pairs: {pairs_file(1)}: it is empty" in text(list(cells.values()))


def pairs_file(index: int) -> str:
    return f"datasets/interferences_caused_by_people_{index}_uce_0.json"


def test_a_place_that_is_no_corpus_has_no_census(tmp_path: Path) -> None:
    for place, said in (
        (str(tmp_path), "is no corpus of this layout"),
        (str(tmp_path / "x" / "y" / "z"), "is no folder; allowed"),
    ):
        with pytest.raises(ValueError, match=said):
            of_place(place, False, "main", "https://huggingface.co")
