"""Pictures kept as latents have the bits of those kept as PNGs, name their VAE, and are refused where they are damaged."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from lethe.diffusion import kept as module
from lethe.diffusion.decoders import decoder_of
from lethe.diffusion.delta import DenseDelta, NoneDelta
from lethe.diffusion.folder import base_digest, vae_digest
from lethe.diffusion.kept import Latent, LatentDecoder, encode_latent, read_latent
from lethe.diffusion.metrics.run import read_images
from lethe.diffusion.pixels import NotFiniteError
from lethe.diffusion.render import render_shards
from lethe.diffusion.testbed.receivers import Receiver
from lethe.execution.work import WorkFolder
from lethe.io.hashing import sha256_file
from lethe.io.shards import ShardReader, write_shard
from lethe.io.tables import CorruptFileError, read_json, write_json
from lethe.settings.generation import Generation, KeepImages

RECEIVERS = [
    Receiver(place, name, f"a {name}", f"An image of a {name}") for place, name in enumerate(["dog", "cat", "cow", "hen"])
]
GENERATION = Generation(seeds=[42, 43], steps=2, batch_size=3)  # batches of 3, 3 and 2: the last is filled up


def render(
    base: Path,
    folder: Path,
    keep: KeepImages,
    delta: Path | None = None,
    asked: Sequence[int] | None = None,
    dtype: str = "float32",
) -> tuple[Path, Path]:
    tar, index = folder / f"{keep}.tar", folder / f"{keep}.parquet"
    render_shards(
        base, [delta], ["objects_000_none_000"], RECEIVERS, task="objects", world="mini", generation=GENERATION, device="cpu", dtype=dtype,
        work=WorkFolder(folder / f"work_{keep}", {}), tars=[tar], indices=[index], asked=None if asked is None else [asked], keep_images=keep,
    )  # fmt: skip
    return tar, index


@pytest.fixture
def shards(tiny_folder: Path, tmp_path: Path) -> tuple[tuple[Path, Path], tuple[Path, Path]]:
    """The same pictures as PNGs and as latents."""
    return render(tiny_folder, tmp_path, "png"), render(tiny_folder, tmp_path, "latents")


def of(latents: torch.Tensor, vae: str, row: int = 0, rows: int = 1) -> bytes:
    return encode_latent(Latent(latents, row, rows), base="tiny", vae=vae)


def pictures_of(tar: Path, data: bytes, base: Path) -> np.ndarray:
    """Of a shard with one member."""
    write_shard(tar, [("000_42.safetensors", data, {"receiver": 0, "seed": 42, "prompt": "a"})])
    with ShardReader(tar, decoder=LatentDecoder(base)) as shard:
        return shard.read_all()


def test_a_shard_of_latents_gives_the_pictures_of_one_of_pngs(shards, tiny_folder: Path) -> None:
    png, latents = shards
    exact, kept = read_images(*png), read_images(*latents, decoder=decoder_of([tiny_folder]))
    assert torch.equal(exact.images, kept.images) and len(kept.images) == 8
    assert (list(kept.receivers), list(kept.seeds), kept.prompts) == (list(exact.receivers), list(exact.seeds), exact.prompts)


def test_parts_of_a_batch_are_decoded_as_they_were_drawn(tiny_folder: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(module, "DECODE_PIXELS", 2 * 32 * 32)
    generation = GENERATION.model_copy(update={"batch_size": 4})
    monkeypatch.setattr(f"{__name__}.GENERATION", generation)
    png, latents = (render(tiny_folder, tmp_path, keep) for keep in ("png", "latents"))
    with ShardReader(*latents) as shard:
        found = [read_latent(shard.read_bytes(member), member)[0] for member in shard.members]
    assert [(latent.row, latent.rows) for latent in found] == [(0, 2), (1, 2)] * 4
    assert torch.equal(read_images(*png).images, read_images(*latents, decoder=LatentDecoder(tiny_folder)).images)


def test_rows_that_are_left_out_leave_the_others_where_they_are(tiny_folder: Path, tmp_path: Path) -> None:
    delta = tmp_path / "delta.safetensors"
    NoneDelta().save(delta, base=base_digest(tiny_folder))
    png, latents = (render(tiny_folder, tmp_path, keep, delta, asked=[1, 3]) for keep in ("png", "latents"))
    with ShardReader(*latents) as shard:
        found = [read_latent(shard.read_bytes(member), member)[0] for member in shard.members]
    assert [(latent.row, latent.rows) for latent in found] == [(2, 3), (0, 3), (0, 3), (1, 3)]
    assert torch.equal(read_images(*png).images, read_images(*latents, decoder=LatentDecoder(tiny_folder)).images)


def test_one_picture_is_read_by_its_name(shards, tiny_folder: Path, tmp_path: Path) -> None:
    with ShardReader(*shards[0]) as png, ShardReader(*shards[1], decoder=LatentDecoder(tiny_folder)) as latents:
        one = latents.read("002_43.png")
        assert np.abs(one.astype(int) - png.read("002_43.png")).max() <= 1
        np.testing.assert_array_equal(np.asarray(Image.open(latents.extract("002_43.png", tmp_path / "one.png"))), one)
        few = list(latents.pictures(["003_42.png", "000_42.png"]))
        assert max(np.abs(a.astype(int) - png.read(b)).max() for a, b in zip(few, ("003_42.png", "000_42.png"), strict=True)) <= 1
        with pytest.raises(CorruptFileError, match=r"no member '009_42\.png'"):
            latents.read("009_42.png")


def test_what_is_kept_is_small_deterministic_and_what_the_vae_reads(shards, tiny_folder: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    again.mkdir()
    assert [sha256_file(file) for file in render(tiny_folder, again, "latents")] == [sha256_file(file) for file in shards[1]]
    sizes = pd.read_parquet(shards[1][1])["size"]
    assert sizes.max() < 4 * 8 * 8 * 4 + 512
    half = of(torch.zeros(4, 64, 64, dtype=torch.float16), vae_digest(tiny_folder))
    assert len(half) < 33_300 and read_latent(half, "x")[0].values.dtype == torch.float16


def with_another(part: str, base: Path, folder: Path) -> Path:
    """A copy of a base whose list of files names another first file of a part."""
    shutil.copytree(base, folder)
    record = read_json(folder / "base.json")
    name = next(name for name in record["files"] if name.startswith(f"{part}/"))
    write_json(folder / "base.json", record | {"files": record["files"] | {name: "0" * 64}})
    return folder


def test_another_vae_is_refused_and_both_are_named(shards, tiny_folder: Path, tmp_path: Path) -> None:
    other = with_another("vae", tiny_folder, tmp_path / "other")
    with pytest.raises(ValueError) as error:
        read_images(*shards[1], decoder=LatentDecoder(other))
    for told in (vae_digest(tiny_folder)[:12], vae_digest(other)[:12], f"'{tiny_folder.name}'", "'other'", "000_42"):
        assert told in str(error.value)


def test_another_base_with_the_same_vae_decodes(shards, tiny_folder: Path, tmp_path: Path) -> None:
    other = with_another("unet", tiny_folder, tmp_path / "finetuned")
    assert torch.equal(read_images(*shards[0]).images, read_images(*shards[1], decoder=LatentDecoder(other)).images)


def test_without_a_decoder_the_setting_is_named(shards) -> None:
    with pytest.raises(ValueError, match="keep_images: latents"):
        read_images(*shards[1])
    with ShardReader(*shards[1]) as shard, pytest.raises(ValueError, match="keep_images: latents"):
        shard.read("000_42.png")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (torch.full((4, 8, 8), torch.nan), "NaN or infinity"),
        (torch.zeros(4, 8), "three axes"),
        (torch.zeros(4, 8, 8, dtype=torch.int64), "three axes"),
        (torch.zeros(3, 8, 8), "4 channels"),
    ],
)
def test_damaged_latents_are_refused(values: torch.Tensor, said: str, tiny_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CorruptFileError, match=said) as error:
        pictures_of(tmp_path / "x.tar", of(values, vae_digest(tiny_folder)), tiny_folder)
    assert "x.tar, member '000_42.safetensors'" in str(error.value)


@pytest.mark.parametrize("keep", [0, 7, 40, -30])
def test_latents_that_were_cut_off_are_refused(keep: int, tiny_folder: Path, tmp_path: Path) -> None:
    data = of(torch.zeros(4, 8, 8), vae_digest(tiny_folder))[:keep]
    with pytest.raises(CorruptFileError, match=r"x\.tar, member '000_42\.safetensors'"):
        pictures_of(tmp_path / "x.tar", data, tiny_folder)


def test_a_row_beyond_its_batch_is_refused(tiny_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CorruptFileError, match="row 3 of 3"):
        pictures_of(tmp_path / "x.tar", of(torch.zeros(4, 8, 8), vae_digest(tiny_folder), row=3, rows=3), tiny_folder)


def test_a_model_that_draws_nan_is_named_before_anything_is_kept(tiny_folder: Path, tmp_path: Path) -> None:
    delta = tmp_path / "delta.safetensors"
    name = "unet.conv_out.bias"
    DenseDelta({name: torch.full((4,), 3e38)}).save(delta, base=base_digest(tiny_folder))
    with pytest.raises(NotFiniteError, match="objects_000_none_000.*latents are NaN"):
        render(tiny_folder, tmp_path, "latents", delta)
    assert not (tmp_path / "latents.tar").exists()
