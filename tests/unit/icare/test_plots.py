"""Figures: the tables they draw are right, and drawing is deterministic, titled and free of global state."""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image
from tests.unit.icare.plot_tables import METHODS, Tables, make_tables

from lethe.benchmarks.icare.figures.quantities import quantity
from lethe.benchmarks.icare.gates import unlearning_table
from lethe.benchmarks.icare.parameters import MethodsParameters
from lethe.benchmarks.icare.templates import (
    forget_retain,
    interference_matrix,
    method_comparison,
    metric_similarity,
    similarity_matrix,
    visual_grid,
)
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.benchmarks.icare.templates.files import read_pictures
from lethe.core.records import ModelId
from lethe.core.registry import UnknownNameError
from lethe.diffusion.metrics.specs import comparisons, quantities
from lethe.figures import tables
from lethe.figures.heatmap import alike_beside
from lethe.figures.style import method_colour, save
from lethe.figures.tables import entity_names
from lethe.io.shards import write_shard
from lethe.statistics.resampling import Inference
from lethe.tools.notebook import export_html, run_notebook

ROOT = Path(__file__).parents[3]
INFERENCE = Inference()


def unknown(made: Tables) -> np.ndarray:
    """A similarity that nobody knows."""
    return np.full((len(made.metadata), len(made.metadata)), np.nan)


@pytest.fixture(scope="module")
def made() -> Tables:
    return make_tables()


def test_import_is_light():
    modules = [path.stem for path in (ROOT / "src/lethe/figures").glob("*.py") if path.stem != "__init__"]
    code = f"import sys, importlib; [importlib.import_module('lethe.figures.' + m) for m in {modules}]; "
    code += "print([m for m in ('torch', 'matplotlib', 'papermill') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def of_cells(made: Tables, metric: str, methods: list[str]) -> pd.DataFrame:
    return interference_matrix.data(made.pairs, made.metadata, metric, methods, made.noise_floor, made.alike("true"))


def test_interference_matrix(made, tmp_path):
    data = of_cells(made, "clip_diff", METHODS)
    assert list(dict.fromkeys(data["method"])) == METHODS
    assert len(data) == 4 * 100 + 10 and data.loc[data["method"] == "none", "value"].eq(0).all()
    figure = interference_matrix.draw(data, "clip_diff", "true")
    assert [axes.get_title() for axes in figure.axes[:4]] == ["UCE", "SPARE (FADE)", "MUNBa", "retrain"]
    images = [axes.images[0] for axes in figure.axes[:4]]
    assert len({image.get_clim() for image in images}) == 1 and sum(images[0].get_clim()) == 0
    assert [image.get_array().shape for image in images] == [(10, 10)] * 3 + [(1, 10)]  # retrain has one emitter: no grey rows
    assert any("not drawn: none (0 in every cell)" in text.get_text() for text in figure.texts)
    save(figure, tmp_path / "a.png")
    save(interference_matrix.draw(data, "clip_diff", "true"), tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_cells_stand_in_the_order_of_similarity_and_those_within_the_noise_are_marked(made):
    data = of_cells(made, "clip_diff", ["munba"])
    order = [int(i) for i in alike_beside(made.alike("true"))]
    assert order != sorted(order) and sorted(order) == list(range(10))
    axes = interference_matrix.draw(data, "clip_diff", "true").axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == [entity_names(made.metadata)[i] for i in order]
    cells = data.set_index(["emitter", "receiver"])
    assert axes.images[0].get_array()[0, 1] == cells.loc[(order[0], order[1]), "value"]
    within = cells["value"].between(-0.2, 0.2)
    assert (cells["within_noise"] == within).all() and len(axes.collections[0].get_offsets()) == within.sum() > 0
    alone = interference_matrix.data(made.pairs, made.metadata, "clip_diff", ["munba"], {})
    assert not alone["within_noise"].any()
    worse = of_cells(made, "ssim", ["munba"])  # of a metric that knows no gain: all that is no worse than two seeds
    assert (worse["within_noise"] == (worse["value"] >= 0.4)).all()


@pytest.mark.parametrize("metric", ["clip_diff", "brisque_diff", "ssim", "rmse", "dino_diff"])
def test_red_is_harm_and_no_change_is_pale(made, metric):
    data = of_cells(made, metric, ["munba"])
    image = interference_matrix.draw(data, metric).axes[0].images[0]
    unchanged = quantity(metric).unchanged
    worst = data.loc[(data["value"] - unchanged).abs().idxmax(), "value"]
    red, pale = image.cmap(image.norm(worst)), image.cmap(image.norm(unchanged))
    assert red[0] > 2 * red[2] and min(pale[:3]) > 0.9


def test_all_entities_have_names_in_a_large_task():
    large = make_tables(60)
    figure = interference_matrix.draw(of_cells(large, "ssim", ["uce"]), "ssim")
    assert 5 <= len(figure.axes[0].get_yticks()) <= 14


def test_similarity_matrix(made):
    data = similarity_matrix.data({"clip": made.alike("clip"), "true": unknown(made)}, made.metadata)
    assert len(data) == 200 and data.loc[data["kind"] == "true", "similarity"].isna().all()
    figure = similarity_matrix.draw(data)
    assert [axes.get_title().split("\n")[0] for axes in figure.axes] == ["CLIP text similarity", ""]  # and the colour bar
    assert any("not drawn: True similarity" in text.get_text() for text in figure.texts)
    clip = data[(data["kind"] == "clip") & (data["emitter"] != data["receiver"])]
    most = clip.loc[clip["similarity"].idxmax()]
    assert most["rank"] == clip["rank"].max() <= 100 and clip["rank"].min() >= 0
    assert clip["rank"].corr(clip["similarity"], method="spearman") == pytest.approx(1)


def test_metric_similarity_finds_the_known_truth(made):
    test = metric_similarity.mantel_test(199, 0)
    data = metric_similarity.data(made.pairs, made.alike("true"), made.metadata, "clip_diff", METHODS, test, made.noise_floor)
    told = data.groupby("method")[["rho", "p_value", "q_value"]].first()
    assert (data["emitter"] != data["receiver"]).all() and len(data) == 4 * 90 + 9
    assert told.loc["munba", "rho"] > 0.8 and told.loc["munba", "p_value"] == pytest.approx(1 / 200)
    assert told.loc[["none", "retrain"]].isna().all(axis=None)
    assert told.loc[["uce", "distil", "munba"], "q_value"].max() == told["p_value"].max()  # Benjamini and Hochberg over three
    assert set(data["floor_low"]) == {-0.2} and set(data["floor_high"]) == {0.2}
    figure = metric_similarity.draw(data, "clip_diff", "true")
    titles = [axes.get_title().split("\n")[0] for axes in figure.axes]
    assert titles == ["UCE", "SPARE (FADE)", "MUNBa"]  # those that say something, and no empty panel
    assert "q = 0.005" in figure.axes[2].get_title() and "p =" not in figure.axes[2].get_title()
    below = " ".join(text.get_text() for text in figure.texts)
    assert "not drawn: none (the same value for every pair)" in below and "retrain (models of one emitter only)" in below
    assert "3 tests" in below and "rank correlation" in below


def test_medians_of_fifths_are_of_the_rows_in_order_of_similarity(made):
    test = metric_similarity.mantel_test(19, 0)
    data = metric_similarity.data(made.pairs, made.alike("true"), made.metadata, "ssim", ["uce"], test, {})
    axes = metric_similarity.draw(data, "ssim", "true").axes[0]
    rows = data.sort_values("similarity", kind="stable")
    drawn = [line.get_ydata()[0] for line in axes.lines if line.get_linewidth() == 2.4]
    assert drawn == [pytest.approx(rows["value"].iloc[18 * fifth : 18 * fifth + 18].median()) for fifth in range(5)]


def test_metric_similarity_of_unknown_similarity_says_so(made):
    data = metric_similarity.data(
        made.pairs, unknown(made), made.metadata, "clip_diff", METHODS, metric_similarity.mantel_test(99, 0), {}
    )
    assert data.empty
    assert "not known" in metric_similarity.draw(data, "clip_diff", "true").axes[0].get_title()


def test_method_comparison(made):
    data = method_comparison.data(made.pairs, made.noise_floor, made.metadata, "clip_diff", METHODS, [8, 9])
    rows = made.pairs.query("method == 'uce' and metric == 'clip_diff' and emitter == 2 and receiver != 2")
    found = data.query("method == 'uce' and emitter == 2")["value"].item()
    assert found == pytest.approx(rows["value"].mean()) and data["tuning"].sum() == 8
    one = (data["method"] == "munba") & (data["emitter"] == 2)
    far = data.assign(value=data["value"].mask(one, -117.2))
    axes = method_comparison.draw(far, "clip_diff").axes[0]
    written = [text.get_text() for text in axes.texts]
    median = far.loc[(far["method"] == "munba") & ~far["tuning"], "value"].median()
    assert axes.get_ylim()[0] > -20 and "\u2212117" in written  # one emitter does not take the axis
    assert written[METHODS.index("munba")] == f"{median:.2f}".replace("-", "\u2212")
    with pytest.raises(ValueError, match="noise floor has no 'dino_diff'"):
        method_comparison.data(made.pairs, made.noise_floor, made.metadata, "dino_diff", METHODS, [])
    blank = {"clip_diff": {"mean": None, "low": None, "high": None}}
    method_comparison.draw(method_comparison.data(made.pairs, blank, made.metadata, "clip_diff", METHODS, []), "clip_diff")


def test_forget_retain_agrees_with_the_unlearning_table(made):
    data = forget_retain.data(made.pairs, made.baseline, made.metadata, METHODS, [8, 9], INFERENCE)
    none = data[data["method"] == "none"]
    assert np.allclose(none["forget"], 0.9) and np.allclose(none["retain"], 1.0)
    base = made.baseline.groupby("receiver")["judge"].mean()
    judge = made.pairs[made.pairs["metric"] == "judge_diff"].assign(metric="judge")
    judge["value"] += judge["receiver"].map(base)
    summary = unlearning_table(pd.concat([made.pairs, judge]), made.baseline, 10, exclude=[8, 9]).set_index("method")
    means = data[~data["tuning"]].groupby("method")[["forget", "retain"]].mean()
    assert np.allclose(means.loc[METHODS, "forget"], summary.loc[METHODS, "judge_emitter"])
    assert np.allclose(means.loc[METHODS, "retain"], summary.loc[METHODS, "others_kept"])
    low = data.groupby("method")["retain_low"].first()
    assert np.allclose(low.loc["munba"], summary.loc["munba", "others_kept_low"])
    left, right = forget_retain.draw(data).axes
    told = [text.get_text() for text in left.texts]
    assert "none: 0.90 beyond the axis" in told and left.get_xlim()[1] < 0.9  # it would take the axis of all others


def test_a_pair_without_a_value_is_left_out_on_both_sides_and_told(made):
    method = METHODS[0]
    chosen = (made.pairs["method"] == method) & (made.pairs["emitter"] == 3) & (made.pairs["receiver"].isin([4, 5]))
    lacking = made.pairs.assign(value=made.pairs["value"].mask(chosen))

    def retained(pairs: pd.DataFrame) -> pd.DataFrame:
        return forget_retain.data(pairs, made.baseline, made.metadata, METHODS, [], INFERENCE)

    def compared(pairs: pd.DataFrame) -> pd.DataFrame:
        return method_comparison.data(pairs, made.noise_floor, made.metadata, "clip_diff", METHODS, [])

    for of, key in ((retained, "retain"), (compared, "value")):
        found, right = of(lacking), of(made.pairs[~chosen])
        row = (found["method"] == method) & (found["emitter"] == 3)
        assert found.loc[row, key].item() == pytest.approx(right.loc[row, key].item())
        assert found.loc[row, "left_out"].item() == 2 and found["left_out"].sum() == 2
    boxes = method_comparison.draw(compared(lacking), "clip_diff").axes[0]
    assert "2 pairs missing" in boxes.get_xticklabels()[0].get_text()
    assert forget_retain.draw(retained(lacking)).get_suptitle() == "2 pairs have no accuracy and are left out"


def test_visual_grid(made, tmp_path):
    data = visual_grid.data(made.pairs, made.alike("clip"), made.metadata, 3, 42, "clip_diff", METHODS)
    columns = data[data["row"] == "off"]
    assert list(columns["role"]) == ["emitter"] + ["most similar"] * 3 + ["most interfered"] * 2 + ["least similar"] * 2
    assert columns["receiver"].iloc[0] == 3 and columns["receiver"].is_unique
    assert columns["similarity"].iloc[1:4].min() >= columns["similarity"].iloc[4:].max()
    assert list(dict.fromkeys(data["row"])) == ["off", *METHODS]
    pictures = {
        (row, member): np.full((8, 8, 3), int(member[:3]) * 20, np.uint8)
        for row, member in zip(data["row"], data["member"], strict=True)
    }
    save(visual_grid.draw(data, pictures), tmp_path / "grid.png")
    with Image.open(tmp_path / "grid.png") as image:
        assert image.width > 1400


def test_pictures_come_from_the_shard_of_their_row(tmp_path):
    """Whatever the files are called."""
    files: dict[str, list[Path]] = {"tars": [], "indices": []}
    for place in range(3):
        picture = np.full((4, 4, 3), 100 * place, np.uint8)
        write_shard(tmp_path / f"{place}.tar", [("003_42.png", picture, {"receiver": 3, "seed": 42, "prompt": "x"})])
        files["tars"].append(tmp_path / f"{place}.tar")
        files["indices"].append(tmp_path / f"{place}.parquet")
    rows = [{"row": row, "member": "003_42.png"} for row in ("off", "uce", "distil")]
    models = [ModelId("breeds", 3, "uce", 0), ModelId("breeds", 3, "distil", 5)]
    seen = {row: int(picture.max()) for (row, _), picture in read_pictures(rows, files, models).items()}
    assert seen == {"off": 0, "uce": 100, "distil": 200}


@pytest.mark.parametrize(
    ("module", "more"),
    [
        (interference_matrix, {"metric": "ssim"}),
        (similarity_matrix, {"similarities": ("clip", "dino")}),
        (metric_similarity, {"metric": "ssim", "similarity": "true"}),
        (method_comparison, {"metric": "ssim"}),
        (forget_retain, {}),
        (visual_grid, {"metric": "ssim", "similarity": "clip", "emitter": 3, "seed": 42}),
    ],
)
def test_a_template_draws_the_rows_of_its_csv(made, module, more):
    """What is drawn has gone through the rows that the CSV holds, with the types that the table had."""
    template = module.TEMPLATE
    methods = {"methods": tuple(METHODS)} if issubclass(template.parameters, MethodsParameters) else {}
    parameters = template.parameters(task="breeds", **methods, **more)
    similarities = {kind: made.alike(kind) for kind in made.similarity}
    task = TaskData(
        "breeds", made.metadata, pairs=made.pairs, similarities=similarities, baseline=made.baseline,
        noise_floor=made.noise_floor, tuning=[8],
    )  # fmt: skip
    result = template.compute(parameters, {"breeds": task}, Inference(permutations=99, bootstrap=50))
    pictures = {(row.get("row"), row.get("member")): np.zeros((8, 8, 3), np.uint8) for row in result.rows}
    assert isinstance(template.draw(result, parameters, pictures), Figure)
    again = pd.read_csv(io.StringIO(result.csv()))
    assert list(again) == list(result.columns) and len(again) == len(result.rows) > 0
    assert (again.dtypes == result.table.dtypes).all()


def test_errors_name_what_is_wrong(made):
    with pytest.raises(UnknownNameError, match="did you mean 'clip_diff'"):
        quantity("clipdiff")
    with pytest.raises(UnknownNameError, match="scores one image"):
        quantity("clip")
    with pytest.raises(ValueError, match="no metric 'nudenet_diff'; it has: brisque_diff"):
        tables.select_pairs(made.pairs, "nudenet_diff", METHODS)
    two = pd.concat([made.pairs, made.pairs.assign(epochs=5)])
    with pytest.raises(ValueError, match="several epochs"):
        tables.select_pairs(two, "ssim", METHODS)
    with pytest.raises(ValueError, match="no emitter 'Bram_Tolliver'"):
        tables.similarity_matrix(made.similarity["clip"][:-1], made.metadata)


def test_every_pair_metric_has_a_label_and_methods_keep_their_colours():
    for name in comparisons(quantities()):
        assert quantity(name).axis.endswith("is healthier)")
    assert method_colour("uce", ["uce"]) == method_colour("uce", METHODS)
    assert len({method_colour(m, [*METHODS, "esd", "salun"]) for m in [*METHODS, "esd", "salun"]}) == 7


def test_interference_notebook_runs(made, tmp_path):
    paths = {name: tmp_path / name for name in ("metadata", "pairs", "unlearning", "correlations", "noise_floor")}
    paths["metadata"].write_text(json.dumps(made.metadata))
    made.pairs.to_parquet(paths["pairs"])
    paths["noise_floor"].write_text(json.dumps(made.noise_floor))
    pd.DataFrame({"method": ["uce"], "emitters": [8], "judge_emitter": [0.1], "others_kept": [0.9]}).to_csv(paths["unlearning"])
    row = {"method": ["uce"], "metric": ["ssim"], "similarity": ["true"], "spearman": [0.5], "p": [0.01]}
    pd.DataFrame(row).to_csv(paths["correlations"], index=False)
    source = ROOT / "notebooks/interference.ipynb"
    run_notebook(source, tmp_path / "out.ipynb", {name: str(path) for name, path in paths.items()})
    export_html(tmp_path / "out.ipynb", tmp_path / "out.html")
    assert "image/png" in (tmp_path / "out.ipynb").read_text() and "<html" in (tmp_path / "out.html").read_text()
    with pytest.raises(ValueError, match="no parameter 'pears'"):
        run_notebook(source, tmp_path / "x.ipynb", {"pears": "x"})
