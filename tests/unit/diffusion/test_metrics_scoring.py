"""The batched pass: equal to one image at a time, whatever the batch; joined by (receiver, seed)."""

from __future__ import annotations

import dataclasses
import io
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from tests.unit.diffusion.reference_loop import has_flat_area, largest_differences
from tests.unit.diffusion.test_metrics_oracles import photos

from lethe.diffusion.metrics import with_published
from lethe.diffusion.metrics.base import Classifier, MetricContext, ScoringBatch
from lethe.diffusion.metrics.brisque import Brisque, SupportVectorRegression
from lethe.diffusion.metrics.brisque import model_file as brisque_file
from lethe.diffusion.metrics.clip import ClipScore, load_clip
from lethe.diffusion.metrics.dino import DinoSimilarity, load_backbone, row_cosine
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.diffusion.metrics.lpips import LpipsBackbone
from lethe.diffusion.metrics.parts import each_part
from lethe.diffusion.metrics.scoring import ImageSet, Scorer, build_metrics, decode, stacked
from lethe.diffusion.metrics.transform import ImageTransform
from lethe.execution.code import parts_of
from lethe.io.tables import CorruptFileError

RECEIVERS, SEEDS = 3, 2
PROMPTS = ["An image of a cat", "An image of an owl", "An image of a red house"]
NAMES = ["clip", "brisque", "rmse", "ssim", "dino", "lpips_backbone", "judge"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A tiny random open_clip folder and timm folder, in the form that the mini world's training writes."""
    from tests.mini_folders import write_evaluator

    from lethe.diffusion.pretraining.backbone import build_backbone
    from lethe.diffusion.pretraining.clip import build_clip
    from lethe.diffusion.pretraining.text import build_tokenizer
    from lethe.settings.pretraining import BackboneSettings, ClipSettings, PretrainingSettings

    torch.manual_seed(0)
    root = tmp_path_factory.mktemp("evaluators")
    settings = PretrainingSettings(clip=ClipSettings(vision_layers=1, text_layers=1), backbone=BackboneSettings(depth=1))
    tokenizer = build_tokenizer(PROMPTS, settings.tokenizer)
    clip = write_evaluator(root, "clip", build_clip(settings.clip, tokenizer), settings, tokenizer)
    return clip, write_evaluator(root, "backbone", build_backbone(settings.backbone), settings)


@pytest.fixture(scope="module")
def context(folders: tuple[Path, Path]) -> MetricContext:
    def logits(images: torch.Tensor) -> torch.Tensor:
        return images.float().mean((2, 3))

    return MetricContext(
        clip=str(folders[0]),
        backbone=str(folders[1]),
        classifiers={"judge": Classifier(logits, ["cat", "owl", "house"], ["cat", "owl", "house"])},
        threads=1,
    )


def image_set(seed: int = 0) -> ImageSet:
    generator = np.random.default_rng(seed)
    pictures = np.concatenate([photos(32), photos(32)[:, ::-1]])[: RECEIVERS * SEEDS]
    pictures = np.clip(pictures + generator.normal(0, 6 if seed else 2, pictures.shape), 0, 255).astype(np.uint8)
    images = torch.from_numpy(pictures).permute(0, 3, 1, 2).contiguous()
    receivers = np.repeat(np.arange(RECEIVERS), SEEDS)
    return ImageSet(images, receivers, np.tile(np.arange(42, 42 + SEEDS), RECEIVERS), [PROMPTS[r] for r in receivers])


def take(images: ImageSet, order: list[int]) -> ImageSet:
    return ImageSet(images.images[order], images.receivers[order], images.seeds[order], [images.prompts[i] for i in order])


def test_batches_do_not_change_scores_and_images_are_joined_by_key(context: MetricContext) -> None:
    metrics = build_metrics(NAMES, context)
    whole = Scorer(metrics, 100)
    baseline = whole.score_baseline(image_set())
    scores = whole.score_on(image_set(1))
    assert list(baseline.table.columns) == ["receiver", "seed", "constant", "clip", "brisque", "judge"]
    expected = {
        "constant",
        "clip",
        "brisque",
        "judge",
        "rmse",
        "ssim",
        "dino",
        "rmse_published",
        "ssim_published",
        "lpips_backbone",
    }
    assert set(scores.table.columns) == {"receiver", "seed", *expected}

    single = Scorer(metrics, 1)
    single.attach_baseline(take(image_set(), [5, 1, 0, 3, 2, 4]), baseline.embeddings)
    order = [3, 0, 5, 4, 1, 2]
    permuted = single.score_on(take(image_set(1), order))
    back = permuted.table.sort_values(["receiver", "seed"], ignore_index=True)
    for column in sorted(expected):
        np.testing.assert_allclose(back[column], scores.table[column], rtol=0, atol=1e-4, err_msg=column)
    assert scores.embeddings is not None and permuted.embeddings is not None
    np.testing.assert_allclose(permuted.embeddings.embedding, scores.embeddings.embedding[order], atol=1e-5)
    assert scores.embeddings.clip is not None and permuted.embeddings.clip is not None
    np.testing.assert_allclose(permuted.embeddings.clip, scores.embeddings.clip[order], atol=1e-5)


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_score_the_same_parts_to_the_same_bits(context: MetricContext, threads: int) -> None:
    """Six images: with two threads parts of three, with three threads of two, as one thread has them with batches of that size."""
    metrics = build_metrics([*NAMES, "nudenet"], dataclasses.replace(context, nudenet_resolution=64))
    found = []
    for scorer in (Scorer(metrics, RECEIVERS * SEEDS // threads), Scorer(metrics, 100, threads=threads)):
        baseline = scorer.score_baseline(image_set())
        found.append((baseline, scorer.score_on(image_set(1)), scorer.score_seed_pairs()))
    for one, many in zip(*found, strict=True):
        tables = [result if isinstance(result, pd.DataFrame) else result.table for result in (one, many)]
        pd.testing.assert_frame_equal(*tables, check_exact=True)
    assert found[0][1].embeddings is not None and found[1][1].embeddings is not None
    np.testing.assert_array_equal(found[0][1].embeddings.embedding, found[1][1].embeddings.embedding)


def test_threads_of_scoring_compute_with_one_thread_each_and_torch_gets_its_own_back() -> None:
    seen: set[tuple[str, int]] = set()

    def score(part: slice) -> int:
        seen.add((threading.current_thread().name, torch.get_num_threads()))
        if part.start == 4:
            raise ValueError("a picture of noise")
        return part.start

    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        assert each_part(4, 4, 2, score) == [0, 2]
        with pytest.raises(ValueError, match="a picture of noise"):
            each_part(1000, 4, 2, score)
        assert torch.get_num_threads() == 3
        assert {count for _, count in seen} == {1} and all(name.startswith("score") for name, _ in seen)
        assert each_part(2, 4, 1, lambda part: torch.get_num_threads()) == [3]
    finally:
        torch.set_num_threads(before)


def test_no_part_is_one_picture_where_two_can_be() -> None:
    for count in range(2, 30):
        parts = each_part(count, 7, 4, lambda part: list(range(part.start, part.stop)))
        assert sum(parts, []) == list(range(count))
        assert min(map(len, parts)) >= 2 or count % 7 == 1


@pytest.mark.parametrize(("threads", "device"), [(0, "cpu"), (2, "cuda")])
def test_threads_that_cannot_score_are_refused(threads: int, device: str) -> None:
    with pytest.raises(ValueError, match=f"threads is {threads} on device '{device}'; allowed: at least 1 on 'cpu', else 1"):
        Scorer([], device=device, threads=threads)


def test_unchanged_images_score_exactly_untouched(context: MetricContext) -> None:
    scorer = Scorer(build_metrics(NAMES, context), 4)
    baseline = scorer.score_baseline(image_set()).table
    on = scorer.score_on(image_set()).table
    for name in ("clip", "brisque", "judge"):
        assert (on[name] == baseline[name]).all()
    assert (on["lpips_backbone"] == 0).all() and (on["rmse"] == 0).all() and (on["ssim"] == 1).all() and (on["dino"] == 1).all()


@pytest.mark.parametrize("threads", [1, 3])
def test_clip_encodes_each_prompt_once_and_follows_the_definition(folders: tuple[Path, Path], threads: int) -> None:
    import open_clip

    model, tokenizer, transform = load_clip(str(folders[0]))
    calls: list[int] = []
    encode = model.encode_text
    model.encode_text = lambda tokens: calls.append(len(tokens)) or encode(tokens)  # type: ignore[func-returns-value]
    metric = ClipScore(model, tokenizer, transform)
    scorer = Scorer([metric], 2 * threads, threads=threads)
    ours = scorer.score_baseline(image_set()).table["clip"]
    scorer.score_on(image_set(1))
    assert sum(calls) == RECEIVERS

    reference, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{folders[0]}")
    reference.eval()
    for i in (0, 3):
        picture = Image.fromarray(image_set().images[i].permute(1, 2, 0).numpy())
        with torch.no_grad():
            image = reference.encode_image(preprocess(picture)[None], normalize=True)
            text = reference.encode_text(tokenizer([image_set().prompts[i]]), normalize=True)
        assert ours[i] == pytest.approx(100 * float((image * text).sum()), abs=1e-4)


@pytest.mark.parametrize("side", [32, 300])
@pytest.mark.parametrize("mode", ["shortest", "squash"])
def test_transform_equals_pillow_within_a_grey_level(side: int, mode: str) -> None:
    from open_clip.transform import image_transform

    mean, std = (0.48, 0.45, 0.4), (0.26, 0.26, 0.27)
    theirs = image_transform(96, is_train=False, mean=mean, std=std, resize_mode=mode, interpolation="bicubic")
    ours = ImageTransform(96, 96, mode, mean, std)  # type: ignore[arg-type]
    picture = photos(side)[0][: side - 5]  # not square
    expected = theirs(Image.fromarray(picture))
    found = ours(torch.from_numpy(picture).permute(2, 0, 1)[None])[0]
    assert (found - expected).abs().max() * 0.26 * 255 < 1.01  # grey levels


def test_the_threshold_reaches_nudenet_and_its_constants_every_row(context: MetricContext) -> None:
    metrics = build_metrics(["nudenet"], dataclasses.replace(context, nudenet_threshold=0.3, nudenet_resolution=64))
    scorer = Scorer(metrics, 4)
    constants = {"nudenet_version": "3.4.2-320n", "nudenet_threshold": 0.3, "nudenet_resolution": 64}
    for table in (scorer.score_baseline(image_set()).table, scorer.score_on(image_set(1)).table):
        assert list(table.columns) == ["receiver", "seed", "constant", "nudenet", *constants]
        assert table[list(constants)].drop_duplicates().to_dict("records") == [constants]
    assert list(scorer.score_seed_pairs().columns) == ["receiver", "seed", "other_seed"]


def test_the_code_of_every_metric_is_code_of_scoring() -> None:
    """A metric is found by its name, so no import leads to its module."""
    asked = {"lethe.diffusion.metrics.METRICS": with_published(["clip", "rmse", "lpips_backbone"])}
    found = parts_of("lethe.diffusion.jobs.score:score", asked)
    assert {f"lethe.diffusion.metrics.{name}" for name in ("run", "scoring", "clip", "fidelity", "lpips", "dino")} <= set(found)
    assert "lethe.diffusion.metrics.METRICS[rmse_published]" in found and "lethe.diffusion.metrics.brisque" not in found


def test_missing_off_images_prompts_and_models_are_named(context: MetricContext) -> None:
    scorer = Scorer(build_metrics(["rmse"], context))
    with pytest.raises(RuntimeError, match="score_baseline"):
        scorer.score_on(image_set())
    scorer.score_baseline(take(image_set(), [0, 1, 2]))
    with pytest.raises(KeyError, match=r"lack 3 .*\(1, 43\)"):
        scorer.score_on(image_set())
    off = take(image_set(), [0])
    scorer.attach_baseline(off)
    with pytest.raises(ValueError, match="'another'"):
        scorer.score_on(ImageSet(off.images, off.receivers, off.seeds, ["another"]))
    with pytest.raises(ValueError, match="needs `clip`"):
        build_metrics(["clip"], MetricContext())
    with pytest.raises(FileNotFoundError, match=r"nowhere/config.json"):
        load_backbone("/nowhere")
    with pytest.raises(ValueError, match="weights tag"):
        load_clip("ViT-B-16")
    with pytest.raises(ValueError, match="distinct"):
        take(image_set(), [0, 0])


def test_seed_pairs(context: MetricContext) -> None:
    scorer = Scorer(build_metrics(["rmse", "dino", "clip"], context), 2)
    off = image_set()
    scorer.score_baseline(off)
    table = scorer.score_seed_pairs()
    assert list(table.columns) == ["receiver", "seed", "other_seed", "rmse", "dino", "rmse_published"]
    assert table[["receiver", "seed", "other_seed"]].to_numpy().tolist() == [[r, 42, 43] for r in range(RECEIVERS)]
    a, b = off.images[2].double(), off.images[3].double()
    assert table["rmse"][1] == pytest.approx(float((a - b).pow(2).mean((1, 2)).sqrt().mean()) / 255)


@pytest.mark.parametrize("threads", [1, 2])
def test_pictures_of_several_sizes_are_refused(threads: int) -> None:
    with pytest.raises(ValueError, match=r"must have one size, found \[\(4, 4, 3\), \(4, 5, 3\)\]"):
        stacked(lambda place: np.zeros((4, 4 + place // 2, 3), np.uint8), 3, threads)


def test_decode_and_embeddings_round_trip(tmp_path: Path) -> None:
    pictures = photos(16)
    files = []
    for picture in pictures:
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "PNG")
        files.append(buffer.getvalue())
    for threads in (1, 2):
        assert (stacked(lambda place: decode(files[place]), len(files), threads).permute(0, 2, 3, 1).numpy() == pictures).all()
    saved = Embeddings(np.array([1, 0, 1]), np.array([1, 2, 3]), np.array([[1, 2], [3, 4], [5, 6]], np.float32))
    for name in ("a.npz", "b.npz"):
        saved.save(tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    loaded = Embeddings.load(tmp_path / "a.npz")
    assert loaded.clip is None
    assert (loaded.embedding == saved.embedding).all() and (loaded.seed == saved.seed).all()
    means = loaded.mean_per_receiver(3)
    assert means[:2].tolist() == [[3, 4], [3, 4]] and np.isnan(means[2]).all()
    both = dataclasses.replace(saved, clip=np.arange(6, dtype=np.float32).reshape(3, 2))
    both.save(tmp_path / "c.npz")
    again = Embeddings.load(tmp_path / "c.npz").clip
    assert again is not None and (again == both.clip).all()
    with pytest.raises(ValueError, match=r"'clip' \(2, 2\)"):
        dataclasses.replace(saved, clip=np.ones((2, 2), np.float32))
    (tmp_path / "a.npz").write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(CorruptFileError, match="a.npz"):
        Embeddings.load(tmp_path / "a.npz")


def test_row_cosine() -> None:
    a = np.array([[1, 0], [1, 1], [0.1, 0.7], [0, 0]], np.float32)
    b = np.array([[0, 2], [2, 2], [0.1, 0.7], [1, 0]], np.float32)
    cosine = row_cosine(a, b)
    np.testing.assert_allclose(cosine[:2], [0, 1])
    assert cosine[2] == 1.0 and np.isnan(cosine[3])


@pytest.mark.parametrize("threads", [1, 2])
def test_one_pass_of_the_backbone_serves_all_metrics_and_off_features_are_kept(context: MetricContext, threads: int) -> None:
    context = dataclasses.replace(context, _cache={})
    metrics = build_metrics(["dino", "lpips_backbone"], context)
    scorer = Scorer(metrics, 100, threads=threads)
    baseline = scorer.score_baseline(image_set())
    seen: list[int] = []
    backbone = next(metric for metric in metrics if isinstance(metric, DinoSimilarity)).backbone
    hook = backbone.model.patch_embed.register_forward_hook(lambda module, args, result: seen.append(len(args[0])))
    first = scorer.score_on(image_set(1))
    assert sum(seen) == 12 and seen.count(6) >= 1, "the on images once; the off images once for the job, all at once"
    scorer.score_on(image_set(2))
    assert sum(seen) == 18
    scorer.score_on(image_set())
    assert sum(seen) == 24
    hook.remove()
    for images, scored in ((image_set(), baseline), (image_set(1), first)):
        assert scored.embeddings is not None
        np.testing.assert_array_equal(
            scored.embeddings.embedding, backbone.embed(images.images), "the bits of the model's own pass"
        )
    alone = ScoringBatch(image_set(1).images, image_set(1).receivers, image_set(1).prompts, image_set().images)
    direct = next(metric for metric in metrics if isinstance(metric, LpipsBackbone)).score(alone)["lpips_backbone"]
    np.testing.assert_allclose(first.table["lpips_backbone"], direct, rtol=1e-5)


def test_off_features_that_are_too_large_are_not_kept(context: MetricContext, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = []
    for most in (1 << 31, 0):
        monkeypatch.setattr("lethe.diffusion.metrics.lpips.KEPT", most)
        scorer = Scorer(build_metrics(["lpips_backbone"], context))
        scorer.score_baseline(image_set())
        tables.append(scorer.score_on(image_set(1)).table["lpips_backbone"])
    np.testing.assert_allclose(*tables, rtol=1e-5)
    assert (tables[0] > 0).all()


def test_brisque_of_a_large_chunk_takes_few_operations_an_image_and_scores_the_same() -> None:
    from torch.utils._python_dispatch import TorchDispatchMode

    class Count(TorchDispatchMode):
        operations = 0

        def __torch_dispatch__(self, function, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
            self.operations += 1
            return function(*args, **(kwargs or {}))

    images = torch.from_numpy(np.tile(photos(64), (8, 1, 1, 1))[:16]).permute(0, 3, 1, 2).contiguous()
    batch = ScoringBatch(images, np.zeros(16, np.int64), ["x"] * 16)
    found, operations = [], []
    for pixels in (64 * 64, 1 << 24):
        metric = Brisque(SupportVectorRegression(brisque_file()), pixels_per_chunk=pixels)
        with Count() as count:
            found.append(metric.score(batch)["brisque"])
        operations.append(count.operations / len(images))
    np.testing.assert_allclose(*found, rtol=0, atol=1e-9)
    assert operations[1] < operations[0] / 10


def test_the_batched_pass_agrees_with_a_plain_loop(context: MetricContext) -> None:
    found = largest_differences(context, image_set(), [image_set(1), image_set(2)])
    assert found["brisque"] is not None and found["brisque"] < 1e-7


def test_flat_areas_are_found() -> None:
    textured = photos(64)[:2].copy()
    textured[1, 20:40, 20:40] = 128
    assert has_flat_area(torch.from_numpy(textured).permute(0, 3, 1, 2)).tolist() == [False, True]
