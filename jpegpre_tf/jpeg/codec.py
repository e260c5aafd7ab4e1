"""Whole-picture JPEG: coefficients that an encoder writes, pixels that a decoder shows, bytes of the file."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from jpegpre_tf.jpeg.entropy import huffman, scan
from jpegpre_tf.jpeg.tables import quantization_tables
from jpegpre_tf.jpeg.transform import color, dct, resample

Int = npt.NDArray[np.int32]
Int16 = npt.NDArray[np.int16]  # holds samples, coefficients and the sums of chroma upsampling

Tables = tuple[npt.NDArray[np.integer], npt.NDArray[np.integer]]

HuffmanMode = Literal["optimized", "standard"]
HUFFMAN_MODES = ("optimized", "standard")

# Markers that do not depend on the picture, in bytes: SOI 2, JFIF APP0 18, two DQT of 69, SOF0 19, SOS 14,
# EOI 2. (Pillow writes neither EXIF nor an ICC profile unless asked to.)
FIXED_HEADER_BYTES = 2 + 18 + 2 * 69 + 19 + 14 + 2
# One component: one DQT, SOF0 13, SOS 10.
GRAY_HEADER_BYTES = 2 + 18 + 69 + 13 + 10 + 2

# Intermediates are int32 and several: they exist for this many lines at a time only, and for about as many pixels, so
# that a photo of 12 million pixels needs about 0.3 GB and not 2.
_STRIP_LINES, _STRIP_PIXELS = 256, 1 << 19


@dataclass(frozen=True)
class Coefficients:
    """Quantised DCT coefficients of one picture.

    Attributes:
        planes: Y, Cb, Cr, or Y alone of a grey picture; each int16 (block rows, block columns, 8, 8), in
            quantisation steps, natural order.
        tables: (luma, chroma) quantization tables, (8, 8), levels per step.
        height, width: Picture size in pixels.
        subsampling: "4:2:0", "4:2:2" or "4:4:4".
    """

    planes: tuple[Int16, ...]
    tables: Tables
    height: int
    width: int
    subsampling: str


def strip_lines(width: int) -> int:
    """Returns how many lines of a picture are worked on at a time: a multiple of 16."""
    return min(_STRIP_LINES, max(16, _STRIP_PIXELS // width // 16 * 16))


def _forward(plane: Int16, table: npt.NDArray[np.integer]) -> Int16:
    """Quantised coefficients of a plane (multiples of 8): rounds coefficients half away from zero."""
    height, width = plane.shape
    result = np.empty((height // 8, width // 8, 8, 8), np.int16)
    divisor = 8 * table.astype(np.int32)  # the DCT's result is scaled by 8
    lines = strip_lines(width)
    for top in range(0, height, lines):
        strip = plane[top : top + lines].astype(np.int32) - 128
        scaled = dct.forward_dct(strip.reshape(-1, 8, width // 8, 8).swapaxes(1, 2))
        rounded = (np.abs(scaled) + divisor // 2) // divisor
        result[top // 8 : (top + lines) // 8] = np.sign(scaled) * rounded
    return result


def _inverse(quantized: Int16, table: npt.NDArray[np.integer]) -> Int16:
    """Samples 0..255 of a plane of quantised coefficients."""
    rows, columns = quantized.shape[:2]
    result = np.empty((rows * 8, columns * 8), np.int16)
    step = strip_lines(columns * 8) // 8
    for top in range(0, rows, step):
        samples = dct.inverse_dct(quantized[top : top + step].astype(np.int32) * table.astype(np.int32))
        result[top * 8 : (top + step) * 8] = samples.swapaxes(1, 2).reshape(-1, columns * 8)
    return result


def _check_image(image: npt.NDArray[np.uint8]) -> None:
    is_picture = image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)
    if not is_picture or image.dtype != np.uint8 or image.size == 0:
        raise ValueError(
            "`image` must be uint8 of shape (height, width, 3) or (height, width), not empty. "
            f"Received: shape={image.shape}, dtype={image.dtype}"
        )


def _check_tables(tables: Tables) -> None:
    for table in tables:
        fits = table.shape == (8, 8) and np.issubdtype(table.dtype, np.integer)
        if len(tables) != 2 or not fits or table.min() < 1 or table.max() > 255:
            raise ValueError(
                "`tables` must be two integer tables of shape (8, 8), entries 1..255. "
                f"Received: {[(t.shape, t.dtype, t.min(), t.max()) for t in tables]}"
            )


def encode_coefficients(
    image: npt.NDArray[np.uint8],
    quality: int | None = None,
    subsampling: str = "4:2:0",
    *,
    tables: Tables | None = None,
) -> Coefficients:
    """Returns the coefficients that libjpeg-turbo writes for `image`.

    Args:
        image: uint8 (H, W, 3) RGB, or (H, W) grey; H and W >= 1.
        quality: 1..100; or give `tables`.
        subsampling: "4:2:0", "4:2:2" or "4:4:4".
        tables: Explicit (luma, chroma) quantization tables, (8, 8), 1..255.

    Raises:
        ValueError: If an argument has the wrong shape, dtype or range, or both or neither of `quality` and
            `tables` are given.
    """
    _check_image(image)
    if quality is not None and tables is None:
        tables = quantization_tables(quality)
    elif tables is None or quality is not None:
        received = "neither" if tables is None else "both"
        raise ValueError(f"Give either `quality` or `tables`. Received: {received}")
    _check_tables(tables)
    factors = resample.subsampling_factors(subsampling)
    height, width = image.shape[:2]
    if image.ndim == 2:
        plane = resample.downsample(image.astype(np.int16), (1, 1))
        plane = resample.pad_edge(plane, -(-height // 8) * 8, plane.shape[1])
        return Coefficients((_forward(plane, tables[0]),), tables, height, width, subsampling)
    ycc = np.empty((3, height, width), np.int16)
    lines = strip_lines(width)
    for top in range(0, height, lines):
        strip = image[top : top + lines].astype(np.int32)
        ycc[:, top : top + lines] = np.moveaxis(color.rgb_to_ycc(strip), -1, 0)
    planes = []
    for component in range(3):
        plane = resample.downsample(ycc[component], (1, 1) if component == 0 else factors)
        plane = resample.pad_edge(plane, -(-plane.shape[0] // 8) * 8, plane.shape[1])
        planes.append(_forward(plane, tables[min(component, 1)]))
    return Coefficients((planes[0], planes[1], planes[2]), tables, height, width, subsampling)


def decode(coefficients: Coefficients) -> npt.NDArray[np.uint8]:
    """Returns what libjpeg-turbo decodes: uint8 (H, W, 3) RGB, or (H, W) grey."""
    height, width = coefficients.height, coefficients.width
    factors = resample.subsampling_factors(coefficients.subsampling)
    channels = []
    for component, quantized in enumerate(coefficients.planes):
        horizontal, vertical = (1, 1) if component == 0 else factors
        plane = _inverse(quantized, coefficients.tables[min(component, 1)])
        plane = plane[: -(-height // vertical), : -(-width // horizontal)]
        channels.append(resample.upsample(plane, (horizontal, vertical), height, width)[:height, :width])
    if len(channels) == 1:
        return channels[0].astype(np.uint8)
    result = np.empty((height, width, 3), np.uint8)
    lines = strip_lines(width)
    for top in range(0, height, lines):
        strip = np.stack([channel[top : top + lines] for channel in channels], axis=-1)
        result[top : top + lines] = color.ycc_to_rgb(strip.astype(np.int32))
    return result


def file_size(coefficients: Coefficients, huffman_tables: HuffmanMode = "optimized") -> int:
    """Returns `size_bytes` of the baseline file that Pillow writes (optimize=True or False), to the byte."""
    if huffman_tables not in HUFFMAN_MODES:
        raise ValueError(f"`huffman_tables` must be one of {HUFFMAN_MODES}. Received: {huffman_tables!r}")
    is_gray = len(coefficients.planes) == 1
    factors = (1, 1) if is_gray else resample.subsampling_factors(coefficients.subsampling)
    mcus = -(-coefficients.height // (8 * factors[1])), -(-coefficients.width // (8 * factors[0]))
    symbols = scan.list_symbols(*scan.scan_blocks(list(coefficients.planes), factors, mcus))
    if huffman_tables == "standard":
        tables = [
            huffman.STANDARD_DC_LUMA,
            huffman.STANDARD_AC_LUMA,
            huffman.STANDARD_DC_CHROMA,
            huffman.STANDARD_AC_CHROMA,
        ][: 2 if is_gray else 4]
    else:
        tables = [huffman.optimal_table(counts) for counts in symbols.counts()[: 2 if is_gray else 4]]
    header = GRAY_HEADER_BYTES if is_gray else FIXED_HEADER_BYTES
    return header + sum(table.segment_bytes for table in tables) + scan.segment_bytes(symbols, tables)


def simulate(image: npt.NDArray[np.uint8], quality: int, subsampling: str = "4:2:0") -> npt.NDArray[np.uint8]:
    """Returns `image` after JPEG at `quality`, equal to the real decode: uint8, shape of `image`."""
    return decode(encode_coefficients(image, quality, subsampling))
