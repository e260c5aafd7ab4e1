"""SSIMULACRA2 (Sneyers 2022; libjxl) with a gradient: a multi-scale perceptual measure in XYB.

On each scale, halved in linear light, and each colour plane: SSIM's error and two edge errors (edges that appeared,
edges that were lost), averaged with the 1-norm or the 4-norm. The score is a polynomial of their weighted sum, with
libjxl's constants. tests/ops compares with the ssimulacra2 package.
"""

import numpy as np
import tensorflow as tf

from jpegpre_tf.ops.perception.similarity import filter_planes

# libjxl's opsin absorbance: rows L, M, S; columns linear R, G, B.
_OPSIN = np.array(
    [
        [0.30, 0.622, 0.078],
        [0.23, 0.692, 0.078],
        [0.24342268924547819, 0.20476744424496821, 0.55180986650955360],
    ]
)
_BIAS = 0.0037930732552754493
_C2 = 0.0009

# (scale, plane) -> weights of (1-norm, 4-norm) of SSIM's error, of edges that appeared, of edges that were lost;
# planes X, Y, B - Y. Left out: weights under 0.01, which together move a score by less than 0.05; scale 5 has no other.
_WEIGHTS = {
    (0, 1): ((0, 7.466890328078848), (0, 0), (0, 17.445833984131262)),
    (1, 0): ((0, 1.1041726426657346), (0, 0), (0, 0)),
    (1, 1): ((0, 6.683678146179332), (0, 0), (0, 1.027889937768264)),
    (2, 0): ((0, 1.8422455520539298), (0, 11.441172603757666), (0, 0)),
    (2, 1): ((225.20515300849274, 19.213238186143016), (0, 0), (0, 0)),
    (3, 0): ((0, 1.8787594979546387), (0, 10.94906990605142), (0, 0)),
    (3, 1): ((176.39317598450694, 24.43300999870476), (0, 0.28520802612117757), (0, 0)),
    (3, 2): ((0, 8.826982764996862), (0, 23.19243343998926), (0, 0)),
    (4, 0): ((0, 0), (0.9677938080626833, 0.9981766977854967), (0, 0)),
    (4, 1): ((0, 34.77906344483772), (0, 44.835625328877896), (0, 0)),
    (4, 2): (
        (95.1080498811086, 0),
        (0.9863978034400682, 171.2667255897307),
        (0.9834382792465353, 0.9807858872435379),
    ),
}
_SCALES = 5
_SUM_SCALE = 0.9562382616834844
_POLYNOMIAL = (2.326765642916932, -0.020884521182843837, 6.248496625763138e-05)
_EXPONENT = 0.6276336467831387
# Where roots have no gradient: far below what one level changes.
_TINY = 1e-9


def _linear(rgb: tf.Tensor) -> tf.Tensor:
    """sRGB levels to linear light 0..1; levels outside 0..255 are clipped, with gradient 1."""
    inside = rgb + tf.stop_gradient(tf.clip_by_value(rgb, 0.0, 255.0) - rgb)
    x = inside / 255.0
    curved = tf.pow((tf.maximum(x, 0.04045) + 0.055) / 1.055, 2.4)
    return tf.where(x <= 0.04045, x / 12.92, curved)


def _xyb(linear: tf.Tensor) -> list[tf.Tensor]:
    """X, Y and B - Y, shifted and scaled to be positive: each (batch, height, width)."""
    lms = [
        tf.add_n([linear[..., j] * np.float32(_OPSIN[i, j]) for j in range(3)]) + np.float32(_BIAS)
        for i in range(3)
    ]
    roots = [tf.pow(tf.maximum(x, 1e-6), 1.0 / 3.0) - np.float32(np.cbrt(_BIAS)) for x in lms]
    x, y = 0.5 * (roots[0] - roots[1]), 0.5 * (roots[0] + roots[1])
    return [14.0 * x + 0.42, y + 0.01, roots[2] - y + 0.55]


def _blur(plane: tf.Tensor) -> tf.Tensor:
    """Same size: mirrored above and below, zeros left and right, as libjxl's."""
    return filter_planes(plane, "mirror", "zero")


def _norms(error: tf.Tensor, weights: tuple[float, float]) -> tf.Tensor:
    """weights[0] * mean + weights[1] * 4-norm of an error >= 0: (batch,)."""
    total = tf.zeros([], tf.float32)
    if weights[0]:
        total += weights[0] * tf.reduce_mean(error, [1, 2])
    if weights[1]:
        # The 4-norm's own gradient; the constant keeps it finite at 0.
        total += weights[1] * tf.pow(tf.reduce_mean(tf.square(tf.square(error)), [1, 2]) + _TINY**2, 0.25)
    return total


def _plane_error(a: tf.Tensor, b: tf.Tensor, weights: tuple[tuple[float, float], ...]) -> tf.Tensor:
    ssim, appeared, lost = weights
    mean_a, mean_b = _blur(a), _blur(b)
    total = tf.zeros([], tf.float32)
    if any(ssim):
        product, squares = mean_a * mean_b, tf.square(mean_a) + tf.square(mean_b)
        covariance = _blur(a * b) - product
        variances = _blur(tf.square(a) + tf.square(b)) - squares
        structure = (2.0 * covariance + _C2) / (variances + _C2)
        total += _norms(tf.nn.relu(1.0 - (1.0 - tf.square(mean_a - mean_b)) * structure), ssim)
    if any(appeared) or any(lost):
        edges = (1.0 + tf.abs(b - mean_b)) / (1.0 + tf.abs(a - mean_a)) - 1.0
        total += _norms(tf.nn.relu(edges), appeared) + _norms(tf.nn.relu(-edges), lost)
    return total


def ssimulacra2(original: tf.Tensor, decoded: tf.Tensor) -> tf.Tensor:
    """SSIMULACRA2 score, float32 (batch,): 100 is the original, 70 high, 50 medium, 30 low quality.

    Args:
        original, decoded: float32 (batch, height, width, 3), RGB levels; sizes static, multiples of 16, at least 176.
            (Under 256 the reference has fewer scales and then takes weights of others; this takes their own.)
    """
    a, b = _linear(original), _linear(decoded)
    total = tf.zeros([], tf.float32)
    for scale in range(_SCALES):
        if scale:
            a, b = tf.nn.avg_pool2d(a, 2, 2, "VALID"), tf.nn.avg_pool2d(b, 2, 2, "VALID")
        planes_a, planes_b = _xyb(a), _xyb(b)
        for plane in range(3):
            weights = _WEIGHTS.get((scale, plane))
            if weights:
                total += _plane_error(planes_a[plane], planes_b[plane], weights)
    total *= _SUM_SCALE
    linear, square, cubic = _POLYNOMIAL
    total = tf.maximum(total * (linear + total * (square + total * cubic)), 1e-3)
    return 100.0 - 10.0 * tf.pow(total, _EXPONENT)
