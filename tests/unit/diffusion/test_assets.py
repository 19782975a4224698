"""Checkpoints that are kept in the repository: what is written is what was trained, and nothing else is believed."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file

from lethe.diffusion.pretraining.assets import AssetError, as_trained, images_sha256, load_asset, rounded, save_asset
from lethe.diffusion.pretraining.base import build_unet
from lethe.diffusion.pretraining.judge import build_judge
from lethe.settings.pretraining import PretrainingSettings

SMOKE = PretrainingSettings.smoke()
NAMES = ["red hound dog", "green hound dog", "blue cat"]


def _unet(seed=0):
    torch.manual_seed(seed)
    return build_unet(SMOKE.base.unet, SMOKE.base.text_encoder.width)


def _equal(first, second):
    return all(torch.equal(a, b) for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True))


def test_asset_round_trip_through_fp16(tmp_path):
    unet = _unet()
    path = tmp_path / "base_blocks.safetensors"
    record = save_asset(path, {"unet": unet}, {"entities": NAMES, "settings_sha256": "abc"})
    asset = load_asset(path, entities=NAMES, settings_sha256="abc")
    assert json.loads(path.with_suffix(".json").read_text()) == asset.provenance == record
    rebuilt = _unet(seed=1)
    rebuilt.load_state_dict(asset.state_dict("unet"))
    assert _equal(rebuilt, rounded(unet))
    assert not list(tmp_path.glob(".*"))


def test_an_asset_of_eight_bits_holds_what_was_measured_and_half_the_bytes(tmp_path):
    path, unet = tmp_path / "small.safetensors", _unet()
    before = unet.conv_in.weight.detach().clone()
    record = save_asset(path, {"unet": rounded(unet, bits=8)}, {}, bits=8)
    rebuilt = _unet(seed=1)
    rebuilt.load_state_dict(load_asset(path).state_dict("unet"))
    assert _equal(rebuilt, unet)
    assert all(
        torch.equal(tensor, unet.state_dict()[name.removeprefix("unet.")]) for name, tensor in as_trained(load_file(path)).items()
    )
    scale = before.abs().flatten(1).amax(1).view(-1, 1, 1, 1) / 127
    assert (unet.conv_in.weight - before).abs().max() > 0 and ((unet.conv_in.weight - before).abs() <= 0.5001 * scale).all()
    assert record["bytes"] < 0.8 * save_asset(tmp_path / "large.safetensors", {"unet": unet}, {})["bytes"]


def test_a_row_of_zeros_survives_eight_bits(tmp_path):
    weights = {"part": {"weight": torch.zeros(2, 3)}}
    save_asset(tmp_path / "x.safetensors", weights, {}, bits=8)
    assert torch.equal(load_asset(tmp_path / "x.safetensors").state_dict("part")["weight"], torch.zeros(2, 3))


def test_damaged_or_wrong_asset_is_refused(tmp_path):
    path = tmp_path / "judge.safetensors"
    judge = build_judge(3, SMOKE.judge)
    save_asset(path, {"judge": judge}, {"entities": NAMES, "settings_sha256": "abc"})
    with pytest.raises(AssetError, match="trained on"):
        load_asset(path, entities=NAMES[:2])
    with pytest.raises(AssetError, match="settings abc, expected def"):
        load_asset(path, settings_sha256="def")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(AssetError, match=r"judge\.safetensors: sha256 \w{64}, expected \w{64}"):
        load_asset(path)
    with pytest.raises(AssetError, match="does not exist"):
        load_asset(tmp_path / "none.safetensors")


def test_changed_pixels_change_the_hash_of_the_images():
    images, labels = torch.zeros(4, 3, 8, 8, dtype=torch.uint8), torch.tensor([0, 0, 1, 2])
    changed = images.clone()
    changed[0, 0, 0, 0] += 1
    assert images_sha256(images, labels) != images_sha256(changed, labels)
    assert images_sha256(images, labels) != images_sha256(images, labels.flip(0))


def test_asset_refuses_values_beyond_fp16(tmp_path):
    with pytest.raises(ValueError, match=r"part\.big: largest value 1e\+06"):
        save_asset(tmp_path / "x.safetensors", {"part": {"big": torch.tensor([1e6])}}, {})
    assert not list(tmp_path.iterdir())


def test_provenance_path_lies_beside(tmp_path):
    with pytest.raises(ValueError, match=r"ends in \.safetensors"):
        save_asset(tmp_path / "x.pt", {}, {})
