"""The JPEG pipeline: picture to quantised coefficients, to the file's size, and back to a picture."""

from collections.abc import Callable

import tensorflow as tf

from jpegpre_tf.jpeg.transform.resample import subsampling_factors
from jpegpre_tf.ops.entropy.entropy import FileSize, Units, coded_size, stuffed_bits
from jpegpre_tf.ops.quantization.quantization import from_blocks, quantize, to_blocks
from jpegpre_tf.ops.quantization.rounding import to_levels
from jpegpre_tf.ops.transform import color, dct, resample


def encode(
    images: tf.Tensor, tables: tf.Tensor, subsampling: str, surrogate: str
) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
    """The coefficients libjpeg-turbo writes.

    Args:
        images: float32 (batch, height, width, 3) RGB levels; rounded and clipped to 0..255 first.
        tables: float32 (batch, 2, 8, 8), see `quantization_tables`.
        subsampling: "4:2:0", "4:2:2" or "4:4:4".
        surrogate: Gradient of the rounding in quantisation, see `jpegpre_tf.ops.quantization.rounding`.

    Returns:
        Y, Cb, Cr quantised, and the same before rounding: each float32 (batch, block rows, 8, block columns,
        8), in steps.
    """
    factors = subsampling_factors(subsampling)
    ycc = color.rgb_to_ycc(to_levels(images))
    steps, real = [], []
    for component in range(3):
        plane = resample.downsample(ycc[..., component], (1, 1) if component == 0 else factors)
        plane = resample.pad_edge(
            plane, resample.round_up(resample.size_of(plane, 1), 8), resample.size_of(plane, 2)
        )
        scaled = to_blocks(dct.forward_dct(plane - 128.0))
        table = tables[:, min(component, 1), None, :, None, :]
        steps.append(quantize(scaled, table, surrogate))
        real.append(scaled / (8.0 * tf.stop_gradient(table)))
    return steps, real


def decode(
    planes: list[tf.Tensor], tables: tf.Tensor, subsampling: str, height: resample.Size, width: resample.Size
) -> tf.Tensor:
    """What libjpeg-turbo decodes: float32 (batch, height, width, 3) RGB levels, from `encode`'s results."""
    factors = subsampling_factors(subsampling)
    channels = []
    for component, steps in enumerate(planes):
        horizontal, vertical = (1, 1) if component == 0 else factors
        plane = dct.inverse_dct(from_blocks(steps * tables[:, min(component, 1), None, :, None, :]))
        plane = plane[:, : (height + vertical - 1) // vertical, : (width + horizontal - 1) // horizontal]
        channels.append(resample.upsample(plane, (horizontal, vertical), height, width)[:, :height, :width])
    return color.ycc_to_rgb(*channels)


def simulate(images: tf.Tensor, tables: tf.Tensor, subsampling: str, surrogate: str) -> tf.Tensor:
    """`decode(encode(images))`: float32 (batch, height, width, 3) RGB levels."""
    planes, _ = encode(images, tables, subsampling, surrogate)
    return decode(planes, tables, subsampling, resample.size_of(images, 1), resample.size_of(images, 2))


def entropy_code(
    images: tf.Tensor, tables: tf.Tensor, huffman: str, subsampling: str, surrogate: str
) -> tuple[FileSize, Units]:
    """Size in bits, but for stuffing, of the file of `encode`'s coefficients; see `entropy.coded_size`."""
    steps, real = encode(images, tables, subsampling, surrogate)
    return coded_size(steps, real, tables, huffman, subsampling, surrogate)


def encoded_size(
    images: tf.Tensor, tables: tf.Tensor, huffman: str, subsampling: str, surrogate: str
) -> FileSize:
    """Size in bits of the file that `encode`'s coefficients make."""
    size, units = entropy_code(images, tables, huffman, subsampling, surrogate)
    return size._replace(stuffing=stuffed_bits(*units))


def encoded_size_compiled() -> Callable[..., FileSize]:
    """`encoded_size` in two XLA programs, a third faster than in one; like `tf.function` one per shape."""
    first = tf.function(entropy_code, jit_compile=True)
    second = tf.function(stuffed_bits, jit_compile=True)

    def size(images: tf.Tensor, tables: tf.Tensor, *options: str) -> FileSize:
        parts, units = first(images, tables, *options)
        return parts._replace(stuffing=second(*(tf.stop_gradient(part) for part in units)))

    return size
