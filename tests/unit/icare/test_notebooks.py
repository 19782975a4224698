"""Every notebook is short, stripped, portable and ends with a table; what tutorials count and draw is right."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.figure import Figure

from lethe.benchmarks.icare.figures import source_grid
from lethe.benchmarks.icare.figures.before_after import before_after
from lethe.core.registry import UnknownNameError
from lethe.diffusion.metrics.base import Classifier
from lethe.diffusion.metrics.confusion import ELSE, confusion, forget_and_keep
from lethe.diffusion.metrics.judge import JudgeAccuracy
from lethe.diffusion.metrics.scoring import ImageSet
from lethe.io.shards import write_shard
from lethe.tools.notebook import export_html, run_notebook

ROOT = Path(__file__).parents[3]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PICTURES = re.compile(r"\b(before_after|draw|show)\(")
NAMES = ["ada", "bob", "cy"]


def code_cells(path: Path) -> list[dict]:
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]


def tree(cell: dict) -> ast.Module:
    return ast.parse("".join(line for line in cell["source"] if not line.startswith("%")))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
class TestNotebook:
    def test_stripped_and_short(self, path: Path) -> None:
        code = code_cells(path)
        assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code)
        for node in (node for cell in code for node in ast.walk(tree(cell))):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno < 5, node.name

    def test_parameters_are_plain_values_and_relative_paths(self, path: Path) -> None:
        [cell] = [cell for cell in code_cells(path) if "parameters" in cell["metadata"].get("tags", [])]
        for statement in tree(cell).body:
            value = ast.literal_eval(statement.value)
            for text in value if isinstance(value, list) else [value]:
                assert "/" not in str(text) or str(text).startswith("../results/mini/")
        assert not re.search(r"[\"']/(home|root|tmp|work|Users)\b", path.read_text())

    def test_ends_with_a_table_and_tutorials_have_pictures(self, path: Path) -> None:
        code = code_cells(path)
        last = tree(code[-1]).body[-1]
        assert isinstance(last, ast.Expr) and not PICTURES.search(ast.unparse(last))
        assert any('"display.html.use_mathjax", False' in "".join(cell["source"]) for cell in code)  # names hold dollars
        if path.stem.startswith("tutorial_"):
            assert any(PICTURES.search("".join(cell["source"])) for cell in code)


def answers(*labels: list[int]) -> tuple[JudgeAccuracy, ImageSet]:
    """A judge of four classes, the last of another task, and images in whose red channel it reads its answer."""
    seen = np.array(labels)
    images = torch.zeros(seen.size, 3, 8, 8, dtype=torch.uint8)
    images[:, 0] = torch.from_numpy(seen.reshape(-1, 1, 1)).to(torch.uint8)
    receivers, seeds = (index.ravel() for index in np.indices(seen.shape))
    judge = Classifier(
        lambda pixels: torch.nn.functional.one_hot(pixels[:, 0, 0, 0].long(), 4).float(),
        ["task/ada", "task/bob", "task/cy", "other/dee"],
        [f"task/{name}" for name in NAMES],
    )
    return JudgeAccuracy(judge), ImageSet(images, receivers, seeds, [f"An image of {NAMES[r]}" for r in receivers])


def test_confusion_counts_what_the_judge_sees() -> None:
    judge, images = answers([1, 1, 0, 3], [1, 1, 1, 1], [2, 2, 2, 0])
    table = confusion(judge, images, NAMES)
    assert list(table.columns) == [*NAMES, ELSE]
    assert table.to_numpy().tolist() == [[0.25, 0.5, 0, 0.25], [0, 1, 0, 0], [0.25, 0, 0.75, 0]]
    assert forget_and_keep(table, "ada") == {"judge_emitter": 0.25, "judge_others": 0.875}
    assert forget_and_keep(table, "ada", "bob")["replaced"] == 0.5
    with pytest.raises(UnknownNameError, match="'bub'.*bob"):
        forget_and_keep(table, "ada", "bub")


def test_before_after_shows_the_asked_pictures() -> None:
    _, off = answers([0, 1], [1, 1], [2, 2])
    _, on = answers([3, 1], [1, 1], [2, 2])
    figure = before_after({"off": off, "uce": on}, {"emitter": [0], "others": [2]}, NAMES, seed=0)
    shown = [int(axes.images[0].get_array()[0, 0, 0]) for axes in figure.axes]
    assert shown == [0, 2, 3, 2]
    with pytest.raises(KeyError):
        before_after({"off": off}, {"emitter": [0]}, NAMES, seed=7)


def test_source_grid_reads_the_first_images_of_each_entity(tmp_path: Path) -> None:
    pixels = {name: np.full((8, 8, 3), 60 * number, np.uint8) for number, name in enumerate(NAMES)}
    rows = [(f"{name}/{k}.png", image + k, {"entity": name}) for name, image in pixels.items() for k in range(3)]
    write_shard(tmp_path / "a.tar", rows, tmp_path / "a.parquet")
    pictures = source_grid.read(tmp_path / "a.tar", tmp_path / "a.parquet", ["cy", "ada"], count=2)
    assert {name: [int(image[0, 0, 0]) for image in images] for name, images in pictures.items()} == {
        "cy": [120, 121],
        "ada": [0, 1],
    }
    figure = source_grid.draw(pictures)
    assert isinstance(figure, Figure) and [axes.get_title() for axes in figure.axes] == ["cy", "ada", "", ""]
    with pytest.raises(ValueError, match="no images of dee"):
        source_grid.read(tmp_path / "a.tar", tmp_path / "a.parquet", ["dee"], count=1)


def test_data_preparation_runs_on_lists_and_values(tmp_path: Path) -> None:
    records = [
        {"name": n, "dataset_n_original": 3, "kind": k, "size": s} for n, k, s in zip("abcd", "xxyy", (4, 3, 2, 1), strict=True)
    ]
    enriched = [record | {"big": record["size"] > 2} for record in records]
    chosen = [record | {"index": index, "is_unlearned": True} for index, record in enumerate(enriched[:3])]
    line = {"file_name": "a/0.png", "text": "An image of an a", "index": 0}
    files = {"records": records, "enriched": enriched, "filtered": chosen}
    chosen[0]["name"] = enriched[0]["name"] = records[0]["name"] = "<b>$a$ & $b$</b>"
    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content))
    for name, index in (("forget", 0), ("retain", 1)):
        (tmp_path / name).write_text(json.dumps(line | {"index": index}) + "\n")
    pd.DataFrame({"entity": list("aabc")}).to_parquet(tmp_path / "images")
    paths = {name: str(tmp_path / name) for name in (*files, "forget", "retain", "images")}
    values = {"balance": ["kind", "big"], "priority": "size"}
    run_notebook(ROOT / "notebooks/data_preparation.ipynb", tmp_path / "out.ipynb", paths, values=values)
    shown = (tmp_path / "out.ipynb").read_text()
    assert "joined or derived" in shown and "1 / 2" in shown
    export_html(tmp_path / "out.ipynb", tmp_path / "out.html")
    page = (tmp_path / "out.html").read_text()
    assert str(tmp_path) not in shown + page and str(ROOT) not in shown + page and r"records = \"records\"" in shown
    assert not re.search(r"(src|href|import)\W+https?://", page)
    assert "&lt;b&gt;$a$ &amp; $b$&lt;/b&gt;" in page and "<b>$a$" not in page
    assert re.findall(r"<table.*?>", page) == ['<table border="1" class="dataframe tex2jax_ignore mathjax_ignore">'] * page.count(
        "<table"
    )
