"""An image is a function of model, prompt and noise; never of its batch."""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from lethe.diffusion import generate as module
from lethe.diffusion import kept
from lethe.diffusion.delta import DenseDelta, LoraDelta, NoneDelta, TextMapDelta, applied
from lethe.diffusion.generate import Request, Sampling, batch_shape, generate, plan
from lethe.diffusion.noise import initial_noise
from lethe.diffusion.pipeline import load_pipeline
from lethe.diffusion.pixels import NotFiniteError

D = 32
PROMPTS = ["an image of a seven", "a dog", "a red park", "the lake", "an image of a zero"]
FAST = Sampling(scheduler="ddim", steps=3, guidance=7.5, batch_size=40, size=32)
WORLD = {"world": "mini", "task": "objects"}


def random(*shape, seed=0, scale=0.3):
    return scale * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def text_map(seed):
    return TextMapDelta(random(1, D, seed=seed), random(1, D, seed=seed + 1))


def lora(seed=0):
    name = "unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_q"
    return LoraDelta({name: (random(4, 32, seed=seed), random(32, 4, seed=seed + 1))})


def ask(delta=None, receivers=5, seeds=2):
    delta = delta or NoneDelta()
    return [Request(PROMPTS[r % 5], r, s, delta) for r in range(receivers) for s in range(42, 42 + seeds)]


def draw(pipe, requests, settings=FAST, **more):
    return np.stack([image for _, image in generate(pipe, requests, settings, **WORLD, **more)])


def difference(a, b):
    return int(np.abs(a.astype(int) - b.astype(int)).max())


def counted(monkeypatch):
    """Rows of every UNet batch that is drawn."""
    rows, original = [], module._Sampler.draw

    def draw_and_count(self, batch, shape):
        rows.append((len(batch), shape))
        return original(self, batch, shape)

    monkeypatch.setattr(module._Sampler, "draw", draw_and_count)
    return rows


def test_images_are_pictures_in_order(tiny_pipe):
    requests = ask()
    result = list(generate(tiny_pipe, requests, FAST, **WORLD))
    assert [request for request, _ in result] == requests
    images = np.stack([image for _, image in result])
    assert images.shape == (10, 32, 32, 3) and images.dtype == np.uint8 and images.std() > 5
    assert len({image.tobytes() for image in images}) == 10  # every (receiver, seed) its own


@pytest.mark.parametrize("scheduler", ["ddim", "pndm", "dpmsolver++", "lms"])
def test_equals_the_stock_pipeline(tiny_pipe, scheduler):
    from lethe.diffusion.pipeline import make_scheduler

    settings = dataclasses.replace(FAST, scheduler=scheduler, steps=5)
    requests = ask(receivers=3, seeds=1)
    mine, kept = draw(tiny_pipe, requests, settings), tiny_pipe.scheduler
    noise = torch.stack([initial_noise("mini", "objects", r.receiver, r.seed, (4, 8, 8)) for r in requests])
    try:
        tiny_pipe.scheduler = make_scheduler(scheduler, 5, tiny_pipe)
        stock = tiny_pipe(
            [r.prompt for r in requests], num_inference_steps=5, guidance_scale=7.5, latents=noise, output_type="np"
        ).images
    finally:
        tiny_pipe.scheduler = kept
    assert difference(mine, (stock * 255).round().astype(np.uint8)) <= 1


def test_batch_of_1_and_of_40(tiny_pipe):
    requests = ask(receivers=20)
    at_40 = draw(tiny_pipe, requests)
    assert difference(draw(tiny_pipe, requests[17:23], dataclasses.replace(FAST, batch_size=1)), at_40[17:23]) <= 1
    assert difference(draw(tiny_pipe, requests[:14], dataclasses.replace(FAST, batch_size=7)), at_40[:14]) <= 1


def test_same_bits_at_equal_shape_and_row(tiny_pipe):
    """Elsewhere in the batch the last bits may differ: group normalisation splits the pixels of a batch evenly among threads."""
    requests = ask()
    first = draw(tiny_pipe, requests)
    np.testing.assert_array_equal(first, draw(tiny_pipe, requests))
    np.testing.assert_array_equal(first[:5], draw(tiny_pipe, requests[:5], shape=10))  # a filled-up batch
    assert difference(first[::-1], draw(tiny_pipe, requests[::-1])) <= 1
    assert difference(first[3:5], draw(tiny_pipe, requests[3:5], shape=10)) <= 1


def test_an_image_stands_where_it_stood_whichever_models_are_finished():
    """So a resumed job draws the same bits; 7 images a model do not fill its batches of 4."""
    requests = [r for delta in (text_map(1), lora(0), text_map(5), lora(7)) for r in ask(delta, receivers=7, seeds=1)]
    whole, rest = plan(requests, 4), plan(requests[7:], 4)
    assert sorted(map(len, whole)) == [3] * 4 + [4] * 4
    assert [[r.key for r in batch] for batch in rest] == [[r.key for r in batch] for batch in whole[2:]]


def test_no_op_models_cost_one_and_equal_the_base(tiny_pipe, monkeypatch):
    rows = counted(monkeypatch)
    base = draw(tiny_pipe, ask())
    ten = draw(tiny_pipe, [request for _ in range(10) for request in ask(NoneDelta())])
    np.testing.assert_array_equal(ten, np.concatenate([base] * 10))
    assert rows == [(10, 10), (10, 10)]


def test_the_base_among_other_models_keeps_its_bits(tiny_pipe):
    base = draw(tiny_pipe, ask())
    mixed = draw(tiny_pipe, ask(text_map(1)) + ask() + ask(lora()))
    np.testing.assert_array_equal(mixed[10:20], base)


def test_mixed_text_maps_equal_one_model_at_a_time(tiny_pipe, monkeypatch):
    models = [text_map(seed) for seed in (1, 5, 9)]
    alone = np.concatenate([draw(tiny_pipe, ask(model, seeds=1)) for model in models])
    rows = counted(monkeypatch)
    requests = [request for model in models for request in ask(model, seeds=1)]
    mixed = draw(tiny_pipe, requests, shape=15)
    assert rows == [(15, 15)]  # one batch, three models
    assert difference(mixed, alone) <= 1
    assert min(difference(alone[:5], alone[5:10]), difference(alone[5:10], alone[10:])) > 3
    interleaved = sorted(requests, key=lambda r: (r.receiver, r.delta.digest))
    lookup = {r.key: image for r, image in zip(requests, mixed, strict=True)}
    for request, image in generate(tiny_pipe, interleaved, FAST, **WORLD, shape=15):
        assert difference(image, lookup[request.key]) <= 1


def test_text_map_equals_applied_weights(tiny_pipe):
    delta = text_map(3)
    mapped = draw(tiny_pipe, ask(delta))
    with applied(tiny_pipe, delta):
        assert difference(draw(tiny_pipe, ask()), mapped) <= 1


def test_weight_edits_are_applied_and_taken_back(tiny_pipe, monkeypatch):
    before = [p.clone() for p in tiny_pipe.unet.parameters()]
    base = draw(tiny_pipe, ask())
    rows = counted(monkeypatch)
    requests = [r for triple in zip(ask(lora(0)), ask(lora(7)), ask(text_map(1)), strict=True) for r in triple]
    mixed = draw(tiny_pipe, requests)  # interleaved, yet each model is one batch
    assert rows == [(10, 10)] * 3
    for offset, delta in ((0, lora(0)), (1, lora(7))):
        with applied(tiny_pipe, delta):
            np.testing.assert_array_equal(draw(tiny_pipe, ask()), mixed[offset::3])
        assert difference(base, mixed[offset::3]) > 0
    assert all(torch.equal(a, b) for a, b in zip(before, tiny_pipe.unet.parameters(), strict=True))


def test_stopping_early_takes_edits_back(tiny_pipe):
    before = [p.clone() for p in tiny_pipe.unet.parameters()]
    images = generate(tiny_pipe, ask(lora()), FAST, **WORLD)
    next(images)
    images.close()
    assert all(torch.equal(a, b) for a, b in zip(before, tiny_pipe.unet.parameters(), strict=True))


def test_an_edited_text_encoder_encodes_anew(tiny_pipe):
    name = next(n for n, p in tiny_pipe.text_encoder.named_parameters() if n.endswith("final_layer_norm.weight"))
    delta = DenseDelta({f"text_encoder.{name}": random(D, scale=1.0)})
    mixed = draw(tiny_pipe, ask() + ask(delta) + ask(text_map(1)))
    np.testing.assert_array_equal(mixed[:10], draw(tiny_pipe, ask()))
    np.testing.assert_array_equal(mixed[20:], draw(tiny_pipe, ask(text_map(1))))
    with applied(tiny_pipe, delta):
        np.testing.assert_array_equal(mixed[10:20], draw(tiny_pipe, ask()))


def test_guidance_of_one_needs_no_unconditional_pass(tiny_pipe):
    plain = draw(tiny_pipe, ask(receivers=2), dataclasses.replace(FAST, guidance=1.0))
    nearly = draw(tiny_pipe, ask(receivers=2), dataclasses.replace(FAST, guidance=1.0 + 1e-6))
    assert difference(plain, nearly) <= 1


def test_large_images_are_decoded_in_equal_parts(tiny_pipe, monkeypatch):
    whole = draw(tiny_pipe, ask())
    monkeypatch.setattr(kept, "DECODE_PIXELS", 6 * 32 * 32)  # at most 6 images: two parts of 5
    assert difference(draw(tiny_pipe, ask()), whole) <= 1


@pytest.mark.parametrize(
    ("images", "batch_size", "expected"), [(40, 40, 40), (41, 40, 21), (40, 25, 20), (3, 40, 3), (400, 50, 50)]
)
def test_batch_shape_depends_on_images_per_model_only(images, batch_size, expected):
    one = ask(receivers=images, seeds=1)
    many = [r for seed in (1, 3) for r in ask(text_map(seed), receivers=images, seeds=1)]
    assert batch_shape(one, batch_size) == batch_shape(many, batch_size) == batch_shape(one * 3, batch_size) == expected
    assert max(map(len, plan(many, expected))) <= expected
    assert sum(map(len, plan(one * 3, expected))) == images


def test_batches_behind_one_another_are_the_same_pictures(tiny_pipe):
    settings = dataclasses.replace(FAST, batch_size=4)
    requests = [r for pair in zip(ask(lora(0)), ask(text_map(1)), strict=True) for r in pair] + ask()
    before = [p.clone() for p in tiny_pipe.unet.parameters()]
    np.testing.assert_array_equal(draw(tiny_pipe, requests, settings, ahead=2), draw(tiny_pipe, requests, settings))
    broken = DenseDelta({"unet.conv_in.bias": torch.full((16,), float("nan"))})
    images = generate(tiny_pipe, ask() + ask(broken), settings, **WORLD, ahead=1)
    assert len([next(images) for _ in ask()]) == 10  # what was drawn before the broken model is not lost
    with pytest.raises(ValueError, match="'dense' model .* drew NaN"):
        next(images)
    assert all(torch.equal(a, b) for a, b in zip(before, tiny_pipe.unet.parameters(), strict=True))


def test_one_compilation_for_all_models(tiny_pipe, graphs):
    compiled = dataclasses.replace(FAST, compile=True, batch_size=5)
    dense = DenseDelta({"unet.conv_in.bias": random(16), "unet.conv_in.weight": random(16, 4, 3, 3)})
    requests = [r for delta in (lora(0), dense, NoneDelta(), lora(7), text_map(1)) for r in ask(delta, seeds=1)]
    images = draw(tiny_pipe, requests, compiled)
    assert len(graphs) == 1  # fullgraph: more would be a recompilation
    np.testing.assert_array_equal(images[5:10], draw(tiny_pipe, ask(dense, seeds=1), compiled))
    assert len(graphs) == 1  # nor in the next job part
    np.testing.assert_array_equal(images, draw(tiny_pipe, requests, dataclasses.replace(compiled, compile=False)))
    draw(tiny_pipe, ask(seeds=1), compiled, shape=6)
    assert len(graphs) == 2  # another batch shape is another graph, so the count does count


def test_a_compiled_decoder_is_compiled_once_and_kept_latents_are_not_decoded_by_it(tiny_pipe, graphs):
    settings = dataclasses.replace(FAST, compile_decoder=True, batch_size=5)
    requests = [r for delta in (lora(0), NoneDelta()) for r in ask(delta, seeds=1)]
    np.testing.assert_array_equal(draw(tiny_pipe, requests, settings), draw(tiny_pipe, requests, FAST))
    assert len(graphs) == 1
    assert list(module.generate_latents(tiny_pipe, ask(seeds=1), settings, **WORLD)) and len(graphs) == 1


@pytest.mark.parametrize("mode", ["default", "warn", "error"])
def test_the_compiler_is_as_deterministic_as_torch(tiny_pipe, mode):
    import torch._inductor.config as inductor

    before = torch.get_deterministic_debug_mode()
    try:
        torch.set_deterministic_debug_mode(mode)
        with inductor.patch(deterministic=mode == "default"):
            module._Sampler(tiny_pipe, dataclasses.replace(FAST, compile=True), **WORLD)
            assert inductor.deterministic == (mode != "default")
        assert torch.get_deterministic_debug_mode() == ("default", "warn", "error").index(mode)
    finally:
        torch.set_deterministic_debug_mode(before)


def test_attention_is_fused(tiny_pipe):
    assert {type(processor).__name__ for processor in tiny_pipe.unet.attn_processors.values()} == {"AttnProcessor2_0"}


def test_no_requests_no_images(tiny_pipe):
    assert list(generate(tiny_pipe, [], FAST, **WORLD)) == []


def test_wrong_settings(tiny_pipe):
    with pytest.raises(ValueError, match="size is 30; it must be a multiple of the VAE factor 4"):
        draw(tiny_pipe, ask(), dataclasses.replace(FAST, size=30))
    with pytest.raises(ValueError, match="batch_size is 0"):
        draw(tiny_pipe, ask(), dataclasses.replace(FAST, batch_size=0))


def test_a_broken_model_is_named(tiny_pipe):
    broken = DenseDelta({"unet.conv_in.bias": torch.full((16,), float("nan"))})
    with pytest.raises(ValueError, match="'dense' model .* drew NaN for prompt 'an image of a seven', seed 42"):
        draw(tiny_pipe, ask(broken))


@contextmanager
def parameter_of(module_, name, value, row=slice(None)):
    """One parameter of a component set to ``value`` within the block."""
    parameter = dict(module_.named_parameters())[name].data
    kept = parameter.clone()
    parameter[row] = value
    try:
        yield
    finally:
        parameter.copy_(kept)


@pytest.mark.parametrize("ahead", [0, 1])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("decoder.conv_out.bias", float("nan")),
        ("decoder.conv_out.bias", float("-inf")),
        ("decoder.conv_norm_out.weight", float("nan")),
    ],
)
def test_pixels_that_are_not_finite_stop_the_job(tiny_pipe, name, value, ahead):
    """NaN would be black as uint8, and infinity black or white: on and off images would agree."""
    requests = [dataclasses.replace(request, run="objects_003_uce_000") for request in ask(text_map(1))]
    said = (
        r"objects_003_uce_000: a 'text_map' model .* of the base '.*pipeline' drew NaN for prompt 'an image of a seven', seed 42: "
        r"the VAE decoded .*float16.*dtype: float32 or bfloat16"
    )
    with parameter_of(tiny_pipe.vae, name, value, 0), pytest.raises(NotFiniteError, match=said):
        draw(tiny_pipe, requests, ahead=ahead)


def test_one_pixel_that_is_not_finite_names_its_row(tiny_pipe, monkeypatch):
    decode = tiny_pipe.vae.decode

    def spoiled(latents, **more):
        pixels = decode(latents, **more)[0].clone()
        pixels[3, 1, 31, 31] = float("inf")
        return (pixels,)

    monkeypatch.setattr(tiny_pipe.vae, "decode", spoiled)
    with pytest.raises(NotFiniteError, match="drew NaN for prompt 'a dog', seed 43"):
        draw(tiny_pipe, ask())


def test_float16_that_overflows_is_not_a_black_picture(tiny_folder):
    """Values of the decoder beyond 65,504, as large autoencoders have them."""
    pipe = load_pipeline(tiny_folder)
    dict(pipe.vae.named_parameters())["decoder.conv_in.weight"].data.fill_(6e4)
    draw(pipe, ask(receivers=1, seeds=1))
    pipe.vae.half()
    with pytest.raises(NotFiniteError, match=r"the VAE decoded .*torch.float16"):
        draw(pipe, ask(receivers=1, seeds=1))


def test_a_diverged_text_encoder_and_an_infinite_latent_are_named(tiny_pipe):
    name = next(n for n, _ in tiny_pipe.text_encoder.named_parameters() if n.endswith("final_layer_norm.weight"))
    with (
        parameter_of(tiny_pipe.text_encoder, name, float("inf")),
        pytest.raises(NotFiniteError, match="'none' model .*its latents are NaN or infinite after the last step"),
    ):
        draw(tiny_pipe, ask())


def test_latents_of_training_images_are_finite(tiny_pipe):
    from lethe.diffusion.latents import encode_images

    images = [np.zeros((32, 32, 3), np.uint8)] * 3
    with (
        parameter_of(tiny_pipe.vae, "encoder.conv_in.bias", float("nan")),
        pytest.raises(NotFiniteError, match="latent of image 0 of 3"),
    ):
        encode_images(tiny_pipe.vae, images, 32)


def test_pictures_of_a_training_are_finite(tiny_pipe):
    from lethe.diffusion.pretraining.vae import decode_latents, encode_latents

    with parameter_of(tiny_pipe.vae, "decoder.conv_out.bias", float("nan")), pytest.raises(NotFiniteError, match="image 0 of 2"):
        decode_latents(tiny_pipe.vae, torch.zeros(2, 4, 8, 8))
    with parameter_of(tiny_pipe.vae, "quant_conv.bias", float("inf")), pytest.raises(NotFiniteError, match="image 0 of 2"):
        encode_latents(tiny_pipe.vae, torch.zeros(2, 3, 32, 32, dtype=torch.uint8))
