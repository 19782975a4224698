"""What deviations from the reference change: planted differences are found, and every row of docs/fidelity.md has an effect."""

from __future__ import annotations

import ast
import json
import re
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.unit.icare.template_world import make_task, plain_task

from lethe.__main__ import main
from lethe.diffusion.testbed.similarity import to_records
from lethe.settings.tasks import Task
from lethe.statistics.resampling import Inference
from lethe.tools.fidelity import classifiers, images, models, results, similarity, statistics, testbed
from lethe.tools.fidelity.registry import COLUMNS, DEVIATIONS, effects
from lethe.tools.fidelity.world import Effect, World

ROOT = Path(__file__).parents[3]
FAST = Inference(permutations=199, bootstrap=100)
SETTINGS = {"source": "rendered_people", "base": "people", "prompt_style": "person", "attributes": ["hpi"]}


def settings(**more: Any) -> Task:
    return Task.model_validate(SETTINGS | {"balance": ["occupation_simplified", "hpi_bin"], "priority": "hpi"} | more)


def make_world(folder: Path, n: int = 3, ran: tuple[str, ...] = ("munba",), **more: Any) -> World:
    """A world of one task whose metadata are its entities' numbers; tests write the files they need."""
    metadata = [{"name": f"Person_{i}", "index": i, "hpi": float(i)} for i in range(n)]
    write(folder, "metadata_people_2_enriched_filtered.json", metadata)
    runs = {"people": {method: [f"people_{i:03d}_{method}_007" for i in range(n)] for method in ran}}
    return World(folder, **({"tasks": {"people": settings()}, "runs": runs, "methods": ("munba",), "inference": FAST} | more))


def write(folder: Path, name: str, content: Any) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, pd.DataFrame):
        content.to_parquet(path) if name.endswith("parquet") else content.to_csv(path, index=False)
    else:
        path.write_text(json.dumps(content))


def planted(world: World, matrices: dict[tuple[str, str], np.ndarray]) -> World:
    """The world with these matrices as its table of pairs."""
    world._read["data", "people"] = plain_task("people", world.metadata("people"), matrices)
    return world


def by_quantity(found: Any) -> dict[tuple[str, str], Effect]:
    return {(effect.scope, effect.quantity): effect for effect in found}


# --- the registry and the document ---------------------------------------------------------------------------------


def documented() -> list[list[str]]:
    """Cells of the rows of both tables of docs/fidelity.md."""
    lines = (ROOT / "docs/fidelity.md").read_text("utf-8").splitlines()
    return [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines if re.match(r"\| [FD]\d+ \|", line)]


def test_document_and_registry_hold_the_same_deviations() -> None:
    rows = documented()
    assert [row[0].strip() for row in rows] == list(DEVIATIONS)
    lines = (ROOT / "docs/fidelity.md").read_text("utf-8").splitlines()
    titles = ("| id |", "| -- |")
    assert len(rows) == sum(line.startswith("| ") and not line.startswith(titles) for line in lines), "a row without an id"
    assert all(len(row) == 6 and all(cell.strip() for cell in row) for row in rows)


def test_a_deviation_has_effects_or_a_reason() -> None:
    for number, entry in DEVIATIONS.items():
        assert entry.deviation and entry.reason, number
        assert entry.effects or entry.reason != type(entry).__dataclass_fields__["reason"].default, f"{number} has no reason"


def test_no_effect_is_a_number_in_the_code() -> None:
    for file in (ROOT / "src/lethe/tools/fidelity").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Effect":
                assert not node.args, f"{file.name}: {node.lineno}: by keyword, so that this test sees it"
                for keyword in node.keywords:
                    if keyword.arg in ("published", "lethe", "agreement"):
                        computed = [part for part in ast.walk(keyword.value) if isinstance(part, ast.Name)]
                        nothing = isinstance(keyword.value, ast.Constant) and keyword.value.value is None
                        assert computed or nothing, f"{file.name}:{node.lineno}"


def test_the_registry_imports_no_torch() -> None:
    code = "import sys, lethe.tools.fidelity.registry; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_deviation_without_effect_is_a_row_with_its_reason(tmp_path: Path) -> None:
    table = effects(make_world(tmp_path), ["F28", "F3"])
    assert list(table) == COLUMNS and table["id"].tolist() == ["F28", "F3"]
    assert table["published"].isna().all() and table["how"].tolist() == [DEVIATIONS["F28"].reason, DEVIATIONS["F3"].reason]


def test_only_declared_files_are_read(tmp_path: Path) -> None:
    write(tmp_path, "a.json", 1)
    write(tmp_path, "base/b.json", 2)
    world = make_world(tmp_path, files=frozenset({str(tmp_path / "base")}))
    assert world.json("base/b.json") == 2 and not world.has("a.json")
    with pytest.raises(ValueError, match=r"a\.json' is no declared input"):
        world.json("a.json")


def test_the_finished_table_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["deviations", str(tmp_path)]) == 1 and "snakemake -c2" in capsys.readouterr().out
    write(tmp_path, "tables/fidelity.csv", effects(make_world(tmp_path), ["F28"]))
    assert main(["deviations", str(tmp_path)]) == 0
    assert re.search(r"F28 +world +- +- +- +IAT", capsys.readouterr().out)


# --- images and pairs ----------------------------------------------------------------------------------------------


def matrix(own: float, *others: float) -> np.ndarray:
    """(3, 3) with ``own`` on the diagonal and six values beside it."""
    values = np.full((3, 3), float(own))
    values[~np.eye(3, dtype=bool)] = others * (6 // len(others))
    return values


def test_data_range_changes_means_ranks_and_places(tmp_path: Path) -> None:
    world = make_world(tmp_path, runs={"people": {m: ["x"] * 3 for m in ("munba", "uce")}}, methods=("munba", "uce"))
    rising = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
    given = {("munba", "ssim"): matrix(0, *rising), ("munba", "ssim_published"): matrix(0, *(1 - v for v in rising))}
    given |= {("uce", "ssim"): matrix(0, 0.9, 0.8), ("uce", "ssim_published"): matrix(0, 0.2, 0.1)}
    given |= {(m, q): matrix(0, *rising) for m in ("munba", "uce") for q in ("rmse", "rmse_published")}
    found = by_quantity(images.data_range(planted(world, given)))
    effect = found["people/munba", "mean ssim"]
    assert (effect.published, effect.lethe, effect.agreement) == pytest.approx((0.65, 0.35, -1))
    places = [
        (found[f"people/{m}", "place by mean ssim"].published, found[f"people/{m}", "place by mean ssim"].lethe)
        for m in ("munba", "uce")
    ]
    assert places == [(2, 1), (1, 2)]  # a small SSIM is much damage
    assert found["people/uce", "mean rmse"].agreement == pytest.approx(1)


def test_the_own_pair_is_left_out(tmp_path: Path) -> None:
    given = {("munba", q): matrix(-10, -1) for q in ("clip_diff", "ssim", "rmse", "brisque_diff", "dino_diff")}
    found = by_quantity(images.own_pair(planted(make_world(tmp_path), given)))
    assert (
        found["people/munba", "emitter average clip_diff"].published,
        found["people/munba", "emitter average clip_diff"].lethe,
    ) == (-4, -1)
    assert (
        found["people/munba", "emitter worst clip_diff"].published,
        found["people/munba", "emitter worst clip_diff"].lethe,
    ) == (-10, -1)


def test_noise_of_the_reference_moves_with_the_batch_ours_does_not(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    write(tmp_path, "base/people/unet/config.json", {"in_channels": 4, "sample_size": 8})
    write(tmp_path, "noise_floor_people.json", {"ssim": {"mean": 0.4}, "rmse": {"mean": 0.2}})
    given = {("none", "ssim"): matrix(1, 1), ("none", "rmse"): matrix(0, 0)}
    world._read["data", "people"] = plain_task(
        "people", world.metadata("people"), given, baseline=pd.DataFrame({"receiver": [0], "seed": [42]})
    )
    found = list(images.noise(world))
    assert abs(found[0].published or 1) < 0.2 and found[0].lethe == pytest.approx(1)
    assert [(effect.published, effect.lethe) for effect in found[1:]] == [(0.4, 1.0), (0.2, 0.0)]


def test_two_arrows_are_misprinted(tmp_path: Path) -> None:
    assert [(e.published, e.lethe) for e in images.arrows(make_world(tmp_path))] == [(2, 0)]


# --- tests ---------------------------------------------------------------------------------------------------------


def test_significant_results_are_counted_both_ways(tmp_path: Path) -> None:
    alignments = {"p": [0.01, 0.04, 0.2, 0.01], "q": [0.03, 0.08, 0.3, 0.03], "published_spearman_p": [0.01, 0.01, 0.04, np.nan]}
    alignments |= {"method": "munba", "spearman": [0.4, -0.2, -0.2, 1], "published_pearson": [-0.5, 0.5, 0.2, 0.3]}
    write(tmp_path, "tables/similarity_people.csv", pd.DataFrame(alignments))
    relations = {"p": [0.2, 0.01, np.nan], "q": [0.3, 0.02, np.nan], "published_p_1": [0.04, 0.01, 0.01]}
    write(tmp_path, "tables/relations_people.csv", pd.DataFrame(relations | {"published_significant": True}))
    pairs = {"p": [0.01, 0.5], "q": [0.02, 0.5], "published_spearman_p": [0.2, 0.2], "published_pearson_p": [0.01, 0.04]}
    write(tmp_path, "tables/alignments_people.csv", pd.DataFrame(pairs))
    world = make_world(tmp_path)
    assert [(e.published, e.lethe) for e in statistics.mantel(world)] == [(3, 2), (3, 1)]
    assert [(e.published, e.lethe) for e in statistics.families(world)] == [(2, 1), (2, 1)]
    (mean,) = statistics.mean_alignment(world)
    assert (mean.published, mean.lethe) == pytest.approx((0.375, 0.25))


def test_missing_attributes_are_counted(tmp_path: Path) -> None:
    world = make_world(tmp_path, tasks={"people": settings(attributes=["hpi", "gender"], balance=["hpi", "gender"])})
    assert [(e.published, e.lethe) for e in statistics.missing_attributes(world)] == [(3, 0)]


def test_headlines_are_those_of_the_templates(tmp_path: Path) -> None:
    task = make_task()
    world = make_world(tmp_path, len(task.metadata), kinds=("clip", "dino"))
    write(tmp_path, "metadata_people_2_enriched_filtered.json", task.metadata)
    world._read["data", "people"] = task
    found = by_quantity(results.cuts(world))
    cut = found["people/munba", "mean minimum cut of SSIM damage"]
    assert cut.published == 0 and cut.lethe is not None and cut.lethe > 0
    for effect in (*results.counts(world), *results.directed(world), *results.predicted(world), *results.efficiency(world)):
        assert effect.scope.startswith("people") and (effect.published is not None or effect.lethe is not None)
    ratio, clip = task.statistic("munba", "embedding_specificity_ratio"), task.matrix("munba", "clip_diff")
    (efficiency,) = results.efficiency(world)
    order = [pd.Series(values).rank() for values in (ratio, clip.mean(axis=1), np.diagonal(clip))]
    assert (efficiency.published, efficiency.lethe) == pytest.approx((order[0].corr(order[1]), order[0].corr(order[2])))


def test_reversed_similarities_disagree(tmp_path: Path) -> None:
    ours = np.array([[1, 0.1, 0.2], [0.1, 1, 0.3], [0.2, 0.3, 1]])
    names = ["a", "b", "c"]
    write(tmp_path, "similarity_clip_people.json", to_records(names, ours))
    write(tmp_path, "similarity_published/similarity_clip_people.json", to_records(names, 1 - ours))
    mean, spread = similarity.matrices("clip")(make_world(tmp_path))
    assert (mean.published, mean.lethe, mean.agreement) == pytest.approx((0.8, 0.2, -1))
    assert spread.published == pytest.approx(spread.lethe)


# --- models --------------------------------------------------------------------------------------------------------


@pytest.fixture
def both(tmp_path: Path) -> World:
    """munba forgets and harms; munba_published does neither, and its gradients are large."""
    world = make_world(tmp_path, ran=("munba", "munba_published"), tasks={"people": settings(tuning_emitters=[2])})
    off = pd.DataFrame({"receiver": [0, 1, 2], "seed": 42, "judge": 1.0})
    write(tmp_path, "scores/people_baseline.parquet", off)
    for i in range(3):
        ours, old = {"alpha": 8.0, "rank": 8, "max_grad_norm": 5.0}, {"alpha": 2.0, "rank": 8}
        for method, hyper, weight, norm in (("munba", ours, 2.0, 1.4), ("munba_published", old, -50.0, 100.0 + i)):
            record = {"hyperparameters": hyper, "alpha_forget_first": weight, "alpha_retain_first": 2.0, "loss_forget_first": 0.1}
            record |= {"loss_forget_last": 1.0, "loss_retain_first": 0.2, "gradient_norm_first": norm, "gradient_norm_last": 1.0}
            write(tmp_path, f"models/people_{i:03d}_{method}_007/record.json", record)
        write(tmp_path, f"scores/people_{i:03d}_munba_published_007.parquet", off.assign(ssim=0.9))
    return planted(world, {("munba", "judge"): matrix(0, 0.5), ("munba", "ssim"): matrix(0.1, 0.5)})


def test_munba_is_compared_with_its_published_variant(both: World) -> None:
    found = by_quantity(models.retain_noise(both))
    assert (found["people", "judge on the emitter"].published, found["people", "judge on the emitter"].lethe) == (1, 0)
    assert (found["people", "ssim on others"].published, found["people", "ssim on others"].lethe) == pytest.approx((0.9, 0.5))
    assert "2 emitters" in found["people", "ssim on others"].how and "not tuned" in found["people", "ssim on others"].how
    assert found["people", "retain loss at the first step"].lethe == pytest.approx(0.2)


def test_records_tell_weights_losses_scales_and_gradients(both: World) -> None:
    assert [(e.published, e.lethe) for e in models.nash(both)] == [(25, 1)]
    assert [(e.published, e.lethe) for e in models.descent(both)] == [(pytest.approx(10), pytest.approx(10))]
    assert [(e.published, e.lethe) for e in models.lora_scale(both)] == [(4, 1)]
    assert [(e.scope, e.published, e.lethe) for e in models.clipping(both)] == [
        ("people/munba", 1.4, 1.4),
        ("people/munba_published", 102.0, 5.0),
    ]


def test_only_key_and_value_matrices_count_as_edited(tmp_path: Path) -> None:
    entry = {"dtype": "F16", "shape": [4, 8], "data_offsets": [0, 64]}
    header = {f"down.attn2.{name}.weight": entry for name in ("to_k", "to_v", "to_q")} | {"down.attn1.to_k.weight": entry}
    text = json.dumps(header).encode()
    path = tmp_path / "base/people/unet/diffusion_pytorch_model.safetensors"
    path.parent.mkdir(parents=True)
    path.write_bytes(struct.pack("<Q", len(text)) + text)
    world = make_world(tmp_path, ran=("uce",))
    for run in world.runs["people"]["uce"]:
        write(tmp_path, f"models/{run}/delta.safetensors", "x" * 8)
    (effect,) = models.uce_size(world)
    assert (effect.published, effect.lethe) == (4 * 2 * 32, 10)


# --- the testbed and classifiers -----------------------------------------------------------------------------------


def test_text_orders_numbers_letter_by_letter(tmp_path: Path) -> None:
    values = [100, 28, 28, 26, 25, 24, 23, 22, 21, 20, 9, 8]
    records = [{"name": f"Person_{i}", "hpi": v, "group": "x", "kind": "y"} for i, v in enumerate(values)]
    write(tmp_path, "metadata_people_1_enriched_but_not_filtered.json", records)
    world = make_world(tmp_path, n=10, tasks={"people": settings(balance=["group", "kind"], entities=10)})
    (chosen,) = testbed.text_priority(world)  # as text 9, 8, 28, ...: neither 100 nor 20
    assert (chosen.published, chosen.lethe, chosen.agreement) == (8, 10, pytest.approx(1))
    assert [(e.published, e.lethe) for e in testbed.ties(world)] == [(2, 0)]


def test_raw_texts_and_blanks_are_counted(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    write(tmp_path, "sources/people.json", [{"name": "Person_0", "occupation": "Baseball player "}])
    assert [(e.published, e.lethe) for e in testbed.trailing_blanks(world)] == [(1, 0)]
    rows = [{"index": i, "text": f"An image of Person {i}"} for i in range(3)]
    write(tmp_path, "receivers_people.json", [{"index": row["index"], "prompt": row["text"]} for row in rows])
    for name, part in (("forget", rows[:1]), ("retain", rows[1:])):
        path = tmp_path / f"datasets/splits_people/000/train_{name}/metadata.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text("\n".join(map(json.dumps, part)))
    assert [(e.published, e.lethe) for e in testbed.training_texts(world)] == [(3, 0)]


def test_classifiers_are_compared_where_both_variants_stand(tmp_path: Path) -> None:
    world = make_world(tmp_path, studies=("digits_mlp",))
    lira = [("original", 0.9, 0.6), ("retrained", 0.4, 0.5), ("ft", 0.8, 0.55), ("kde", 0.6, 0.5)]
    rows = [(m, v, x, 0.0) for m, old, new in lira for v, x in ((classifiers.PUBLISHED, old), (classifiers.SPLIT_OUT, new))]
    write(
        tmp_path,
        "tables/deepunlearn_lira_digits_mlp.csv",
        pd.DataFrame(rows, columns=["method", "variant", "accuracy", "undefined"]),
    )
    found = by_quantity(classifiers.attack(world))
    assert (
        found["digits_mlp/retrained", "accuracy of U-LiRA"].published,
        found["digits_mlp/retrained", "accuracy of U-LiRA"].lethe,
    ) == (0.4, 0.5)
    mean = found["digits_mlp", "mean accuracy of U-LiRA on unlearned models"]
    assert (mean.published, mean.lethe, mean.agreement) == pytest.approx((0.7, 0.525, 1))
    study = pd.DataFrame({"method": ["ff", "ff_published", "iu"], "gap": [0.5, 0.6, 0.4]})
    study = study.assign(retdev_paired=[0.1, 0.3, 0.2], indisc=[0.9, 0.7, 0.8])
    write(tmp_path, "tables/deepunlearn_digits_mlp.csv", study)
    assert [(e.published, e.lethe) for e in classifiers.published("ff")(world)] == [(0.6, 0.5), (0.3, 0.1), (0.7, 0.9)]
    assert list(classifiers.published("iu")(world)) == []
