"""Whole-picture JPEG: coefficients that an encoder writes, pixels that a decoder shows, bytes of the file."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from jpegpre_tf.jpeg import color, dct, huffman, resample, scan
from jpegpre_tf.jpeg.tables import quantization_tables

Int = npt.NDArray[np.int32]

HuffmanMode = Literal["optimized", "standard"]
HUFFMAN_MODES = ("optimized", "standard")

# Markers that do not depend on the picture, in bytes: SOI 2, JFIF APP0 18, two DQT of 69, SOF0 19, SOS 14, EOI 2.
# (Pillow writes neither EXIF nor an ICC profile unless asked to.)
FIXED_HEADER_BYTES = 2 + 18 + 2 * 69 + 19 + 14 + 2


@dataclass(frozen=True)
class Coefficients:
    """Quantised DCT coefficients of one RGB picture.

    Attributes:
        planes: Y, Cb, Cr; each int (block rows, block columns, 8, 8), in quantisation steps, natural order.
        tables: (luma, chroma) quantization tables, (8, 8), levels per step.
        height, width: Picture size in pixels.
        subsampling: "4:2:0", "4:2:2" or "4:4:4".
    """

    planes: tuple[Int, Int, Int]
    tables: tuple[npt.NDArray[np.integer], npt.NDArray[np.integer]]
    height: int
    width: int
    subsampling: str


def _blocks(plane: Int) -> Int:
    height, width = plane.shape
    return plane.reshape(height // 8, 8, width // 8, 8).swapaxes(1, 2)


def _quantise(scaled: Int, table: npt.NDArray[np.integer]) -> Int:
    """Divides coefficients scaled by 8 by 8 * table, rounding half away from zero."""
    divisor = 8 * table.astype(np.int32)
    return np.sign(scaled) * ((np.abs(scaled) + divisor // 2) // divisor)


def _check_image(image: npt.NDArray[np.uint8]) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
        raise ValueError(
            "`image` must be uint8 of shape (height, width, 3), not empty. "
            f"Received: shape={image.shape}, dtype={image.dtype}"
        )


def encode_coefficients(
    image: npt.NDArray[np.uint8],
    quality: int | None = None,
    subsampling: str = "4:2:0",
    *,
    tables: tuple[npt.NDArray[np.integer], npt.NDArray[np.integer]] | None = None,
) -> Coefficients:
    """Returns the coefficients that libjpeg-turbo writes for `image`.

    Args:
        image: uint8 (H, W, 3) RGB, H and W >= 1.
        quality: 1..100; or give `tables`.
        subsampling: "4:2:0", "4:2:2" or "4:4:4".
        tables: Explicit (luma, chroma) quantization tables, (8, 8), 1..255.
    """
    _check_image(image)
    if (quality is None) == (tables is None):
        raise ValueError("Give either `quality` or `tables`. Received: " + ("neither" if tables is None else "both"))
    if tables is None:
        tables = quantization_tables(quality)  # type: ignore[arg-type]
    factors = resample.subsampling_factors(subsampling)
    height, width = image.shape[:2]
    ycc = color.rgb_to_ycc(image.astype(np.int32))
    planes = []
    for component in range(3):
        own = (1, 1) if component == 0 else factors
        plane = resample.downsample(ycc[..., component], own)
        plane = resample.pad_edge(plane, -(-plane.shape[0] // 8) * 8, plane.shape[1])
        scaled = dct.forward_dct(_blocks(plane) - 128)
        planes.append(_quantise(scaled, tables[min(component, 1)]))
    return Coefficients((planes[0], planes[1], planes[2]), tables, height, width, subsampling)


def decode(coefficients: Coefficients) -> npt.NDArray[np.uint8]:
    """Returns the uint8 (H, W, 3) RGB that libjpeg-turbo decodes (islow, fancy upsampling)."""
    height, width = coefficients.height, coefficients.width
    factors = resample.subsampling_factors(coefficients.subsampling)
    channels = []
    for component, quantised in enumerate(coefficients.planes):
        table = coefficients.tables[min(component, 1)].astype(np.int32)
        samples = dct.inverse_dct(quantised * table)
        rows, columns = samples.shape[:2]
        plane = samples.swapaxes(1, 2).reshape(rows * 8, columns * 8)
        own = (1, 1) if component == 0 else factors
        plane = plane[: -(-height // own[1]), : -(-width // own[0])]
        channels.append(resample.upsample(plane, own, height, width)[:height, :width])
    return color.ycc_to_rgb(np.stack(channels, axis=-1)).astype(np.uint8)


def file_size(coefficients: Coefficients, huffman_tables: HuffmanMode = "optimized") -> int:
    """Returns `size_bytes` of the baseline file that Pillow writes (optimize=True or False), to the byte."""
    if huffman_tables not in HUFFMAN_MODES:
        raise ValueError(f"`huffman_tables` must be one of {HUFFMAN_MODES}. Received: {huffman_tables!r}")
    factors = resample.subsampling_factors(coefficients.subsampling)
    mcus = -(-coefficients.height // (8 * factors[1])), -(-coefficients.width // (8 * factors[0]))
    blocks, owners = scan.scan_blocks([p.astype(np.int64) for p in coefficients.planes], factors, mcus)
    symbols = scan.symbols_of(blocks, owners)
    if huffman_tables == "standard":
        tables = [
            huffman.STANDARD_DC_LUMA,
            huffman.STANDARD_AC_LUMA,
            huffman.STANDARD_DC_CHROMA,
            huffman.STANDARD_AC_CHROMA,
        ]
    else:
        tables = [huffman.optimal_table(counts) for counts in symbols.counts()]
    return (
        FIXED_HEADER_BYTES + sum(table.segment_bytes for table in tables) + scan.segment_bytes(symbols, tables)
    )


def simulate(
    image: npt.NDArray[np.uint8], quality: int, subsampling: str = "4:2:0"
) -> npt.NDArray[np.uint8]:
    """Returns what `image` looks like after JPEG at `quality`: uint8 (H, W, 3), equal to the real decode."""
    return decode(encode_coefficients(image, quality, subsampling))
