"""Pictures that come from outside, read as their owners see them: upright, 8-bit sRGB, on a white ground."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from lethe.io.tables import CorruptFileError, readable
from lethe.io.wording import some_of

# What Pillow may open. Others are left out: some start programs (EPS), and of some it reads a part.
FORMATS = {
    "AVIF": (".avif",),
    "BMP": (".bmp", ".dib"),
    "GIF": (".gif",),
    "JPEG": (".jfif", ".jpe", ".jpeg", ".jpg"),
    "PNG": (".apng", ".png"),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
}
SUFFIXES = sorted(suffix for suffixes in FORMATS.values() for suffix in suffixes)

BACKGROUND = "white"
MAX_PIXELS = Image.MAX_IMAGE_PIXELS or 0  # Pillow's: 256 MB of RGB

ORIENTATION, BITS, PHOTOMETRIC = 0x0112, 258, 262  # tags of EXIF and TIFF
WHITE_IS_ZERO = 0

TURNED = "turned upright, as their EXIF data say"
FIRST = "of files with several, of which the first is used"
ON_BACKGROUND = f"with transparent parts laid on {BACKGROUND}"
SCALED = "of more than 8 bits a pixel, scaled to 0..255"
STRETCHED = "of 32-bit values beyond 0..255, which have no agreed range, stretched from the smallest to the largest"
CONVERTED = "with colours converted to sRGB by their profile"
UNUSED_PROFILE = "with a colour profile that cannot be used; colours as stored"
ONE_COLOUR = f"of a single colour, as a drawing in white is on {BACKGROUND}"


@dataclass(frozen=True)
class Picture:
    """A decoded picture.

    Attributes:
        pixels: ``(H, W, 3)`` uint8, RGB.
        notes: what was done to it beyond decoding, for the log.
    """

    pixels: NDArray[np.uint8]
    notes: tuple[str, ...] = ()


def decode_image(data: bytes | Path, where: str | Path) -> Picture:
    """A picture from encoded bytes or a file.

    - Turned by its EXIF orientation; of an animation or several pages the first.
    - Grey of 16 bits (or 12, TIFF) is scaled from its full range. Of 32 bits, integer or float: 0..255 as it is, float 0..1
      scaled, all else stretched from its smallest to its largest value.
    - Transparent parts, also a colour that a palette or PNG declares transparent, are laid on ``BACKGROUND``.
    - CMYK, YCbCr, grey, palettes and single bits become RGB; an embedded colour profile is applied, unless it is sRGB.

    Args:
        where: names the picture in an error, e.g. its file and row.

    Raises:
        FileNotFoundError: of a file that is not there.
        CorruptFileError: not one of ``FORMATS``, damaged or cut short, more than ``MAX_PIXELS`` pixels, or 32-bit values that are
            not finite or all the same.

    Examples:
        >>> import io
        >>> file = io.BytesIO()
        >>> Image.linear_gradient("L").save(file, "PNG")
        >>> picture = decode_image(file.getvalue(), "gradient.png")
        >>> picture.pixels.shape, picture.notes
        ((256, 256, 3), ())
    """
    notes: list[str] = []
    expected = f"; expected one of {', '.join(SUFFIXES)}"
    with readable(where, "a readable image", expected), warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        encoded = data if isinstance(data, bytes) else data.read_bytes()
        try:
            with Image.open(io.BytesIO(encoded), formats=list(FORMATS)) as image:
                pixels = np.asarray(_rgb(image, notes))
        except UnidentifiedImageError:
            raise ValueError(f"it begins with {encoded[:16]!r}") from None
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise CorruptFileError(f"{where}: more than {MAX_PIXELS:,} pixels; make it smaller") from None
    notes += [" ".join(str(warning.message).split()) for warning in said]
    if (pixels == pixels[0, 0]).all():
        notes.append(ONE_COLOUR)
    return Picture(pixels, tuple(dict.fromkeys(notes)))


def note_lines(notes: Iterable[tuple[str, str]]) -> list[str]:
    """Lines for the log: every note with the number of its pictures and the first of them.

    Args:
        notes: (name of the picture, note).

    Examples:
        >>> note_lines([("a.png", "laid on white"), ("b.png", "laid on white")])
        ['laid on white: 2 (a.png, b.png)']
    """
    files: dict[str, list[str]] = {}
    for file, note in notes:
        files.setdefault(note, []).append(file)
    return [f"{note}: {some_of(found)}" for note, found in files.items()]


def _rgb(image: Image.Image, notes: list[str]) -> Image.Image:
    if getattr(image, "n_frames", 1) > 1:
        notes.append(FIRST)
    if image.getexif().get(ORIENTATION, 1) != 1:
        notes.append(TURNED)
    tags = getattr(image, "tag_v2", {})  # of a TIFF
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I") or upright.mode == "F":
        upright = _eight_bits(upright, tags.get(BITS, (16,))[0], tags.get(PHOTOMETRIC) == WHITE_IS_ZERO, notes)
    if upright.has_transparency_data:
        upright = upright.convert("RGBA")
    elif upright.mode not in ("RGB", "CMYK", "L"):
        upright = upright.convert("RGB")
    upright = _in_srgb(upright, notes)
    if upright.mode == "RGBA":
        if upright.getchannel("A").getextrema() != (255, 255):
            notes.append(ON_BACKGROUND)
        upright = Image.alpha_composite(Image.new("RGBA", upright.size, BACKGROUND), upright)
    return upright.convert("RGB")


def _eight_bits(image: Image.Image, bits: int, white_is_zero: bool, notes: list[str]) -> Image.Image:
    """A grey picture of 16 or 32 bits in mode L, or LA where one of its values means transparent."""
    values = np.asarray(image)
    if image.mode.startswith("I;16"):
        grey = np.round(np.linspace(0, 255, 2**bits))[values]
        notes.append(SCALED)
    else:
        low, high = float(values.min()), float(values.max())
        if not np.isfinite([low, high]).all():  # the least of values with a NaN is NaN
            raise ValueError("it holds values that are not finite numbers")
        if image.mode == "F" and low >= 0 and high <= 1:
            grey = np.round(values * 255.0)
            notes.append(SCALED)
        elif low >= 0 and high <= 255:
            grey = np.round(values)
        elif low < high:
            grey = np.round((values.astype(np.float64) - low) * (255 / (high - low)))
            notes.append(STRETCHED)
        else:
            raise ValueError(f"every pixel is {low:g}, and 32-bit values beyond 0..255 have no agreed range")
    if white_is_zero:
        grey = 255 - grey
    result = Image.fromarray(grey.astype(np.uint8))
    if "transparency" in image.info:
        result.putalpha(Image.fromarray(np.where(values == image.info["transparency"], 0, 255).astype(np.uint8)))
    result.info["icc_profile"] = image.info.get("icc_profile")
    return result


def _in_srgb(image: Image.Image, notes: list[str]) -> Image.Image:
    """An image of mode L, RGB, RGBA or CMYK in sRGB, by the profile that is embedded; without one as it is."""
    if not (profile := image.info.get("icc_profile")):
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return image
        mode = "RGBA" if image.mode == "RGBA" else "RGB"
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (ImageCms.PyCMSError, OSError):  # no profile, or one for another kind of image: so common that viewers pass over it
        notes.append(UNUSED_PROFILE)
        return image
    assert converted is not None  # it is None where the conversion is in place only
    notes.append(CONVERTED)
    return converted
