"""Any Pillow picture to RGB levels, a strip of rows at a time, so that it never exists three times over."""

import io
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageColor

from jpegpre_tf.runtime.pictures.pixels.color_description import ColorDescription
from jpegpre_tf.runtime.pictures.pixels.raster import Converter, Raster

_STRIP_ROWS = 128
_SIXTEEN_BIT = ("I;16", "I;16B", "I;16L", "I;16N", "I")
# PNG's gAMA of sRGB pictures; viewers take everything this near to it for sRGB.
_SRGB_GAMMA = 0.45455
_SAME_GAMMA = 0.02

GRAY_MODES = frozenset(("1", "L", "LA", *_SIXTEEN_BIT))
MODES = GRAY_MODES | {"RGB", "RGBA", "RGBX", "P", "PA", "CMYK", "YCbCr", "HSV"}


def rgb_strips(image: Image.Image) -> Iterator[tuple[int, npt.NDArray[np.uint8]]]:
    """Yields (first row, uint8 `(rows, W, 3)`) of a loaded picture from top to bottom."""
    raster = Raster(image, rgb_converter(image)[0])
    for top in range(0, raster.height, _STRIP_ROWS):
        yield top, raster.rows(top, min(top + _STRIP_ROWS, raster.height))


def rgb_converter(
    image: Image.Image,
    icc: bytes = b"",
    *,
    background: str = "white",
    to_srgb: bool = False,
    transparent: tuple[int, ...] | None = None,
    hdr: ColorDescription | None = None,
) -> tuple[Converter, bool]:
    """Returns what turns a strip of a loaded picture into RGB levels, and whether it goes by the profile.

    16 bits become 8 by rounding, not by dropping the low byte.

    Args:
        image: A loaded picture of a mode in `MODES`. Pictures of mode "I" must hold 16-bit values.
        icc: Colour profile of the picture. A CMYK picture is converted through it, or where it cannot be
            used by Pillow's plain formula; others only if `to_srgb`.
        background: Colour that transparency is put on, as `ImageColor.getrgb` reads it.
        to_srgb: Convert the pixels to sRGB if the profile allows.
        transparent: Samples of pixels that are transparent, as the picture has them.
        hdr: Colour space of a picture in HDR, which is converted to sRGB.
    """
    to_rgb = _plain_converter(image, background)
    if transparent is not None:
        to_rgb = _with_key(to_rgb, transparent, background)
    if hdr is not None:
        to_sdr, levels_of = hdr.to_sdr(), to_rgb
        return lambda strip: to_sdr(np.asarray(levels_of(strip), np.uint8)), False
    before: Converter = (lambda strip: strip) if image.mode == "CMYK" else to_rgb
    if icc and (to_srgb or image.mode == "CMYK"):
        through = _through_profile(icc, before, is_cmyk=image.mode == "CMYK")
        if through is not None:
            return through, True
    if has_own_gamma(image) and not icc:
        return _through_gamma(float(image.info["gamma"]), to_rgb), False
    return to_rgb, False


def profile_fits(image: Image.Image, icc: bytes) -> bool:
    """Whether a colour profile is for pictures like this one: a grey one may have a profile for RGB too."""
    space = icc[16:20]
    if image.mode == "CMYK":
        return space == b"CMYK"
    return space == b"RGB " or (space == b"GRAY" and image.mode in GRAY_MODES)


def is_key(strip: Image.Image, key: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Returns which pixels have these samples, `(H, W)`."""
    samples = np.asarray(strip.convert("L") if strip.mode == "1" else strip)
    same = samples == np.array(key, np.int64)
    return np.asarray(same.all(axis=-1) if same.ndim == 3 else same)


def _with_key(before: Converter, key: tuple[int, ...], background: str) -> Converter:
    color = np.array(ImageColor.getrgb(background)[:3], np.uint8)

    def convert(strip: Image.Image) -> npt.NDArray[np.uint8]:
        levels = np.array(before(strip), np.uint8)
        levels[is_key(strip, key)] = color
        return levels

    return convert


def has_own_gamma(image: Image.Image) -> bool:
    """Whether a PNG states a gamma other than sRGB's, and nothing better (a profile, sRGB) beside it."""
    gamma = image.info.get("gamma")
    if not isinstance(gamma, float) or not 0.05 < gamma < 20:
        return False
    better = "icc_profile" in image.info or "srgb" in image.info
    return not better and abs(gamma - _SRGB_GAMMA) > _SAME_GAMMA


def _plain_converter(image: Image.Image, background: str) -> Converter:
    if image.mode in _SIXTEEN_BIT:
        return _from_sixteen_bits
    if image.has_transparency_data:
        return lambda strip: _on_background(strip, background)
    if image.mode == "RGB":  # converted it would be copied once more
        return lambda strip: strip
    return lambda strip: strip.convert("RGB")


def _from_sixteen_bits(strip: Image.Image) -> npt.NDArray[np.uint8]:
    # Pillow's own conversion clips everything above 255.
    levels = (np.asarray(strip).astype(np.uint32) * 255 + 32767) // 65535
    return np.repeat(np.minimum(levels, 255).astype(np.uint8)[..., np.newaxis], 3, axis=2)


def _on_background(strip: Image.Image, color: str) -> Image.Image:
    with_alpha = strip.convert("RGBA")
    background = Image.new("RGB", strip.size, color)
    background.paste(with_alpha, mask=with_alpha.getchannel("A"))
    return background


def _through_profile(icc: bytes, before: Converter, *, is_cmyk: bool) -> Converter | None:
    """Returns the conversion through a profile to sRGB; None if the profile cannot be used."""
    from PIL import ImageCms

    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        mode = "CMYK" if is_cmyk else "L" if profile.profile.xcolor_space.strip() == "GRAY" else "RGB"
        transform = ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (ImageCms.PyCMSError, OSError):
        return None

    def convert(strip: Image.Image) -> Image.Image:
        rgb = before(strip)
        picture = rgb if isinstance(rgb, Image.Image) else Image.fromarray(rgb)
        return ImageCms.applyTransform(picture.convert(mode), transform) or picture

    return convert


def _through_gamma(gamma: float, before: Converter) -> Converter:
    """Returns the conversion from sample = light ** gamma to sRGB."""
    light = (np.arange(256) / 255) ** (1 / gamma)
    srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    levels = np.rint(255 * srgb).astype(np.uint8)
    return lambda strip: levels[np.asarray(before(strip), np.uint8)]
