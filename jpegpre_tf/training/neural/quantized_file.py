"""The quantised coefficients of a real 4:2:0 file of any encoder, read with nothing but Pillow."""

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from jpegpre_tf.errors import JpegpreError
from jpegpre_tf.ops.transform.real_dct import BLOCK_DCT

# Component id order Y, Cb, Cr; (horizontal, vertical) sampling factors of 4:2:0.
_SAMPLING_420 = [(2, 2), (1, 1), (1, 1)]

_TELLING = 0.35  # steps from an integer
_FLAT_ERROR = 8  # levels: twice what rounding of equal samples adds to DC


@dataclass(frozen=True)
class QuantizedFile:
    """What an encoder decided.

    Attributes:
        quantized: Y, Cb, Cr: each int16 (block rows, block columns, 64), in steps, natural order.
        known: bool, same shapes. False where decoded samples were clipped to 0..255 or are not all in the picture,
            and where a step is too small beside the rounding of samples: such coefficients are not known.
        tables: uint16 (3, 64), levels per step of Y, Cb, Cr, natural order.
    """

    quantized: tuple[npt.NDArray[np.int16], ...]
    known: tuple[npt.NDArray[np.bool_], ...]
    tables: npt.NDArray[np.uint16]


def read_tables(data: bytes) -> npt.NDArray[np.uint16]:
    """Quantization tables of Y, Cb and Cr: uint16 (3, 64), natural order.

    Raises:
        JpegpreError: If `data` is not a JPEG file in YCbCr 4:2:0.
    """
    with _open(data) as file:
        return _tables_of(file)


def read_quantized(data: bytes) -> QuantizedFile:
    """Reads the coefficients back from decoded samples.

    Their DCT divided by the table is an integer but for rounding error: 0.29 levels, root mean square, where that is
    as good as random. Flat blocks all round the same way, which adds up to 4 levels of DC. Coefficients that remain are
    right but for some in 10,000, wrong by one, where steps are below 4 levels. Chroma comes without upsampling from
    libjpeg's half-size decode, which runs chroma's inverse DCT at full size.

    Raises:
        JpegpreError: If `data` is not a JPEG file in YCbCr 4:2:0.
    """
    with _open(data) as file:
        tables = _tables_of(file)
        file.draft("YCbCr", None)
        luma = np.asarray(file)[..., 0]
    height, width = luma.shape
    with _open(data) as file:
        # Pillow picks the largest scale whose result is not below the size asked for.
        file.draft("YCbCr", (max(1, width // 2), max(1, height // 2)))
        chroma = np.asarray(file)
    if chroma.shape[:2] != (-(-height // 2), -(-width // 2)):
        raise JpegpreError(f"cannot read chroma of a {width}x{height} file at half size")
    planes = (luma, chroma[..., 1], chroma[..., 2])
    read = [_quantized_plane(plane, table) for plane, table in zip(planes, tables, strict=True)]
    return QuantizedFile(tuple(quantized for quantized, _ in read), tuple(known for _, known in read), tables)


def _open(data: bytes) -> Image.Image:
    try:
        file = Image.open(io.BytesIO(data))
    except (OSError, ValueError) as error:
        raise JpegpreError("the encoder's output is not a JPEG file") from error
    sampling = [layer[1:3] for layer in getattr(file, "layer", [])]
    if file.format != "JPEG" or file.mode != "RGB" or sampling != _SAMPLING_420:
        raise JpegpreError(
            "expected the encoder to write colour JPEG at 4:2:0, found "
            f"{file.format} {file.mode} with sampling factors {sampling}"
        )
    return file


def _tables_of(file: Image.Image) -> npt.NDArray[np.uint16]:
    tables = file.quantization
    return np.array([tables[layer[3]] for layer in file.layer], np.uint16)


def _quantized_plane(
    plane: npt.NDArray[np.uint8], table: npt.NDArray[np.uint16]
) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.bool_]]:
    height, width = plane.shape
    rows, columns = -(-height // 8), -(-width // 8)
    padded = np.pad(plane, [(0, rows * 8 - height), (0, columns * 8 - width)], mode="edge")
    blocks = padded.reshape(rows, 8, columns, 8).transpose(0, 2, 1, 3).reshape(rows, columns, 64)
    steps = (blocks.astype(np.float32) - 128.0) @ BLOCK_DCT.T / table
    inside = (blocks.min(axis=2) > 0) & (blocks.max(axis=2) < 255)
    inside[height // 8 :] = False
    inside[:, width // 8 :] = False
    quantized = np.rint(steps)
    known = inside[..., None] & (table > 1) & (np.abs(steps - quantized) < _TELLING)
    known[..., 0] &= (table[0] > _FLAT_ERROR) | quantized[..., 1:].any(axis=2)
    return quantized.astype(np.int16), known
