"""BRISQUE (Mittal, Moorthy, Bovik, "No-reference image quality assessment in the spatial domain", 2012), batched.

Features and model are those of the ``brisque`` 0.2.0 wheel: grey image in [0, 1], MSCN with a zero-padded 7x7 Gaussian
(sigma 7/6) and C = 1/255, asymmetric generalized Gaussian fits of MSCN and its four neighbour products, at full and
half size (bicubic, a = -0.75, no antialiasing, as OpenCV), scaled to the ranges below, epsilon-SVR with an RBF kernel.

Where every neighbourhood has texture, scores equal the wheel's to 1e-9. Three differences elsewhere. (1) In a perfectly
flat area MSCN is 0; the wheel's rounding makes it +-1e-17, and because the fits count negative values, its random signs
move the wheel's score (a photo with a black frame: by up to 2.5). We set what is below rounding to 0, the exact result.
(2) The wheel solves for the shape with a general root finder from 0.2; we bisect on [0.02, 100] and clamp a fit beyond.
(3) A side without any value is NaN there and 0 here. Of a constant picture there is nothing to fit: NaN here, whatever its grey.
The wheel has NaN for black alone; of white (88.0) and grey (88.3) it rates the edge against the zeros that pad the picture.
"""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from lethe.diffusion.metrics.base import MetricContext, MetricDescription, ScoringBatch

GREY = (0.2125, 0.7154, 0.0721)  # skimage.color.rgb2gray
KERNEL, SIGMA, C = 7, 7 / 6, 1 / 255
ALPHA_RANGE = (0.02, 100.0)
FLAT = 1e-11  # below any difference between a grey level and its local mean that 8-bit images can have (5e-8)
PIXELS_PER_CHUNK = 1 << 18  # on a CPU: what its caches hold
PIXELS_ON_DEVICE = 1 << 24  # elsewhere: 64 images of 512 px, so that an image costs few operations

# Ranges of the 36 features on LIVE (``normalize.pickle`` of the wheel; kept here because Lethe reads no pickle).
FEATURE_MIN = (
    0.336999, 0.019667, 0.23, -0.125959, 0.000167, 0.000616, 0.231, -0.125873, 0.000165, 0.0006, 0.241, -0.128814,
    0.000179, 0.000386, 0.243, -0.13308, 0.000182, 0.000421, 0.436998, 0.016929, 0.247, -0.200231, 0.000104, 0.000834,
    0.257, -0.200017, 0.000112, 0.000876, 0.257, -0.155072, 0.000112, 0.000356, 0.258, -0.154374, 0.000117, 0.000351,
)  # fmt: skip
FEATURE_MAX = (
    9.999411, 0.807472, 1.644021, 0.202917, 0.712384, 0.468672, 1.644021, 0.169548, 0.713132, 0.467896, 1.553016, 0.101368,
    0.687324, 0.533087, 1.554016, 0.101, 0.689177, 0.533133, 3.639918, 0.800955, 1.096995, 0.175286, 0.755547, 0.39927,
    1.095995, 0.155928, 0.751488, 0.402398, 1.041992, 0.093209, 0.623516, 0.532925, 1.042992, 0.093714, 0.621958, 0.534484,
)  # fmt: skip


def model_file() -> Path:
    """``svm.txt`` inside the installed ``brisque`` wheel; the package itself is not imported."""
    spec = importlib.util.find_spec("brisque")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("metric 'brisque' needs the model file of the `brisque` package; pip install brisque")
    return Path(spec.submodule_search_locations[0]) / "models" / "svm.txt"


class SupportVectorRegression:
    """An epsilon-SVR with an RBF kernel, read from libsvm's text format.

    Attributes:
        coefficients: (m,) float64.
        vectors: (m, 36) float64 support vectors.
        gamma: kernel width.
        rho: offset.
    """

    def __init__(self, path: Path, device: str = "cpu") -> None:
        header: dict[str, str] = {}
        lines = iter(path.read_text().splitlines())
        for line in lines:
            if line.strip() == "SV":
                break
            key, _, value = line.partition(" ")
            header[key] = value.strip()
        for key, needed in (("svm_type", "epsilon_svr"), ("kernel_type", "rbf")):
            if header.get(key) != needed:
                raise ValueError(f"{path}: {key} is '{header.get(key)}', only '{needed}' is supported")
        coefficients, vectors = [], []
        for line in lines:
            fields = line.split()
            vector = [0.0] * len(FEATURE_MIN)  # libsvm leaves out zeros
            for entry in fields[1:]:
                index, _, value = entry.partition(":")
                vector[int(index) - 1] = float(value)
            coefficients.append(float(fields[0]))
            vectors.append(vector)
        if len(vectors) != int(header["total_sv"]):
            raise ValueError(f"{path}: {len(vectors)} support vectors, the header says {header['total_sv']}")
        self.gamma, self.rho = float(header["gamma"]), float(header["rho"])
        self.coefficients = torch.tensor(coefficients, dtype=torch.float64, device=device)
        self.vectors = torch.tensor(vectors, dtype=torch.float64, device=device)

    def predict(self, features: torch.Tensor) -> torch.Tensor:
        """(n, 36) scaled features, float64 -> (n,)."""
        # Coefficients of +-1024 nearly cancel, so distances are taken directly and not from |a|^2 - 2ab + |b|^2.
        distance = torch.cdist(features, self.vectors, compute_mode="donot_use_mm_for_euclid_dist").square_()
        return torch.exp(-self.gamma * distance) @ self.coefficients - self.rho


def _blur(values: torch.Tensor) -> torch.Tensor:
    """The 7x7 Gaussian with zeros outside: (n, H, W) -> (n, H, W)."""
    half = KERNEL // 2
    weights = [math.exp(-(k * k) / (2 * SIGMA**2)) for k in range(half + 1)]
    total = weights[0] + 2 * sum(weights[1:])
    for axis in (-2, -1):
        length = values.shape[axis]
        result = values * (weights[0] / total)
        for k in range(1, min(half, length - 1) + 1):
            weight = weights[k] / total
            result.narrow(axis, k, length - k).add_(values.narrow(axis, 0, length - k), alpha=weight)
            result.narrow(axis, 0, length - k).add_(values.narrow(axis, k, length - k), alpha=weight)
        values = result
    return values


def mscn(grey: torch.Tensor) -> torch.Tensor:
    """Mean-subtracted contrast-normalized coefficients (eq. 1-3): (n, H, W) in [0, 1] -> (n, H, W)."""
    mean = _blur(grey)
    deviation = (mean * mean).sub_(_blur(grey * grey)).abs_().sqrt_()
    centred = grey - mean
    centred.masked_fill_(centred.abs() < FLAT, 0.0)
    return centred.div_(deviation.add_(C))


def half_size(grey: torch.Tensor) -> torch.Tensor:
    """Bicubic (a = -0.75) halving with replicated borders, as ``cv2.resize(fx=0.5, fy=0.5, INTER_CUBIC)``: (n, H,
    W).
    """
    for axis in (-2, -1):
        length = grey.shape[axis]
        new = round(length / 2)  # ties to even, as OpenCV
        result: torch.Tensor | None = None
        for offset, weight in ((-1, -0.09375), (0, 0.59375), (1, 0.59375), (2, -0.09375)):
            index = (2 * torch.arange(new, device=grey.device) + offset).clamp_(0, length - 1)
            part = grey.index_select(axis, index).mul_(weight)
            result = part if result is None else result.add_(part)
        assert result is not None
        grey = result
    return grey


def _moments(x: torch.Tensor) -> torch.Tensor:
    """(n, 4): mean of |x|, of x^2, and mean square of the negative and of the other values (0 for an empty side)."""
    flat = x.flatten(1)
    squares = flat.square()
    negative = flat < 0
    left_sum, total = torch.where(negative, squares, 0.0).sum(1), squares.sum(1)
    left_count, size = negative.sum(1), flat.shape[1]
    left = left_sum / left_count.clamp(min=1)
    right = (total - left_sum).clamp_(min=0) / (size - left_count).clamp(min=1)
    return torch.stack([flat.abs().sum(1) / size, total / size, left, right], dim=1)


def fit_aggd(moments: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Shape, mean, left and right deviation of asymmetric generalized Gaussians (section III-A, eq. 7-14).

    ``moments`` is (..., 4) from ``_moments``. The shape solves Gamma(2/a)^2 / (Gamma(1/a) Gamma(3/a)) = R, which grows
    with a.
    """
    absolute, square, left, right = moments.unbind(-1)
    sigma_l, sigma_r = left.sqrt(), right.sqrt()
    # The factor (g^3+1)(g+1)/(g^2+1)^2 is the same for g and 1/g: use the one that cannot overflow.
    g = torch.minimum(sigma_l, sigma_r) / torch.maximum(sigma_l, sigma_r)
    target = absolute.square() / square * (g**3 + 1) * (g + 1) / (g**2 + 1) ** 2
    low = torch.full_like(target, math.log(ALPHA_RANGE[0]))
    high = torch.full_like(target, math.log(ALPHA_RANGE[1]))
    for _ in range(48):
        middle = (low + high) / 2
        inverse = torch.exp(-middle)
        ratio = torch.exp(2 * torch.lgamma(2 * inverse) - torch.lgamma(inverse) - torch.lgamma(3 * inverse))
        low, high = torch.where(ratio < target, middle, low), torch.where(ratio < target, high, middle)
    alpha = torch.where(target.isnan(), target, torch.exp((low + high) / 2))
    log_gamma1, log_gamma2, log_gamma3 = (torch.lgamma(k / alpha) for k in (1, 2, 3))
    mean = (sigma_r - sigma_l) * torch.exp(0.5 * (log_gamma1 - log_gamma3) + log_gamma2 - log_gamma1)
    return alpha, mean, sigma_l, sigma_r


def features(grey: torch.Tensor) -> torch.Tensor:
    """(n, H, W) grey images in [0, 1], float64 -> (n, 36) features, unscaled, in the order of the wheel.

    NaN for a picture that is constant at full or at half size: its only MSCN values are those of the padding.
    """
    scales, constant = [], torch.zeros(len(grey), dtype=torch.bool, device=grey.device)
    for _ in range(2):
        flat = grey.flatten(1)
        constant |= flat.amax(1) - flat.amin(1) < FLAT
        m = mscn(grey)
        fields = (
            m,
            m[..., :-1] * m[..., 1:],
            m[:, :-1] * m[:, 1:],
            m[:, :-1, :-1] * m[:, 1:, 1:],
            m[:, 1:, :-1] * m[:, :-1, 1:],
        )
        alpha, mean, left, right = fit_aggd(torch.stack([_moments(field) for field in fields], dim=1))
        left, right = left.square(), right.square()
        own = torch.stack([alpha[:, 0], (left[:, 0] + right[:, 0]) / 2], dim=1)
        products = torch.stack([alpha, mean, left, right], dim=-1)[:, 1:].flatten(1)
        scales += [own, products]
        grey = half_size(grey)
    return torch.cat(scales, dim=1).masked_fill_(constant[:, None], math.nan)


class Brisque:
    """No-reference quality, lower is better; equals ``brisque.BRISQUE().score`` of the wheel (see the module)."""

    about = MetricDescription(
        name="brisque",
        kind="image",
        arrow="↓",
        range=(None, None),
        label="BRISQUE",
        unit="points",
        version="LIVE model of the brisque 0.2.0 wheel",
        source="BRISQUE, Mittal 2012",
    )

    def __init__(self, svr: SupportVectorRegression, device: str = "cpu", pixels_per_chunk: int | None = None) -> None:
        self.svr, self.device = svr, device
        self.pixels_per_chunk = pixels_per_chunk or (PIXELS_PER_CHUNK if device == "cpu" else PIXELS_ON_DEVICE)
        self._min = torch.tensor(FEATURE_MIN, dtype=torch.float64, device=device)
        self._span = torch.tensor(FEATURE_MAX, dtype=torch.float64, device=device) - self._min

    @classmethod
    def create(cls, context: MetricContext) -> Brisque:
        """The metric with what it needs from ``context``; a ``ValueError`` names what is missing."""
        return cls(SupportVectorRegression(model_file(), context.device), context.device)

    @torch.inference_mode()
    def score(self, batch: ScoringBatch) -> dict[str, NDArray[np.float64]]:
        """See ``Metric.score``."""
        images = batch.images
        step = max(1, self.pixels_per_chunk // (images.shape[-1] * images.shape[-2]))
        weights = torch.tensor(GREY, dtype=torch.float64, device=self.device) / 255
        scores = []
        for part in images.split(step):
            grey = torch.einsum("nchw,c->nhw", part.to(self.device).double(), weights)
            scaled = -1 + 2 / self._span * (features(grey) - self._min)
            scores.append(self.svr.predict(scaled))
        return {"brisque": torch.cat(scores).cpu().numpy()}
