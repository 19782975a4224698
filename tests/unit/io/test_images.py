"""Pictures from outside: what their owners see is what is read, and what cannot be read is named."""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from lethe.io import images
from lethe.io.images import FORMATS, MAX_PIXELS, SUFFIXES, decode_image, note_lines
from lethe.io.tables import CorruptFileError

RAMP = np.linspace(0, 1, 64)[None].repeat(4, 0)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def noise(height: int = 8, width: int = 12) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


def test_every_format_is_read_whatever_its_name(tmp_path: Path) -> None:
    assert {".tif", ".tiff", ".jfif", ".jpe", ".avif", ".webp", ".bmp", ".gif", ".png", ".jpg", ".jpeg"} <= set(SUFFIXES)
    for kind in FORMATS:
        (tmp_path / "a.jpg").write_bytes(encoded(noise(), kind))
        picture = decode_image(tmp_path / "a.jpg", "a.jpg")
        assert picture.pixels.shape == (8, 12, 3) and picture.pixels.dtype == np.uint8 and picture.notes == ()
        if kind in ("BMP", "PNG", "TIFF"):
            assert np.array_equal(picture.pixels, np.asarray(noise()))


@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_upright(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[images.ORIENTATION] = orientation
    data = encoded(noise(), kind, exif=exif, **({"lossless": True} if kind == "WEBP" else {}))
    stored = encoded(noise(), kind, **({"lossless": True} if kind == "WEBP" else {}))
    upright = ImageOps.exif_transpose(_with_orientation(Image.open(io.BytesIO(stored)), orientation))
    picture = decode_image(data, "a")
    assert np.array_equal(picture.pixels, np.asarray(upright))
    assert picture.notes == ((images.TURNED,) if orientation != 1 else ())


def _with_orientation(image: Image.Image, orientation: int) -> Image.Image:
    image.getexif()[images.ORIENTATION] = orientation
    return image


@pytest.mark.parametrize(
    ("values", "kind", "options"),
    [
        ((RAMP * 65535).astype(np.uint16), "PNG", {}),
        ((RAMP * 65535).astype(np.uint16), "TIFF", {}),
        ((RAMP * 65535).astype(">u2"), "TIFF", {}),
        ((RAMP * 65535).astype(np.int32), "TIFF", {}),
        ((RAMP * 2e9 - 1e9).astype(np.int32), "TIFF", {}),
        ((RAMP * 255).astype(np.int32), "TIFF", {}),
        (RAMP.astype(np.float32), "TIFF", {}),
        ((RAMP * 255).astype(np.float32), "TIFF", {}),
        ((RAMP * 9 - 3).astype(np.float32), "TIFF", {}),
    ],
)
def test_a_ramp_of_more_bits_stays_a_ramp(values: np.ndarray, kind: str, options: dict[str, object]) -> None:
    pixels = decode_image(encoded(Image.fromarray(values), kind, **options), "a").pixels
    assert (pixels == pixels[..., :1]).all()
    assert np.abs(pixels[..., 0].astype(float) - RAMP * 255).max() <= 1
    assert len(np.unique(pixels)) == 64 and (pixels.min(), pixels.max()) == (0, 255)


def test_a_dark_picture_of_16_bits_stays_dark_and_12_bits_have_their_own_range() -> None:
    dark = decode_image(encoded(Image.fromarray((RAMP * 6425).astype(np.uint16)), "PNG"), "a").pixels
    assert dark.max() == 25
    # 12 bits a sample, two samples in three bytes, in a TIFF written by hand: Pillow writes none
    samples = np.round(RAMP * 4095).astype(int).reshape(-1, 2)
    packed = np.stack([samples[:, 0] >> 4, (samples[:, 0] & 15) << 4 | samples[:, 1] >> 8, samples[:, 1] & 255], 1)
    pixels = decode_image(tiff(packed.astype(np.uint8).tobytes(), 64, 4, bits=12), "a").pixels
    assert np.abs(pixels[..., 0] - RAMP * 255).max() <= 1
    inverted = decode_image(tiff((RAMP * 65535).astype("<u2").tobytes(), 64, 4, bits=16, photometric=0), "a").pixels
    assert np.abs(inverted[..., 0] - (1 - RAMP) * 255).max() <= 1


@pytest.mark.parametrize(("colour", "channels"), [(2, 3), (4, 2), (6, 4)])
def test_colours_of_16_bits_stay_a_ramp(colour: int, channels: int) -> None:
    samples = np.repeat((RAMP * 65535).astype(">u2")[..., None], channels, axis=2)
    if channels in (2, 4):
        samples[..., -1] = 65535  # opaque
    header = (64).to_bytes(4, "big") + (4).to_bytes(4, "big") + bytes([16, colour, 0, 0, 0])
    rows = b"".join(b"\0" + row.tobytes() for row in samples)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    assert np.abs(decode_image(png, "a").pixels - RAMP[..., None] * 255).max() <= 1


def chunk(kind: bytes, data: bytes) -> bytes:
    """A part of a PNG."""
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


def tiff(data: bytes, width: int, height: int, bits: int, photometric: int = 1) -> bytes:
    """A grey TIFF of one strip."""
    fields = {256: width, 257: height, 258: bits, 259: 1, 262: photometric, 273: 8, 277: 1, 278: height, 279: len(data)}
    entries = b"".join(tag.to_bytes(2, "little") + b"\4\0\1\0\0\0" + value.to_bytes(4, "little") for tag, value in fields.items())
    start = (8 + len(data)).to_bytes(4, "little")
    return b"II*\0" + start + data + len(fields).to_bytes(2, "little") + entries + bytes(4)


def test_values_without_a_range_are_refused() -> None:
    for values, message in ((np.full((2, 2), np.nan), "not finite"), (np.full((2, 2), 1e6), "every pixel is 1e\\+06")):
        with pytest.raises(CorruptFileError, match=f"a.tif: not a readable image \\(.*{message}"):
            decode_image(encoded(Image.fromarray(values.astype(np.float32)), "TIFF"), "a.tif")


def transparent() -> dict[str, Image.Image]:
    """A blue square on transparent ground in every mode; the colour under the ground is red."""
    ground, square = np.full((8, 8, 4), [255, 0, 0, 0], np.uint8), np.s_[2:6, 2:6]
    ground[square] = [0, 0, 255, 255]
    grey = np.zeros((8, 8, 2), np.uint8)
    grey[square] = [29, 255]
    palette = Image.fromarray((ground[..., 3] > 0).astype(np.uint8))
    palette.putpalette([255, 0, 0, 0, 0, 255])
    return {"RGBA": Image.fromarray(ground), "LA": Image.fromarray(grey), "P": palette, "RGB": Image.fromarray(ground[..., :3])}


@pytest.mark.parametrize(
    ("mode", "kind", "options"),
    [
        ("RGBA", "PNG", {}),
        ("RGBA", "WEBP", {"lossless": True, "exact": True}),
        ("RGBA", "TIFF", {}),
        ("LA", "PNG", {}),
        ("LA", "TIFF", {}),
        ("P", "PNG", {"transparency": 0}),
        ("P", "PNG", {"transparency": b"\0\xff"}),
        ("P", "GIF", {"transparency": 0}),
        ("RGB", "PNG", {"transparency": (255, 0, 0)}),
    ],
)
def test_what_is_transparent_shows_the_background(mode: str, kind: str, options: dict[str, object]) -> None:
    picture = decode_image(encoded(transparent()[mode], kind, **options), "a")
    expected = np.full((8, 8, 3), 255, np.uint8)
    expected[2:6, 2:6] = 29 if mode == "LA" else [0, 0, 255]
    assert np.array_equal(picture.pixels, expected) and picture.notes == (images.ON_BACKGROUND,)


def test_a_drawing_in_the_alpha_channel_is_seen_and_one_in_white_is_said() -> None:
    alpha = Image.fromarray((RAMP * 255).astype(np.uint8))
    drawing = Image.merge("LA", (Image.new("L", alpha.size, 0), alpha))
    assert np.array_equal(decode_image(encoded(drawing, "PNG"), "a").pixels[..., 0], 255 - np.asarray(alpha))
    white = Image.merge("LA", (Image.new("L", alpha.size, 255), alpha))
    assert images.ONE_COLOUR in decode_image(encoded(white, "PNG"), "a").notes
    grey16 = Image.fromarray(np.array([[0, 40000], [20000, 65535]], np.uint16))
    pixels = decode_image(encoded(grey16, "PNG", transparency=0), "a").pixels
    assert pixels[..., 0].tolist() == [[255, 156], [78, 255]]


def test_an_opaque_picture_with_alpha_keeps_its_pixels() -> None:
    image = noise()
    assert np.array_equal(decode_image(encoded(image.convert("RGBA"), "PNG"), "a").pixels, np.asarray(image))


def test_other_colours_become_rgb() -> None:
    red = Image.new("RGB", (8, 8), (254, 0, 0))
    for image, kind in ((red.convert("CMYK"), "JPEG"), (red.convert("CMYK"), "TIFF"), (red.convert("YCbCr"), "TIFF")):
        assert np.abs(decode_image(encoded(image, kind), "a").pixels.astype(int) - [254, 0, 0]).max() <= 4
    bits = Image.fromarray(RAMP > 0.5)
    assert np.array_equal(decode_image(encoded(bits, "PNG"), "a").pixels[..., 1] > 0, RAMP > 0.5)


def test_a_colour_profile_is_applied_unless_it_is_srgb_or_unusable() -> None:
    red, srgb = Image.new("RGB", (8, 8), (255, 0, 0)), ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain = decode_image(encoded(red, "PNG"), "a").pixels
    assert np.array_equal(decode_image(encoded(red, "PNG", icc_profile=srgb), "a").pixels, plain)
    swapped = srgb.replace(b"rXYZ", b"tXYZ").replace(b"bXYZ", b"rXYZ").replace(b"tXYZ", b"bXYZ")
    swapped = swapped.replace(b"s\0R\0G\0B", b"t\0R\0G\0B").replace(b"sRGB", b"tRGB")
    picture = decode_image(encoded(red, "PNG", icc_profile=swapped), "a")
    assert images.CONVERTED in picture.notes and picture.pixels[0, 0, 2] > 200 and picture.pixels[0, 0, 0] < 50
    clear = red.convert("RGBA")
    clear.putalpha(0)
    assert (decode_image(encoded(clear, "PNG", icc_profile=swapped), "a").pixels == 255).all()
    broken = decode_image(encoded(red, "PNG", icc_profile=b"no profile" * 20), "a")
    assert images.UNUSED_PROFILE in broken.notes and np.array_equal(broken.pixels, plain)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "TIFF", "WEBP"])
def test_of_several_pictures_the_first_is_read_and_that_is_said(kind: str) -> None:
    first, second = Image.new("RGB", (8, 8), "black"), Image.new("RGB", (8, 8), "white")
    second.putpixel((0, 0), (255, 0, 0))  # equal frames would be one
    picture = decode_image(encoded(first, kind, save_all=True, append_images=[second]), "a")
    assert images.FIRST in picture.notes and picture.pixels.max() < 8


def test_decompression_bombs_are_refused_by_name() -> None:
    for width, height in ((20_000, 10_000), (10_000, 10_000), (MAX_PIXELS + 1, 1)):
        header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\1\0\0\0\0"
        bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b"")
        with pytest.raises(CorruptFileError, match=r"bomb\.png: more than 89,478,485 pixels; make it smaller"):
            decode_image(bomb, "bomb.png")
    text = encoded(noise(), "PNG")
    text = text[:33] + chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(10**8))) + text[33:]
    with pytest.raises(CorruptFileError, match=r"text\.png: not a readable image"):
        decode_image(text, "text.png")


def test_what_is_no_picture_is_refused_by_name(tmp_path: Path) -> None:
    faults = {
        "cut.png": encoded(noise(), "PNG")[:-40],
        "cut.jpg": encoded(noise(99, 99), "JPEG")[:-400],
        "phone.jpg": b"\0\0\0\x24ftypheic" + bytes(99),
        "page.jpg": b"<!doctype html>",
        "program.jpg": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EOF\n",
        "other.jpg": encoded(noise(), "PPM"),  # Pillow would read it
        "empty.jpg": b"",
    }
    for name, data in faults.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(CorruptFileError, match=rf"{name}: not a readable image \(.*; expected one of .apng, .avif"):
            decode_image(tmp_path / name, tmp_path / name)
    with pytest.raises(CorruptFileError, match="ftypheic"):
        decode_image(tmp_path / "phone.jpg", "phone.jpg")
    (tmp_path / "lfs.jpg").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 70\n")
    with pytest.raises(CorruptFileError, match=r"lfs.jpg: a Git LFS pointer, not the file of 70 bytes.*`git lfs pull`"):
        decode_image(tmp_path / "lfs.jpg", tmp_path / "lfs.jpg")
    with pytest.raises(FileNotFoundError, match=r"none\.jpg"):
        decode_image(tmp_path / "none.jpg", tmp_path / "none.jpg")


def test_notes_are_counted_and_name_the_first_pictures() -> None:
    lines = note_lines([(f"{number}.png", "turned") for number in range(7)] + [("a.gif", "first")])
    assert lines == ["turned: 7 (0.png, 1.png, 2.png, 3.png, 4.png, ...)", "first: 1 (a.gif)"]
