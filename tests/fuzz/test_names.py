"""Every list of names that is accepted goes from the metadata to a figure and comes back as it was written."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from matplotlib.text import Text

from lethe.benchmarks.icare.pairs import read_pairs, write_pairs
from lethe.benchmarks.icare.templates import similarity_matrix
from lethe.core.records import ModelId
from lethe.diffusion.testbed.distinct import check_prompts
from lethe.diffusion.testbed.metadata import enrich, select
from lethe.diffusion.testbed.names import prompt
from lethe.diffusion.testbed.receivers import of_entities
from lethe.diffusion.testbed.schema import MetadataError, read_metadata
from lethe.diffusion.testbed.selection import read_published
from lethe.diffusion.testbed.similarity import from_records, to_records
from lethe.diffusion.testbed.spelling import composed, name_fault
from lethe.diffusion.testbed.splits import make_splits, split_of
from lethe.figures import tables
from lethe.figures.style import save
from lethe.figures.templates.result import Result
from lethe.io.tables import read_json, read_jsonl, write_json, write_jsonl

WORDS = [
    "NA",
    "None",
    "null",
    "nan",
    "$x$",
    "$",
    r"\frac{a}{b}",
    "x^2",
    "50%",
    "{}",
    "#1",
    "a,b",
    '"q"',
    "'",
    "<b>",
    "&amp;",
    "0",
]
WORDS += [
    "emitter ",
    "receiver",
    "name",
    "index",
    "猫",
    "고양이",
    "ねこ",
    "кошка",
    "قط",
    "חתול",
    "हिन्दी",
    "🐈",
    "é",
    "-1",
    "=1+1",
    "__proto__",
]
NAME = st.one_of(st.text(min_size=1, max_size=12), st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join))
NAME = NAME.map(composed).filter(lambda name: not name_fault(name))


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(NAME, min_size=2, max_size=4, unique=True))
@example(["A$AP and Ke$ha", "NA", "None", "#1"])
def test_an_accepted_name_comes_back_as_it_was_written(names: list[str]) -> None:
    records = enrich([{"name": name, "dataset_n_original": 2, "kind": "x", "size": -i} for i, name in enumerate(names)])
    chosen = select(records, ["kind"], len(names), "size")
    try:
        receivers, emitters = of_entities(chosen, "person")
        check_prompts(receivers, emitters)
    except MetadataError as error:
        assert "have one prompt" in str(error)  # the one reason that is about several names, none of which is wrong
        return
    assert [record["name"] for record in chosen] == names
    with TemporaryDirectory() as place:
        folder = Path(place)
        write_json(folder / "metadata.json", chosen)
        metadata = read_metadata(folder / "metadata.json")
        assert metadata == chosen
        pd.DataFrame({"index": range(len(names)), "name": names}).to_csv(folder / "list.csv", index=False)
        assert read_published(folder / "list.csv") == names

        images = pd.DataFrame([{"member": f"{i}/{k}.png", "entity": name} for i, name in enumerate(names) for k in range(2)])
        images.to_parquet(folder / "images.parquet")
        forget = split_of(make_splits(receivers, pd.read_parquet(folder / "images.parquet")).records(), emitters[1]).forget
        write_jsonl(folder / "forget.jsonl", forget)
        assert [line["text"] for line in read_jsonl(folder / "forget.jsonl")] == [prompt("person", names[1])] * 2

        values = np.arange(len(names) ** 2, dtype=float).reshape(len(names), -1)
        write_json(folder / "similarity.json", to_records(names, values))
        found, matrix = from_records(read_json(folder / "similarity.json"))
        assert found == names
        assert (matrix == values).all()

        means = pd.DataFrame({"rmse": range(len(names))}, index=pd.RangeIndex(len(names), name="receiver"))
        path = write_pairs(folder, means, names, ModelId("objects", 0, "uce", 0))
        assert list(read_json(path)) == names
        assert read_pairs(path, names)["rmse"].tolist() == list(range(len(names)))

        alike = tables.similarity_matrix(read_json(folder / "similarity.json"), metadata)
        data = similarity_matrix.data({"clip": alike}, metadata)
        figure = similarity_matrix.draw(data)
        save(figure, folder / "a.png")
        (folder / "a.csv").write_text(Result.of_table(data).csv())
        shown = [text for text in figure.findobj(Text) if isinstance(text, Text)]
        for name in names:
            [label, *_] = [text for text in shown if text.get_text() == name.replace("_", " ")]
            assert not label.get_parse_math()
        again = pd.read_csv(folder / "a.csv", dtype={"emitter_name": str}, keep_default_na=False)
        assert again["emitter_name"].drop_duplicates().tolist() == [name.replace("_", " ") for name in names]
