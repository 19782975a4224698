"""What a metric is and what it says of itself. Loads no torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

T = TypeVar("T")
Arrow = Literal["↑", "↓"]
Kind = Literal["image", "pair", "diff"]


@dataclass(frozen=True, kw_only=True)
class MetricSpec:
    """What the numbers of a quantity mean.

    Attributes:
        name: of the column.
        kind: ``image`` scores one image; ``pair`` compares the on image with the off image of the same prompt and seed; ``diff`` is the on
            score minus the off score of an ``image`` metric, which tables tell as ``{name}_diff``.
        arrow: healthy direction: ``"↑"`` means that more is better.
        range: lowest and highest possible value, None where there is none.
        untouched: of a ``pair``, its value for two equal images, from which damage is counted; of a difference it is 0.
        constants: what stands beside every value in a table, as columns ``{name}_{constant}``.
        published_name: of a ``pair``, what tables call it where that is not its name: ``{name}_diff``.
    """

    name: str
    kind: Kind
    arrow: Arrow
    range: tuple[float | None, float | None]
    untouched: float | None = None
    constants: tuple[str, ...] = ()
    published_name: str = ""

    def __post_init__(self) -> None:
        if self.kind == "pair" and self.untouched is None:
            raise ValueError(
                f"metric '{self.name}' compares pairs, so it needs `untouched`: its finite value for two equal images"
            )
        if self.kind == "image" and self.untouched is not None:
            raise ValueError(f"metric '{self.name}' scores one image, which has no `untouched` value; its difference has 0")
        if self.untouched is not None and not math.isfinite(self.untouched):
            raise ValueError(f"metric '{self.name}': untouched is {self.untouched}, so damage has no zero; give a bounded metric")
        if self.published_name not in ("", f"{self.name}_diff") or (self.published_name and self.kind != "pair"):
            raise ValueError(
                f"metric '{self.name}': published_name is '{self.published_name}'; allowed: '{self.name}_diff', of a pair"
            )

    @property
    def quantity(self) -> str:
        """What tables of pairs tell of it: ``{name}_diff`` of an ``image`` metric, else its name or its published name."""
        return f"{self.name}_diff" if self.kind == "image" else self.published_name or self.name

    @property
    def damage_sign(self) -> int:
        """+1 where a larger value means more damage (``"↓"``), else -1."""
        return 1 if self.arrow == "↓" else -1

    @property
    def undamaged(self) -> float:
        """The value of an image that equals its off image; NaN for ``image``, where there is none."""
        return math.nan if self.untouched is None else self.untouched

    def damage(self, value: float | NDArray[np.float64]) -> float | NDArray[np.float64]:
        """``value`` in the common orientation: 0 = untouched, larger = more damage. Not for ``image``."""
        if self.kind == "image":
            raise ValueError(
                f"metric '{self.name}' scores one image; damage needs a pair or a difference (try '{self.name}_diff')"
            )
        return self.damage_sign * (value - self.undamaged)


@dataclass(frozen=True, kw_only=True)
class MetricDescription(MetricSpec):
    """What a metric says of itself: the one place where it is described, read without running its file (``lethe.core.description``).

    Attributes:
        label: name on an axis, e.g. ``"SSIM of on and off"``; of an ``image`` metric without the difference, e.g. ``"CLIP score"``.
        unit: unit, or what else stands in brackets after the label; may be empty.
        subject: what pictures must show so that it can tell anything, e.g. ``"people"``; empty: pictures of anything.
        runs_on: ``device``: where the world computes; ``cpu``: on a processor alone, so that a job with a GPU leaves it to another.
        version: what exactly computes it: model, scale, threshold.
        source: paper or package that defines it.
    """

    label: str
    unit: str = ""
    subject: str = ""
    runs_on: Literal["device", "cpu"] = "device"
    version: str
    source: str


@dataclass(frozen=True)
class _Once:
    """What is computed once, whichever thread asks first."""

    _cache: dict[Hashable, Any] = field(default_factory=dict, repr=False, compare=False, kw_only=True)
    _making: RLock = field(default_factory=RLock, repr=False, compare=False, kw_only=True)

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """``make()``, computed at the first call with ``key`` and kept."""
        with self._making:
            if key not in self._cache:
                self._cache[key] = make()
            return self._cache[key]


@dataclass(frozen=True)
class OffImages(_Once):
    """All off images of a task; what is derived from them is kept for every emitter of a job.

    Attributes:
        images: (n, 3, H, W) uint8, RGB.
    """

    images: torch.Tensor


@dataclass(frozen=True)
class ScoringBatch(_Once):
    """Decoded images with what metrics need to score them; everything derived is computed once per batch.

    Attributes:
        images: (n, 3, H, W) uint8, RGB.
        receivers: (n,) index of the entity each image was asked for.
        prompts: n prompts.
        off_images: the off image of each, same shape, for pair metrics.
        off_embeddings: (n, d) float32 embedding of each off image.
        off_set: all off images of the task, where they are at hand.
        off_rows: (n,) place of each off image in ``off_set``.
    """

    images: torch.Tensor
    receivers: NDArray[np.int64]
    prompts: Sequence[str]
    off_images: torch.Tensor | None = None
    off_embeddings: NDArray[np.float32] | None = None
    off_set: OffImages | None = None
    off_rows: NDArray[np.int64] | None = None

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

    def floats(self) -> torch.Tensor:
        """The images as float32 in [0, 255]."""
        return self.once("floats", lambda: self.images.float())

    def pair(self, metric: str) -> tuple[torch.Tensor, torch.Tensor]:
        """On and off images as float32 in [0, 255]; an error naming ``metric`` if the batch has no off images."""
        off = self.off_images
        if off is None:
            raise ValueError(f"metric '{metric}' compares with off images, and this batch has none")
        return self.floats(), self.once("off_floats", lambda: off.float())

    def changed(self, metric: str) -> torch.Tensor:
        """(n,) whether the on image differs from its off image in any pixel; errors as those of ``pair``."""
        off = self.off_images
        if off is None:
            raise ValueError(f"metric '{metric}' compares with off images, and this batch has none")
        return self.once("changed", lambda: (self.images != off).flatten(1).any(1))


@dataclass(frozen=True)
class Classifier:
    """A classifier of images and what it should say.

    Attributes:
        logits: ``(n, 3, H, W) uint8 -> (n, classes)``.
        classes: class names in the order of the logits.
        class_of: name of the class of every receiver, in index order.
        embed: ``(n, 3, H, W) uint8 -> (n, classes) logits, (n, d) features`` where its features of every image are kept; else None.
    """

    logits: Callable[[torch.Tensor], torch.Tensor]
    classes: Sequence[str]
    class_of: Sequence[str]
    embed: Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]] | None = None


@dataclass(frozen=True)
class MetricContext(_Once):
    """What metrics are made from; each takes what it needs and names what is missing. A model that several share is loaded ``once``.

    Attributes:
        clip: open_clip folder, or a model name with ``clip_weights``.
        clip_weights: weights tag of a model name, e.g. ``openai``.
        backbone: timm folder, or a timm model name.
        classifiers: name of a classifier, which is also the metric's -> the classifier and the class of every receiver.
        nudenet_resolution: inference size in pixels, a multiple of 32.
        nudenet_threshold: lowest score of a counted detection.
        lpips_alex: folder with the weights of ``lpips_alex``.
        device: ``cpu`` or ``cuda``.
        threads: of the ONNX session, for each part that is scored at once.
    """

    clip: str = ""
    clip_weights: str = ""
    backbone: str = ""
    classifiers: Mapping[str, Classifier] = field(default_factory=dict)
    nudenet_resolution: int = 320
    nudenet_threshold: float = 0.5
    lpips_alex: str = ""
    device: str = "cpu"
    threads: int = 1


@runtime_checkable
class Metric(Protocol):
    """Scores a batch. A score of an image never depends on the other images of its batch.

    Several threads may score batches at once: a metric that keeps something for later batches guards it.
    """

    @property
    def about(self) -> MetricDescription:
        """What it says of itself; a class attribute, whose values are literals."""
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
        """A value for each of ``about.constants``."""
        ...
