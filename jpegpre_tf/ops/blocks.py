"""Pictures as blocks of DCT coefficients at 4:2:0, and back, with libjpeg's own arithmetic.

The part of JPEG that all encoders and decoders of the family share: colour, chroma averaging, the integer DCT
on one side; inverse DCT, triangle upsampling and colour on the other. What an encoder decides, its quantised
levels, lies between. Gradients are those of the real-valued transforms (see `jpegpre_tf.ops.transform.dct`).
"""

import tensorflow as tf

from jpegpre_tf.ops import pipeline
from jpegpre_tf.ops.quantization.rounding import to_levels
from jpegpre_tf.ops.transform import color, dct, real_dct, resample

SUBSAMPLING = "4:2:0"
_FACTORS = (2, 2)
ARITHMETICS = ("integer", "real")


def check_arithmetic(arithmetic: str) -> str:
    """Returns `arithmetic`, or raises ValueError naming the choices."""
    if arithmetic not in ARITHMETICS:
        raise ValueError(f"`arithmetic` must be one of {ARITHMETICS}. Received: arithmetic={arithmetic!r}")
    return arithmetic


def coefficients_of(images: tf.Tensor, arithmetic: str = "integer") -> list[tf.Tensor]:
    """Coefficients that an encoder computes before it quantises.

    Args:
        images: float32 (batch, height, width, 3) RGB levels; rounded and clipped to 0..255 first.
        arithmetic: "integer", libjpeg's (and MozJPEG's) rounding at every step, or "real", without any
            (jpegli's).

    Returns:
        Y, Cb, Cr: each float32 (batch, block rows, block columns, 64), levels, natural order. Y has
        ceil(height / 8) rows and ceil(width / 8) columns, chroma half as many, rounded up.
    """
    images = to_levels(images)
    is_real = arithmetic == "real"
    ycc = real_dct.rgb_to_ycc(images) if is_real else color.rgb_to_ycc(images)
    planes = []
    for component in range(3):
        factors = (1, 1) if component == 0 else _FACTORS
        plane = (_average if is_real else resample.downsample)(ycc[..., component], factors)
        height = resample.round_up(resample.size_of(plane, 1), 8)
        plane = resample.pad_edge(plane, height, resample.size_of(plane, 2))
        if is_real:
            # Chroma of real_dct is centered on 0 already.
            centered = plane[..., None] - (128.0 if component == 0 else 0.0)
            planes.append(real_dct.forward(centered))
        else:
            planes.append(_blocks(dct.forward_dct(plane - 128.0)) / 8.0)
    return planes


def _average(plane: tf.Tensor, factors: tuple[int, int]) -> tf.Tensor:
    """`resample.downsample` without its rounding."""
    horizontal, vertical = factors
    height = resample.round_up(resample.size_of(plane, 1), vertical)
    width = resample.round_up(resample.size_of(plane, 2), 8 * horizontal)
    plane = resample.pad_edge(plane, height, width)[..., None]
    return plane[..., 0] if factors == (1, 1) else tf.nn.avg_pool2d(plane, 2, 2, "VALID")[..., 0]


def pictures_of(coefficients: list[tf.Tensor], height: resample.Size, width: resample.Size) -> tf.Tensor:
    """What libjpeg decodes from dequantised coefficients (integers, levels) laid out as `coefficients_of`'s.

    Returns:
        float32 (batch, height, width, 3), integer RGB levels 0..255.
    """
    planes = [plane_layout(blocks) for blocks in coefficients]
    ones = tf.ones([1, 2, 8, 8])
    return pipeline.decode(planes, ones, SUBSAMPLING, height, width)


def _blocks(plane: tf.Tensor) -> tf.Tensor:
    height, width = resample.size_of(plane, 1), resample.size_of(plane, 2)
    blocks = tf.transpose(tf.reshape(plane, [-1, height // 8, 8, width // 8, 8]), [0, 1, 3, 2, 4])
    return tf.reshape(blocks, [-1, height // 8, width // 8, 64])


def plane_layout(blocks: tf.Tensor) -> tf.Tensor:
    """(batch, rows, columns, 64) in the layout of `pipeline` and `entropy.scan`: (batch, rows, 8, columns, 8)."""
    rows, columns = resample.size_of(blocks, 1), resample.size_of(blocks, 2)
    return tf.transpose(tf.reshape(blocks, [-1, rows, columns, 8, 8]), [0, 1, 3, 2, 4])
