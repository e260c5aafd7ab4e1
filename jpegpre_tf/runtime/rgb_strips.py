"""Any Pillow picture to RGB levels, a strip of rows at a time, so that it never exists three times over."""

import io
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
from PIL import Image

_STRIP_ROWS = 128
_SIXTEEN_BIT = ("I;16", "I;16B", "I;16L", "I;16N", "I")

GREY_MODES = frozenset(("1", "L", "LA", *_SIXTEEN_BIT))
MODES = GREY_MODES | {"RGB", "RGBA", "RGBX", "P", "PA", "CMYK", "YCbCr", "HSV"}


def rgb_strips(image: Image.Image, icc: bytes = b"") -> Iterator[tuple[int, npt.NDArray[np.uint8]]]:
    """Yields (first row, uint8 `(rows, W, 3)`) from top to bottom.

    Transparency is put on white; 16 bits become 8 by rounding, not by dropping the low byte.

    Args:
        image: A loaded picture of a mode in `MODES`. Pictures of mode "I" must hold 16-bit values.
        icc: Colour profile of a CMYK picture; without a usable one Pillow's plain formula converts it.
    """
    to_rgb = _converter(image, icc)
    width, height = image.size
    for top in range(0, height, _STRIP_ROWS):
        strip = image.crop((0, top, width, min(top + _STRIP_ROWS, height)))
        yield top, np.asarray(to_rgb(strip), np.uint8)


def _converter(
    image: Image.Image, icc: bytes
) -> Callable[[Image.Image], Image.Image | npt.NDArray[np.uint8]]:
    if image.mode in _SIXTEEN_BIT:
        return _from_sixteen_bits
    if image.has_transparency_data:
        return _on_white
    if image.mode == "CMYK" and icc:
        return _from_cmyk_profile(icc)
    return lambda strip: strip.convert("RGB")


def _from_sixteen_bits(strip: Image.Image) -> npt.NDArray[np.uint8]:
    # Pillow's own conversion clips everything above 255.
    levels = (np.asarray(strip).astype(np.uint32) * 255 + 32767) // 65535
    return np.repeat(np.minimum(levels, 255).astype(np.uint8)[..., np.newaxis], 3, axis=2)


def _on_white(strip: Image.Image) -> Image.Image:
    with_alpha = strip.convert("RGBA")
    background = Image.new("RGB", strip.size, "white")
    background.paste(with_alpha, mask=with_alpha.getchannel("A"))
    return background


def _from_cmyk_profile(icc: bytes) -> Callable[[Image.Image], Image.Image]:
    from PIL import ImageCms

    try:
        transform = ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(io.BytesIO(icc)), ImageCms.createProfile("sRGB"), "CMYK", "RGB"
        )
    except (ImageCms.PyCMSError, OSError):
        return lambda strip: strip.convert("RGB")
    return lambda strip: ImageCms.applyTransform(strip, transform) or strip
