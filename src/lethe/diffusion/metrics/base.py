"""What a metric is, and the one place that says which direction is healthy. Loads no torch.

Four kinds of quantity: ``image`` scores one image, ``pair`` compares the on image with the off image of the same
prompt and seed, ``diff`` is the on score minus the off score of an ``image`` metric, ``set`` compares the on images of
many prompts and seeds with the off images of the same ones (``lethe.diffusion.metrics.distribution``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from lethe.core.registry import UnknownNameError, nearest
from lethe.core.threads import thread_count

if TYPE_CHECKING:
    import torch

T = TypeVar("T")
Arrow = Literal["↑", "↓"]
Kind = Literal["image", "pair", "diff", "set"]


@dataclass(frozen=True)
class MetricSpec:
    """What a number means.

    Attributes:
        name: column name.
        arrow: healthy direction: ``"↑"`` means that more is better.
        unit: unit of a value, ``"1"`` for a pure number.
        range: lowest and highest possible value; of a ``pair`` or ``set`` metric where more is better, the highest is finite: it
            is what equal images get, and damage is counted from there.
        kind: ``image``, ``pair``, ``diff`` or ``set`` (see the module).
        version: what exactly computes it: model, scale, threshold.
        source: paper or package that defines it.
        constants: what stands beside every value in a table, as columns ``{name}_{constant}``.
    """

    name: str
    arrow: Arrow
    unit: str
    range: tuple[float, float]
    kind: Kind
    version: str
    source: str
    constants: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind != "image" and not math.isfinite(self.undamaged):
            raise ValueError(
                f"metric '{self.name}': more is better without end ({self.range[1]}), so damage has no zero; give a bounded one"
            )

    @property
    def damage_sign(self) -> int:
        """+1 where a larger value means more damage (``"↓"``), else -1."""
        return 1 if self.arrow == "↓" else -1

    @property
    def undamaged(self) -> float:
        """The value of an image that equals its off image: 0 for differences and errors, the highest of the range (1 of all here)
        for similarities; NaN for ``image``. Of ``set`` the value of equal sets, except ``kid_dino``, whose mean over sets of one
        source is 0.
        """
        if self.kind == "image":
            return math.nan
        return float(self.range[1]) if self.kind in ("pair", "set") and self.arrow == "↑" else 0.0

    def damage(self, value: float | NDArray[np.float64]) -> float | NDArray[np.float64]:
        """``value`` in the common orientation: 0 = untouched, larger = more damage. Not for ``image``."""
        if self.kind == "image":
            raise ValueError(
                f"metric '{self.name}' scores one image; damage needs a pair or a difference (try '{self.name}_diff')"
            )
        return self.damage_sign * (value - self.undamaged)


def _scored(
    name: str, arrow: Arrow, unit: str, bounds: tuple[float, float], version: str, source: str, constants: tuple[str, ...] = ()
) -> tuple[MetricSpec, MetricSpec]:
    """The spec of an ``image`` metric and of its difference on - off."""
    span = bounds[1] - bounds[0]
    own = MetricSpec(name, arrow, unit, bounds, "image", version, source, constants)
    return own, MetricSpec(f"{name}_diff", arrow, unit, (-span, span), "diff", version, source)


_ISM = "image-similarity-measures 0.3.6, default max_p = 4095 on 8-bit images"
_BACKBONE = "paper: DINOv2 ViT-S/14; mini: its own ViT, 4 blocks, 96 channels"
_DINO = "cosine of raw class-token embeddings; paper: DINOv2 ViT-S/14"
_OF_TOKENS = f"class-token embeddings, not normalised; {_BACKBONE}"
_PR = "Improved precision and recall, Kynkaanniemi 2019"
_LPIPS = "LPIPS, Zhang 2018, eq. 1"
_LIST: list[MetricSpec] = [
    *_scored(
        "clip",
        "↑",
        "100 cos",
        (-100, 100),
        "100 x cosine, not floored; paper: ViT-B/16 openai",
        "CLIPScore, Hessel 2021",
    ),
    *_scored("brisque", "↓", "score", (-math.inf, math.inf), "LIVE model of the brisque 0.2.0 wheel", "BRISQUE, Mittal 2012"),
    *_scored("judge", "↑", "1", (0, 1), "1 if argmax over the classes is the asked entity", "UnlearnCanvas, Zhang 2024"),
    *_scored(
        "nudenet",
        "↓",
        "boxes",
        (0, math.inf),
        "nudenet 3.4.2, 320n, *_EXPOSED labels",
        "github.com/notAI-tech/NudeNet",
        ("version", "threshold", "resolution"),
    ),
    MetricSpec("constant", "↓", "1", (0, 1), "image", "1 if all pixels have one colour", "lethe.diffusion.metrics.constant"),
    MetricSpec("ssim", "↑", "1", (-1, 1), "pair", "uniform 7x7, data range 255", "SSIM, Wang 2004; skimage defaults"),
    MetricSpec("ssim_published", "↑", "1", (-1, 1), "pair", "uniform 7x7, data range 4095", _ISM),
    MetricSpec("rmse", "↓", "1", (0, 1), "pair", "mean over channels of RMSE / 255", "root mean squared error"),
    MetricSpec("rmse_published", "↓", "1", (0, 255 / 4095), "pair", "mean over channels of RMSE / 4095", _ISM),
    MetricSpec("dino", "↑", "1", (-1, 1), "pair", _DINO, "DINOv2, Oquab 2023"),
    MetricSpec("dino_diff", "↑", "1", (-1, 1), "pair", f"{_DINO}; published name of `dino`", "I-CARE testbeds"),
    MetricSpec("lpips_backbone", "↓", "1", (0, math.inf), "pair", f"patch tokens of every block, weights 1; {_BACKBONE}", _LPIPS),
    MetricSpec("lpips_alex", "↓", "1", (0, math.inf), "pair", "AlexNet of torchvision, linear heads v0.1", _LPIPS),
    MetricSpec("fid_dino", "↓", "1", (0, math.inf), "set", _OF_TOKENS, "FID, Heusel 2017, eq. 6"),
    MetricSpec("kid_dino", "↓", "1", (-math.inf, math.inf), "set", f"unbiased, all images; {_OF_TOKENS}", "KID, Binkowski 2018"),
    MetricSpec("precision_dino", "↑", "1", (0, 1), "set", f"k = 3; {_OF_TOKENS}", _PR),
    MetricSpec("recall_dino", "↑", "1", (0, 1), "set", f"k = 3; {_OF_TOKENS}", _PR),
    MetricSpec(
        "cmmd_clip",
        "↓",
        "1000 MMD^2",
        (0, math.inf),
        "set",
        "sigma 10, biased, image embeddings of length 1; paper: ViT-B/16 openai; mini: its own CLIP",
        "CMMD, Jayasumana 2024",
    ),
]
SPECS: dict[str, MetricSpec] = {spec.name: spec for spec in _LIST}
DIRECTIONS: dict[str, Arrow] = {name: spec.arrow for name, spec in SPECS.items()}
"""Healthy direction of every quantity; names of columns, sorting and plots all read it here."""


def spec_of(name: str) -> MetricSpec:
    """The spec of a quantity; an unknown name is an ``UnknownNameError`` with the nearest one."""
    if name not in SPECS:
        raise UnknownNameError(f"unknown quantity '{name}'; known: {', '.join(sorted(SPECS))}{nearest(name, list(SPECS))}")
    return SPECS[name]


def constant_columns(columns: Iterable[str]) -> dict[str, str]:
    """Those of ``columns`` that hold a metric's constants (``nudenet_threshold``) -> the metric."""
    known = {f"{spec.name}_{constant}": spec.name for spec in SPECS.values() for constant in spec.constants}
    return {column: known[column] for column in columns if column in known}


@dataclass
class ScoringBatch:
    """Decoded images with what metrics need to score them; everything derived is computed once per batch.

    Attributes:
        images: (n, 3, H, W) uint8, RGB.
        receivers: (n,) index of the entity each image was asked for.
        prompts: n prompts.
        off_images: the off image of each, same shape, for pair metrics.
        off_embeddings: (n, d) float32 embedding of each off image.
    """

    images: torch.Tensor
    receivers: NDArray[np.int64]
    prompts: Sequence[str]
    off_images: torch.Tensor | None = None
    off_embeddings: NDArray[np.float32] | None = None
    _cache: dict[Hashable, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        shape = tuple(self.images.shape)
        if len(shape) != 4 or shape[1] != 3 or str(self.images.dtype) != "torch.uint8":
            raise ValueError(f"images must be (n, 3, H, W) uint8, not {shape} {self.images.dtype}")
        if not len(self.receivers) == len(self.prompts) == shape[0]:
            raise ValueError(f"{shape[0]} images with {len(self.receivers)} receivers and {len(self.prompts)} prompts")
        if self.off_images is not None and self.off_images.shape != self.images.shape:
            raise ValueError(f"off images are {tuple(self.off_images.shape)}, on images {shape}; a pair has one shape")

    def __len__(self) -> int:
        return len(self.receivers)

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """``make()``, computed at the first call with ``key`` and kept for the batch."""
        if key not in self._cache:
            self._cache[key] = make()
        return self._cache[key]

    def floats(self) -> torch.Tensor:
        """The images as float32 in [0, 255]."""
        return self.once("floats", lambda: self.images.float())

    def pair(self, metric: str) -> tuple[torch.Tensor, torch.Tensor]:
        """On and off images as float32 in [0, 255]; an error naming ``metric`` if the batch has no off images."""
        off = self.off_images
        if off is None:
            raise ValueError(f"metric '{metric}' compares with off images, and this batch has none")
        return self.floats(), self.once("off_floats", lambda: off.float())


@dataclass(frozen=True)
class Classifier:
    """A classifier of images and what it should say.

    Attributes:
        logits: ``(n, 3, H, W) uint8 -> (n, classes)``.
        classes: class names in the order of the logits.
        class_of: name of the class of every receiver, in index order.
    """

    logits: Callable[[torch.Tensor], torch.Tensor]
    classes: Sequence[str]
    class_of: Sequence[str]


@dataclass(frozen=True)
class MetricContext:
    """What metrics are made from; each takes what it needs and names what is missing.

    Attributes:
        clip: open_clip folder, or a model name with ``clip_weights``.
        clip_weights: weights tag of a model name, e.g. ``openai``.
        backbone: timm folder, or a timm model name.
        classifiers: name of a classifier, which is also the metric's -> the classifier and the class of every receiver.
        nudenet_resolution: inference size in pixels, a multiple of 32.
        nudenet_threshold: lowest score of a counted detection.
        lpips_alex: folder with the weights of ``lpips_alex``.
        device: ``cpu`` or ``cuda``.
        threads: threads of the ONNX session.
    """

    clip: str = ""
    clip_weights: str = ""
    backbone: str = ""
    classifiers: Mapping[str, Classifier] = field(default_factory=dict)
    nudenet_resolution: int = 320
    nudenet_threshold: float = 0.5
    lpips_alex: str = ""
    device: str = "cpu"
    threads: int = field(default_factory=thread_count)


@runtime_checkable
class Metric(Protocol):
    """Scores a batch. A score of an image never depends on the other images of its batch."""

    @property
    def spec(self) -> MetricSpec:
        """What its numbers mean."""
        ...

    def score(self, batch: ScoringBatch) -> dict[str, NDArray[np.float64]]:
        """Column name -> (n,) values."""
        ...

    @classmethod
    def create(cls, context: MetricContext) -> Metric:
        """The metric with its model loaded."""
        ...


@runtime_checkable
class Embedder(Protocol):
    """A metric that also exposes the embedding of an image, to be stored."""

    @property
    def stored(self) -> str:
        """Field of ``lethe.diffusion.metrics.embeddings.Embeddings``, and key of the embedding in ``ScoringBatch.once``."""
        ...

    def embed(self, images: torch.Tensor) -> NDArray[np.float32]:
        """(n, 3, H, W) uint8 -> (n, d) float32, not normalised."""
        ...


@runtime_checkable
class WithConstants(Protocol):
    """A metric whose numbers mean nothing without how they were taken: its constants stand beside them in every table."""

    @property
    def constants(self) -> Mapping[str, str | float]:
        """A value for each of ``MetricSpec.constants``."""
        ...
