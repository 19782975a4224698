"""A delta is exact: what it means, what it leaves behind, what it stores, what it exports."""

from __future__ import annotations

import copy

import pytest
import torch
from safetensors.torch import load_file

from lethe.core.registry import UnknownNameError
from lethe.diffusion.delta import (
    DenseDelta,
    LoraDelta,
    NoneDelta,
    SparseDelta,
    TextMapDelta,
    applied,
    cross_attention_weights,
    load_delta,
)
from lethe.diffusion.export import LORA_FILE, dense_weights, export_dense, export_lora
from lethe.diffusion.kinds import KINDS
from lethe.diffusion.pipeline import (
    base_digest,
    check_folder,
    encode_prompts,
    load_pipeline,
    make_scheduler,
    write_base_record,
)
from lethe.io.hashing import sha256_file
from lethe.io.tables import CorruptFileError
from lethe.io.tensors import write_tensors

D = 32  # width of the tiny pipeline's text embeddings
ATTENTION = "unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_q"
CROSS = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k"
CONV = "unet.conv_in"


def random(*shape, seed=0, scale=0.3):
    return scale * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def text_map(seed=0, k=2):
    return TextMapDelta(random(k, D, seed=seed), random(k, D, seed=seed + 1), 0.9)


def lora():
    return LoraDelta(
        {
            ATTENTION: (random(4, 32), random(32, 4, seed=1)),
            CROSS: (random(2, D, seed=2), random(16, 2, seed=3)),
            CONV: (random(3, 4, 3, 3, seed=4), random(16, 3, 1, 1, seed=5)),
        }
    )


def sparse():
    factors = {ATTENTION: (random(4, 32), random(32, 4, seed=1)), CROSS: (random(2, D, seed=2), random(16, 2, seed=3))}
    return SparseDelta(factors, {ATTENTION: random(32, 32, seed=6) > 0, CROSS: random(16, D, seed=7) > 0.3})


def dense(pipe):
    norm = next(n for n, _ in pipe.text_encoder.named_parameters() if n.endswith("final_layer_norm.weight"))
    values = {"unet.conv_in.bias": random(16), f"{CROSS}.weight": random(16, D).half()}
    return DenseDelta({**values, f"text_encoder.{norm}": random(D)})


def every_kind(pipe):
    return {"none": NoneDelta(), "text_map": text_map(), "lora": lora(), "sparse": sparse(), "dense": dense(pipe)}


def bits(pipe):
    parts = {c: getattr(pipe, c) for c in ("unet", "text_encoder", "vae")}
    return {f"{c}.{n}": p.clone() for c, part in parts.items() for n, p in part.named_parameters()}


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) and a[k].stride() == b[k].stride() for k in a)


@torch.no_grad()
def unet_output(pipe, embeddings):
    return pipe.unet(random(len(embeddings), 4, 8, 8, scale=1.0), 500, encoder_hidden_states=embeddings).sample


def test_text_map_equals_edited_cross_attention(tiny_pipe):
    delta, h = text_map(), encode_prompts(tiny_pipe, ["an image of a seven", ""])
    mapped = unet_output(tiny_pipe, delta.map_embeddings(h))
    with applied(tiny_pipe, delta):
        edited = unet_output(tiny_pipe, h)
    torch.testing.assert_close(mapped, edited, atol=1e-5, rtol=1e-5)
    assert (mapped - unet_output(tiny_pipe, h)).abs().max() > 1e-2  # the edit is visible at all


def test_text_map_is_the_uce_closed_form(tiny_pipe):
    """W T with the rank-one T = I + e (g - c) c^T M^-1 solves UCE's least squares (arXiv 2308.14761)."""
    c, g = random(D, seed=1).double(), random(D, seed=2).double()
    erase, preserve, lam = 0.7, 0.5, 0.5
    m = lam * torch.eye(D) + erase * torch.outer(c, c) + preserve * torch.outer(g, g)
    delta = TextMapDelta((erase * (g - c))[None], torch.linalg.solve(m, c)[None])
    name, weight = next(iter(cross_attention_weights(tiny_pipe).items()))
    w = weight.detach().double()
    guide = torch.outer(w @ g, c) * erase + torch.outer(w @ g, g) * preserve
    expected = (lam * w + guide) @ torch.linalg.inv(m)
    torch.testing.assert_close(dense_weights(tiny_pipe, delta)[name].double(), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_apply_and_take_back_bit_for_bit(tiny_pipe, kind):
    delta, before = every_kind(tiny_pipe)[kind], bits(tiny_pipe)
    with applied(tiny_pipe, delta):
        changed = {name for name, value in bits(tiny_pipe).items() if not torch.equal(value, before[name])}
        assert changed == set(dense_weights(tiny_pipe, delta))
    assert same(before, bits(tiny_pipe))


def test_values_of_every_weight_edit(tiny_pipe):
    before = bits(tiny_pipe)
    with applied(tiny_pipe, lora()):
        after = bits(tiny_pipe)
    a, b = lora().factors[ATTENTION]
    torch.testing.assert_close(after[f"{ATTENTION}.weight"], before[f"{ATTENTION}.weight"] + b @ a)
    a, b = lora().factors[CONV]
    x = random(1, 4, 8, 8)
    two_convolutions = torch.conv2d(torch.conv2d(x, a, padding=1), b)  # a convolution's LoRA as peft runs it
    change = after[f"{CONV}.weight"] - before[f"{CONV}.weight"]
    torch.testing.assert_close(torch.conv2d(x, change, padding=1), two_convolutions, atol=1e-5, rtol=1e-4)
    with applied(tiny_pipe, sparse()):
        change = bits(tiny_pipe)[f"{CROSS}.weight"] - before[f"{CROSS}.weight"]
    mask = sparse().masks[CROSS]
    assert change[~mask].abs().max() == 0 and (change[mask] != 0).float().mean() > 0.9
    with applied(tiny_pipe, dense(tiny_pipe)):
        assert torch.equal(tiny_pipe.unet.conv_in.bias, random(16))


def test_weights_return_after_an_error(tiny_pipe):
    before = bits(tiny_pipe)
    with pytest.raises(RuntimeError, match="user"), applied(tiny_pipe, lora()):
        raise RuntimeError("user")
    wrong = LoraDelta({CONV: lora().factors[CONV], "unet.zzz": (random(2, 4), random(4, 2))})
    with pytest.raises(UnknownNameError, match=r"unet\.zzz\.weight"), applied(tiny_pipe, wrong):
        pass
    assert same(before, bits(tiny_pipe))


def test_nested_deltas_add_up(tiny_pipe):
    before = bits(tiny_pipe)
    with applied(tiny_pipe, lora()), applied(tiny_pipe, lora()):
        inner = bits(tiny_pipe)
    a, b = lora().factors[ATTENTION]
    torch.testing.assert_close(inner[f"{ATTENTION}.weight"], before[f"{ATTENTION}.weight"] + 2 * b @ a)
    assert same(before, bits(tiny_pipe))


@pytest.mark.parametrize("kind", KINDS)
def test_save_and_load(tiny_pipe, tmp_path, kind):
    delta = every_kind(tiny_pipe)[kind]
    delta.save(tmp_path / "a.safetensors", base="b" * 64, extra={"method": "uce", "entity": "a Größe"})
    delta.save(tmp_path / "b.safetensors", base="b" * 64, extra={"entity": "a Größe", "method": "uce"})
    assert sha256_file(tmp_path / "a.safetensors") == sha256_file(tmp_path / "b.safetensors")
    loaded = load_delta(tmp_path / "a.safetensors", base="b" * 64)
    assert type(loaded) is KINDS[kind] and loaded.digest == delta.digest
    for name, value in dense_weights(tiny_pipe, delta).items():
        assert torch.equal(value, dense_weights(tiny_pipe, loaded)[name])
    with pytest.raises(ValueError, match="made on base bbbb"):
        load_delta(tmp_path / "a.safetensors", base="c" * 64)


def test_bytes_do_not_depend_on_the_process(tmp_path):
    """safetensors orders the metadata at random per process; a golden hash needs no second process to see that."""
    TextMapDelta(torch.ones(1, 4), torch.ones(1, 4)).save(tmp_path / "d", extra={"a": "1", "b": "2", "c": "3"})
    assert sha256_file(tmp_path / "d") == "a5dfe6ade372c152cbae4a8c41bb3ea6e315f8f69cde1aefa17431f7131a5dcf"


def test_digest_separates_models(tiny_pipe):
    digests = [delta.digest for delta in every_kind(tiny_pipe).values()]
    digests += [text_map(seed=9).digest, TextMapDelta(text_map().left, text_map().right, 1.0).digest]
    assert len(set(digests)) == len(digests)
    assert NoneDelta().digest == NoneDelta().digest


def test_damaged_files(tmp_path):
    path = tmp_path / "delta.safetensors"
    text_map().save(path)
    data = path.read_bytes()
    for damaged in (b"", data[:5], data[:60], data[:-8], b"\xff" * 64):
        path.write_bytes(damaged)
        with pytest.raises(CorruptFileError, match=r"delta\.safetensors"):
            load_delta(path)
    with pytest.raises(FileNotFoundError):
        load_delta(tmp_path / "none.safetensors")


def test_headers_that_are_refused(tmp_path):
    path, header = tmp_path / "d.safetensors", {"format": "lethe-delta", "version": "1", "kind": "lora", "base": ""}
    write_tensors(path, {}, {**header, "kind": "lorra"})
    with pytest.raises(UnknownNameError, match="unknown delta kind 'lorra'.*did you mean 'lora'"):
        load_delta(path)
    write_tensors(path, {}, {**header, "version": "2"})
    with pytest.raises(CorruptFileError, match="version '2'"):
        load_delta(path)
    write_tensors(path, {"unet.x.lora_A": random(2, 3)}, header)
    with pytest.raises(CorruptFileError, match=r"unet\.x\.lora_B"):
        load_delta(path)
    write_tensors(path, {"left": random(2, 3), "right": random(2, 4)}, {**header, "kind": "text_map", "scale": "1.0"})
    with pytest.raises(CorruptFileError, match=r"\(2, 4\)"):
        load_delta(path)


def test_wrong_shapes_and_names(tiny_pipe):
    with pytest.raises(ValueError, match="must begin with a component"):
        DenseDelta({"vae.x": random(2)})
    with pytest.raises(ValueError, match="name 'mid_block.x' must begin with a component"):
        LoraDelta({"mid_block.x": (random(4, 32), random(32, 4))})
    with pytest.raises(ValueError, match=r"torch\.float64"):
        DenseDelta({"unet.conv_in.bias": random(16).double()})
    with pytest.raises(ValueError, match="without a mask"):
        SparseDelta(lora().factors, {})
    with pytest.raises(ValueError, match="width 8"):
        TextMapDelta(random(1, 8), random(1, 8)).map_embeddings(random(2, 3, D))
    short = DenseDelta({"unet.conv_in.bias": random(3)})
    with pytest.raises(ValueError, match=r"conv_in\.bias is \(16,\)"), applied(tiny_pipe, short):
        pass
    bad = LoraDelta({ATTENTION: (random(2, 5), random(32, 2))})
    with pytest.raises(ValueError, match=r"\(32, 32\), B A is \(32, 5\)"), applied(tiny_pipe, bad):
        pass


def test_a_diverged_model_is_not_saved(tmp_path):
    left = random(1, D)
    left[0, 3] = float("nan")
    with pytest.raises(ValueError, match="'left'.*NaN"):
        TextMapDelta(left, random(1, D)).save(tmp_path / "d")
    with pytest.raises(ValueError, match="'kind' is reserved"):
        text_map().save(tmp_path / "d", extra={"kind": "x"})
    assert list(tmp_path.iterdir()) == []


def test_dense_export_is_the_published_uce_file(tiny_pipe, tmp_path):
    export_dense(tiny_pipe, text_map(), tmp_path / "uce_sd_weights.safetensors")
    weights = load_file(tmp_path / "uce_sd_weights.safetensors")
    assert set(weights) == {name.removeprefix("unet.") for name in cross_attention_weights(tiny_pipe)} and len(weights) == 8
    unet = copy.deepcopy(tiny_pipe.unet)
    assert unet.load_state_dict(weights, strict=False).unexpected_keys == []
    with applied(tiny_pipe, text_map()):
        assert all(torch.equal(a, b) for a, b in zip(unet.parameters(), tiny_pipe.unet.parameters(), strict=True))


def test_lora_export_through_diffusers(tiny_folder, tiny_pipe, tmp_path):
    """No alpha in the file: diffusers must apply 1.0 B A at every rank, not alpha / r."""
    export_lora(lora(), tmp_path / LORA_FILE)
    other = load_pipeline(tiny_folder)
    other.load_lora_weights(tmp_path)
    other.fuse_lora()
    other.unload_lora_weights()
    with applied(tiny_pipe, lora()):
        expected = dict(tiny_pipe.unet.named_parameters())
        found = dict(other.unet.named_parameters())
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            torch.testing.assert_close(found[name].detach(), value.detach(), atol=1e-6, rtol=1e-5)
    for delta in (sparse(), text_map()):
        with pytest.raises(ValueError, match="cannot be written as LoRA"):
            export_lora(delta, tmp_path / "x.safetensors")


def test_pipeline_folder_checks(tiny_folder, tmp_path):
    import shutil

    folder = tmp_path / "base"
    shutil.copytree(tiny_folder, folder)
    assert base_digest(folder) == base_digest(tiny_folder)
    (folder / "unet/config.json").write_text((folder / "unet/config.json").read_text() + " ")
    write_base_record(folder, {})
    assert base_digest(folder) != base_digest(tiny_folder)
    (folder / "base.json").write_text('{"provenance": {}}')
    with pytest.raises(CorruptFileError, match=r"base\.json: key 'files' must map"):
        base_digest(folder)
    (folder / "vae/diffusion_pytorch_model.safetensors").unlink()
    (folder / "tokenizer/tokenizer_config.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"missing: vae/\*\.safetensors, tokenizer/tokenizer_config\.json"):
        load_pipeline(folder)
    with pytest.raises(FileNotFoundError, match="no such pipeline folder"):
        check_folder(tmp_path / "nowhere")


def test_damaged_weights_of_a_base(tiny_folder, tmp_path):
    import shutil

    folder = tmp_path / "base"
    shutil.copytree(tiny_folder, folder)
    file = folder / "unet/diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(CorruptFileError, match="base"):
        load_pipeline(folder)


def test_prompts_and_schedulers(tiny_pipe):
    both = encode_prompts(tiny_pipe, ["an image of a seven", "a dog"])
    assert both.shape == (2, 12, D)
    assert torch.equal(both[1], encode_prompts(tiny_pipe, ["a dog"])[0])
    stock = tiny_pipe.encode_prompt("a dog", "cpu", 1, False)[0]
    torch.testing.assert_close(stock[0], both[1])
    assert not make_scheduler("ddim", 5, tiny_pipe).config.clip_sample
    with pytest.raises(UnknownNameError, match="did you mean 'ddim'"):
        make_scheduler("dim", 5, tiny_pipe)
    with pytest.raises(ValueError, match="steps is 0; allowed are 1 to 1000"):
        make_scheduler("ddim", 0, tiny_pipe)
