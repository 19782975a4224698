"""Pictures kept as latents: what a job writes in place of a PNG, and how a picture is made of it again.

Kept is what the VAE reads after the last step: latents divided by its scaling factor, in its precision. So nothing is rounded that
drawing does not round, and on the same device the picture has the same bits. Where the VAE computes in half precision that is half of
float32's bytes at no cost; halves of what a float32 VAE reads would change pixels.

On the CPU the last bits of a picture depend on its row and on the number of rows that are decoded at once. Both are kept beside
the latents, and a shard that is read as a whole is decoded in the same rows. A picture that is decoded alone, or on another device,
differs in the last bits (docs/run.md has figures).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load, save
from torch import Tensor

from lethe.diffusion.folder import vae_digest
from lethe.diffusion.pipeline import load_vae
from lethe.diffusion.pixels import finite_rows
from lethe.io.tables import CorruptFileError, readable

if TYPE_CHECKING:
    from diffusers.models import AutoencoderKL

TENSOR = "latent"  # name in a safetensors file
ABOUT = "lethe"  # of its description, one JSON: of several keys the library keeps no order
PRECISIONS = (torch.float32, torch.float16, torch.bfloat16)
MOST_ROWS = 10_000  # the largest batch that can be configured
DECODE_PIXELS = 8 * 512 * 512  # pixels decoded at once: at 512 px the VAE needs over 1 GB per image in float32


@dataclass(frozen=True)
class Latent:
    """One picture before it is decoded.

    Attributes:
        values: (c, h, w) what the VAE reads, on the CPU and in its precision.
        row: where it stands among the rows that are decoded at once.
        rows: how many these are.
    """

    values: Tensor
    row: int
    rows: int


def rows_at_once(batch: int, size: int) -> int:
    """Into how large equal parts a batch is split to be decoded, so that every row is decoded at the same batch shape.

    Args:
        batch: its rows. size: height and width in pixels.

    Examples:
        >>> rows_at_once(25, 512), rows_at_once(40, 32)
        (5, 40)
    """
    limit = max(1, DECODE_PIXELS // size**2)
    return next(n for n in range(min(batch, limit), 0, -1) if batch % n == 0)


def read_by_vae(vae: AutoencoderKL, latents: Tensor) -> Tensor:
    """Latents of the sampler (n, c, h, w) as the VAE reads them: divided by its scaling factor, in its precision and layout."""
    return (latents / vae.config["scaling_factor"]).to(vae.dtype).contiguous(memory_format=torch.channels_last)


def decoded(decode: Callable[..., Sequence[Tensor]], read: Tensor) -> tuple[Tensor, Tensor]:
    """What a VAE makes of some rows (n, c, h, w) at once: pixels uint8 (n, H, W, 3), and (n,) whether all of a row are finite.

    Args:
        decode: the VAE's, or the same compiled.
    """
    pixels = decode(read, return_dict=False)[0].float()
    finite = finite_rows(pixels)  # before pixels are clipped: as uint8, NaN would be black
    return ((pixels / 2 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1), finite


def encode_latent(latent: Latent, base: str, vae: str) -> bytes:
    """A safetensors file of a picture's latents.

    Args:
        base: name of the base that drew it, for messages. vae: ``vae_digest`` of that base.

    Examples:
        >>> data = encode_latent(Latent(torch.zeros(4, 8, 8), row=0, rows=40), base="objects", vae="5c37")
        >>> kept, about = read_latent(data, "003_42.safetensors")
        >>> tuple(kept.values.shape), kept.rows, about["base"]
        ((4, 8, 8), 40, 'objects')
    """
    about = {"base": base, "row": latent.row, "rows": latent.rows, "vae": vae}
    return save({TENSOR: latent.values.contiguous()}, {ABOUT: json.dumps(about, sort_keys=True)})


def read_latent(data: bytes, where: str) -> tuple[Latent, dict[str, Any]]:
    """The inverse of ``encode_latent``: the latents, and ``base`` and ``vae``.

    Args:
        where: names the file in an error.

    Raises:
        CorruptFileError: no such file, or its values are not three axes of finite numbers.
    """
    with readable(where, "latents of a picture"):
        values = load(data)[TENSOR]
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        about = json.loads(header["__metadata__"][ABOUT])
        row, rows = int(about["row"]), int(about["rows"])
        if values.dtype not in PRECISIONS or values.ndim != 3:
            raise ValueError(f"they are {values.dtype} {tuple(values.shape)}; allowed are three axes of {PRECISIONS}")
        if not 0 <= row < rows <= MOST_ROWS:
            raise ValueError(f"row {row} of {rows}; allowed: 0 to {rows - 1}, of at most {MOST_ROWS}")
        if not torch.isfinite(values).all():
            raise ValueError("they hold NaN or infinity")
        return Latent(values, row, rows), {"base": str(about["base"]), "vae": str(about["vae"])}


class LatentDecoder:
    """Makes pictures of latents with the VAE of a base, which is loaded when the first are read.

    Args:
        base: pipeline folder.
        device: where the VAE runs. On the CPU it computes in float32, whatever the latents are in.
    """

    def __init__(self, base: str | Path, device: str = "cpu") -> None:
        self.base, self.device = Path(base), device
        self._vaes: dict[torch.dtype, AutoencoderKL] = {}

    def decode(self, encoded: Iterable[tuple[str, bytes]], alone: bool = False) -> Iterator[NDArray[np.uint8]]:
        """uint8 (H, W, 3) of each picture, in the order given.

        Args:
            encoded: what to call it in an error, and the bytes of ``encode_latent``.
            alone: each by itself, which is faster where few are wanted; else in the rows in which they were drawn.

        Raises:
            CorruptFileError: damaged latents, or such that the VAE makes NaN of them.
            ValueError: latents of another VAE; both are named.
        """
        waiting: list[tuple[str, Latent]] = []
        for where, data in encoded:
            latent, about = read_latent(data, where)
            self._check(where, latent, about)
            if waiting and (alone or not _follows(waiting[-1][1], latent)):
                yield from self._pictures(waiting, alone)
                waiting = []
            waiting.append((where, latent))
        if waiting:
            yield from self._pictures(waiting, alone)

    def _check(self, where: str, latent: Latent, about: dict[str, Any]) -> None:
        if about["vae"] != self._digest:
            raise ValueError(
                f"{where}: latents of the VAE {about['vae'][:12]} of the base '{about['base']}'; the base '{self.base.name}', which is to decode "
                f"them, has the VAE {self._digest[:12]}. Draw the pictures again, or use their base"
            )
        channels = self._vae(latent.values.dtype).config["latent_channels"]
        if latent.values.shape[0] != channels:
            raise CorruptFileError(
                f"{where}: latents {tuple(latent.values.shape)}; the VAE of '{self.base.name}' has {channels} channels"
            )

    @cached_property
    def _digest(self) -> str:
        return vae_digest(self.base)

    def _vae(self, dtype: torch.dtype) -> AutoencoderKL:
        own = torch.float32 if self.device == "cpu" else dtype
        if own not in self._vaes:
            self._vaes[own] = load_vae(self.base, self.device, own)
        return self._vaes[own]

    @torch.inference_mode()
    def _pictures(self, group: Sequence[tuple[str, Latent]], alone: bool) -> list[NDArray[np.uint8]]:
        """Pictures of latents that are decoded at once; rows of which nothing is wanted repeat the first."""
        first = group[0][1]
        places = [0] if alone else [latent.row for _, latent in group]
        vae = self._vae(first.values.dtype)
        rows = [first.values] * (1 if alone else first.rows)
        for place, (_, latent) in zip(places, group, strict=True):
            rows[place] = latent.values
        read = torch.stack(rows).to(vae.device, vae.dtype).contiguous(memory_format=torch.channels_last)
        pixels, finite = decoded(vae.decode, read)
        found = finite.tolist()
        for place, (where, _) in zip(places, group, strict=True):
            if not found[place]:
                raise CorruptFileError(
                    f"{where}: the VAE of '{self.base.name}' makes NaN or infinity of these latents ({vae.dtype})"
                )
        array: NDArray[np.uint8] = pixels.contiguous().cpu().numpy()
        return [array[place] for place in places]


def _follows(before: Latent, latent: Latent) -> bool:
    """Whether both are decoded at once."""
    alike = (before.rows, before.values.shape, before.values.dtype) == (latent.rows, latent.values.shape, latent.values.dtype)
    return alike and latent.row > before.row
