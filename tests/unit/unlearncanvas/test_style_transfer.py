"""Losses of style transfer by hand, the two transfers without training, and the order of methods on held-out pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lethe.io.tables import write_json
from lethe.settings.editing import EditSampling
from lethe.settings.models import Settings
from lethe.settings.unlearncanvas import StyleTransfer

ASSETS = Path(__file__).parents[3] / "assets/mini"


def noise(*shape: int, seed: int = 0) -> Any:
    import torch

    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_losses_by_hand() -> None:
    import torch

    from lethe.benchmarks.unlearncanvas.style_transfer import content_loss, maps_loss, statistics_loss

    one = torch.tensor([[[[0.0, 2.0], [0.0, 2.0]]]])  # mean 1, deviation 1
    other = torch.tensor([[[[3.0, 3.0], [7.0, 7.0]]]])  # mean 5, deviation 2
    assert statistics_loss([one], [other]).tolist() == pytest.approx([17], rel=1e-4)
    assert statistics_loss([one, one], [other, one]).tolist() == pytest.approx([17], rel=1e-4)
    assert maps_loss([one], [one + 3]).tolist() == [9]
    assert content_loss([one, one], [5 * one + 1, one]).tolist() == pytest.approx([0], abs=1e-4)
    assert content_loss([other, one, one], [one, one, one]).tolist() == [0]  # the last two levels alone
    assert content_loss([one, -one], [one, one]).tolist() == pytest.approx([4], rel=1e-4)


def test_transfers_give_the_statistics_of_the_reference() -> None:
    import torch

    from lethe.benchmarks.unlearncanvas.style_transfer import adain, mean_and_std, wct

    content, reference = noise(2, 3, 16, 16), 2 * noise(2, 3, 16, 16, seed=1) + noise(2, 1, 16, 16, seed=2) + 5
    for transfer in (adain, wct):
        for found, wanted in zip(mean_and_std(transfer(content, reference)), mean_and_std(reference), strict=True):
            assert torch.allclose(found, wanted, atol=1e-2)

    def covariance(maps: Any) -> Any:
        return torch.stack([torch.cov(row.flatten(1), correction=0) for row in maps])

    assert torch.allclose(covariance(wct(content, reference)), covariance(reference), atol=1e-2)
    assert not torch.allclose(covariance(adain(content, reference)), covariance(reference), atol=1e-2)
    assert torch.allclose(adain(content, content), content, atol=1e-4) and torch.allclose(
        wct(content, content), content, atol=1e-3
    )


def test_the_spread_is_that_of_means() -> None:
    from lethe.benchmarks.unlearncanvas.style_transfer import transfer_table

    keys = pd.DataFrame({"style": list("aabb"), "object": list("xyxy"), "content": ["1"] * 4})
    (row,) = transfer_table("t", keys, {"mine": {"style": np.array([1.0, 3, 5, 7])}}).to_dict("records")
    assert (row["style"], row["style_sd_styles"], row["style_sd_objects"], row["style_sd_contents"]) == (4, 2, 1, 0)
    assert row["images"] == 4


@pytest.fixture(scope="module")
def held_out(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Held-out pictures of the embedded world, its base and two of its judges."""
    from lethe.diffusion.jobs.base_folder import write_base
    from lethe.diffusion.jobs.evaluator_folder import write_evaluator
    from lethe.diffusion.sources.canvas import RenderedCanvas
    from lethe.diffusion.testbed.receivers import of_cells, receiver_records
    from lethe.io.shards import write_shard

    folder, settings = tmp_path_factory.mktemp("transfer"), Settings()
    source = RenderedCanvas(training=2)
    receivers, _ = of_cells(source.entities(), settings.cell_tasks["canvas"])
    write_json(folder / "receivers.json", receiver_records(receivers))
    rows = []
    for number, record in enumerate(source.entities()):
        images = [image for image, _ in zip(source.split(record["name"], "reference"), range(4), strict=False)]
        named = {"entity": record["name"]}
        rows += [(f"{number}/{image.file_name}", image.pixels, named | {"file_name": image.file_name}) for image in images]
    write_shard(folder / "real.tar", rows)

    def part(name: str) -> list[Path]:
        return [ASSETS / f"{name}.{suffix}" for suffix in ("safetensors", "json")]

    of_base = settings.pretraining_of(settings.bases["canvas"])
    write_base(part("canvas_vae"), part("base_canvas"), ASSETS / "canvas_tokenizer.json", folder / "base", of_base)
    for name in ("style", "style2"):
        write_evaluator(part(name), folder / name, "classifier", settings.pretraining_of(settings.evaluators[name]))
    return {
        "base": folder / "base",
        "tar": folder / "real.tar",
        "index": folder / "real.parquet",
        "receivers": folder / "receivers.json",
        "evaluators": [folder / "style", folder / "style2"],
        "task": "canvas",
        "world": "w",
        "canvas": settings.unlearncanvas["canvas"],
        "sampling": EditSampling(),
        "device": "cpu",
    }


def test_the_order_of_methods(held_out: dict[str, Any], tmp_path: Path) -> None:
    """The truth has no style loss, the content picture no content loss; no method that does something is worse in style than doing nothing."""
    from lethe.benchmarks.unlearncanvas.jobs.style_transfer import measure_transfer

    measure_transfer(**held_out, settings=StyleTransfer(references=1), table=tmp_path / "table.csv")
    table = pd.read_csv(tmp_path / "table.csv").set_index("method")
    assert list(table.index) == ["oracle", "identity", "colour", "adain", "wct"] and set(table["images"]) == {8 * 6 * 2}
    for space in ("convnet", "convmixer"):
        assert table.loc["oracle", f"style_{space}"] == 0 and table.loc["identity", f"content_{space}"] == 0
        assert (table.drop("oracle")[f"style_{space}"] > 0).all() and (table.drop("identity")[f"content_{space}"] > 0).all()
    style = table["style_convnet"]
    assert style.idxmax() == "identity"


def test_answer_sets_of_others_are_scored(held_out: dict[str, Any], tmp_path: Path) -> None:
    """The truth in the published layout has no loss but that of its numbers; a picture of something else is named."""
    from PIL import Image

    from lethe.benchmarks.unlearncanvas.jobs.style_transfer import measure_transfer
    from lethe.io.shards import ShardReader

    answers = tmp_path / "answers"
    with ShardReader(held_out["tar"], held_out["index"]) as shard:
        for member, entity, file in shard.table[["member", "entity", "file_name"]].itertuples(index=False):
            style, thing = entity.split("_")
            if style in ("neon", "mosaic"):
                place = answers / style.title() / f"{thing.title()}_test{int(Path(file).stem)}_ref1.png"
                place.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(shard.read(member)).save(place)
    settings = StyleTransfer(contents=1, references=1, answers={"theirs": str(answers)})
    measure_transfer(**held_out, settings=settings, table=tmp_path / "table.csv")
    table = pd.read_csv(tmp_path / "table.csv").set_index("method")
    assert table.loc["theirs", "images"] == 2 * 6 * 4 and table.loc["theirs", "style_convnet"] == 0
    assert table.loc["theirs", "content_convmixer"] > 0
    (answers / "Neon/Fish_test9999_ref1.png").write_bytes((answers / "Neon").glob("*.png").__next__().read_bytes())
    with pytest.raises(ValueError, match="Fish_test9999_ref1.png: no style 'Neon', object 'Fish' and number 9999"):
        measure_transfer(**held_out, settings=settings, table=tmp_path / "table.csv")
