"""The preprocessing network."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from jpegpre_tf.jpeg.tables import CHROMA_TABLE, LUMA_TABLE
from jpegpre_tf.layers.dead_zone import ZERO_SPAN, DeadZone
from jpegpre_tf.models.gate_network import build_gate_network
from jpegpre_tf.ops import picture_dct

# Two views of |steps|: fine around the thresholds, coarse over the range that decides code lengths.
_FINE_CLIP = 2.0
_COARSE_CLIP = 16.0
FEATURE_MAX = _FINE_CLIP
_BASE_TABLES = [
    table.astype(np.float32).reshape(1, 1, 1, 64)
    for table in (np.asarray(LUMA_TABLE), np.asarray(CHROMA_TABLE))
]


def features_of(steps: tf.Tensor) -> tf.Tensor:
    """(batch, height, width, 64) steps to (.., 128) features in 0..2, as the networks see them."""
    return tf.minimum(unclipped_features(steps), FEATURE_MAX)


def unclipped_features(steps: tf.Tensor) -> tf.Tensor:
    """`features_of` before clipping, for quantised networks: quantising to 0..2 clips by itself.

    The magnitude is taken last: converters move quantisation back through products, where it would cut the coarse
    view too early, but not through an absolute value.
    """
    return tf.concat([tf.abs(steps), tf.abs(steps * (_FINE_CLIP / _COARSE_CLIP))], axis=-1)


def step_tables(quality: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """`ops.quantization.quantization_tables` without gradient, reshapes and comparisons, which delegates refuse.

    Args:
        quality: float32 `(batch, 1, 1, 1)`, 1..100.

    Returns:
        Luma and chroma, float32 `(batch, 1, 1, 64)`, natural order.
    """
    quality = tf.round(quality)
    low = tf.floor(5000.0 / tf.maximum(quality, 1.0) + 0.005)
    high = 200.0 - 2.0 * quality
    is_low = tf.clip_by_value(50.0 - quality, 0.0, 1.0)
    scale = high + is_low * (low - high)
    luma, chroma = (
        tf.clip_by_value(tf.floor((table * scale + 50.5) / 100.0), 1.0, 255.0) for table in _BASE_TABLES
    )
    return luma, chroma


def edit(
    image: tf.Tensor,
    quality: tf.Tensor,
    strength: tf.Tensor,
    *,
    luma_gates: Callable[[tf.Tensor], tf.Tensor],
    chroma_gates: Callable[[tf.Tensor], tf.Tensor],
    decide: Callable[[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor],
    features: Callable[[tf.Tensor], tf.Tensor] = features_of,
    offset: float = 0.0,
) -> tf.Tensor:
    """The edit around the networks, which are given: float ones, quantised ones, Keras 3 or tf_keras.

    Args:
        image: float32 `(batch, height, width, 3)`, RGB levels; height and width multiples of 16.
        quality, strength: float32 `(batch, 1, 1, 1)`.
        luma_gates: 128 features per 8x8 block to 128 gates, 0..1.
        chroma_gates: 384 features per 16x16 pixels to 256 gates, 0..1: Cb, then Cr.
        decide: (steps, gates, strength, table) to the change in levels, 64 per block.
        features: steps to features.
        offset: Levels added to the result: 0.5 makes truncating round.

    Returns:
        float32, shape of `image`: levels, neither rounded nor clipped.
    """
    luma_table, chroma_table = step_tables(quality)
    luma, chroma, blocks = picture_dct.forward(image)
    luma *= 1.0 / luma_table
    cb, cr = (chroma[..., i : i + 64] * (1.0 / chroma_table) for i in (0, 64))

    luma_features = features(luma)
    if features is features_of:
        luma_context = tf.nn.avg_pool2d(luma_features, 2, 2, "VALID")
    else:
        # Averaged before quantising: an int8 average rounds ties, a quarter of all, as each runtime likes. The
        # absolute value changes nothing but keeps converters from moving the quantisation back, as above.
        luma_context = tf.abs(tf.nn.avg_pool2d(features_of(luma), 2, 2, "VALID"))
    gates = chroma_gates(tf.concat([features(cb), features(cr), luma_context], axis=-1))
    change_cb = decide(cb, gates[..., :128], strength, chroma_table)
    change_cr = decide(cr, gates[..., 128:], strength, chroma_table)
    change_y = decide(luma, luma_gates(luma_features), strength, luma_table)
    luma_headroom, chroma_headroom = picture_dct.headroom(blocks, change_y)
    change_c = tf.concat([change_cb, change_cr], axis=-1) * chroma_headroom
    return image + picture_dct.inverse(change_y * luma_headroom, change_c, offset)


@keras.saving.register_keras_serializable(package="jpegpre_tf")
class Preprocessor(keras.Model):
    """Edits a picture so that JPEG at a given quality writes fewer bytes for it.

    Works on the encoder's own grid: 8x8 DCT coefficients of Y and of box-averaged Cb and Cr (4:2:0), in quantisation
    steps. A small network looks at the magnitudes of a block and its neighbours and sets thresholds under which
    coefficients move to the cheaper level (`DeadZone`). The inverse DCT of the change is added to the picture.
    It cannot invent detail, and it is the identity at strength 0, and in blocks so near white or black that their
    pixels could not hold the change.

    Args:
        channels: Width of the luma network (per 8x8 block) and of the chroma network (per 16x16 pixels).
        spatial_blocks, mixing_blocks: Residual blocks of the luma network with and without a view of the neighbours.
        chroma_mixing_blocks: Residual blocks of the chroma network.
        zero_span: Range of thresholds, see `DeadZone`.
    Call arguments:
        image: float32 `(batch, height, width, 3)`, RGB in levels 0..255; height and width multiples of 16.
        quality: float32 `(batch, 1, 1, 1)`, the quality that the picture will be encoded with, 1..100.
        strength: float32 `(batch, 1, 1, 1)`, 0..1; 0 = picture untouched, 1 = as trained.
        training: Hard decisions with a gradient, and a result that is not rounded (`JPEGSimulator` rounds).
    Returns:
        float32, shape of `image`: RGB levels 0..255, integers unless training.
    """

    def __init__(
        self,
        channels: int = 96,
        spatial_blocks: int = 1,
        mixing_blocks: int = 2,
        chroma_mixing_blocks: int = 2,
        zero_span: float = ZERO_SPAN,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.channels = channels
        self.spatial_blocks = spatial_blocks
        self.mixing_blocks = mixing_blocks
        self.chroma_mixing_blocks = chroma_mixing_blocks
        networks = {
            name: build_gate_network(keras, **arguments)
            for name, arguments in self.network_arguments().items()
        }
        self.luma_network, self.chroma_network = networks["luma"], networks["chroma"]
        self.zero_span = zero_span
        self.dead_zone = DeadZone(zero_span, name="dead_zone")
        self.built = True

    def network_arguments(self) -> dict[str, dict[str, Any]]:
        """Arguments of `build_gate_network` for "luma" and "chroma", so that the networks can be built elsewhere."""
        luma = {
            "inputs": 128,
            "outputs": 128,
            "channels": self.channels,
            "spatial_blocks": self.spatial_blocks,
            "mixing_blocks": self.mixing_blocks,
            "name": "luma",
        }
        # The chroma network sees Cb, Cr and the mean of the four luma blocks above them.
        chroma = {
            "inputs": 384,
            "outputs": 256,
            "channels": self.channels,
            "spatial_blocks": 0,
            "mixing_blocks": self.chroma_mixing_blocks,
            "name": "chroma",
        }
        return {"luma": luma, "chroma": chroma}

    def call(self, image: Any, quality: Any, strength: Any, training: bool = False) -> tf.Tensor:
        image, quality, strength = (tf.cast(x, tf.float32) for x in (image, quality, strength))
        edited = edit(
            image,
            quality,
            strength,
            luma_gates=lambda features: tf.sigmoid(self.luma_network([features, quality])),
            chroma_gates=lambda features: tf.sigmoid(self.chroma_network([features, quality])),
            decide=lambda *arguments: self.dead_zone(*arguments, training=training),
            offset=0.0 if training else 0.5,
        )
        if training:
            return edited
        # Not tf.round: mobile GPUs have floor only, and they differ at exact ties alone.
        return tf.clip_by_value(tf.floor(edited), 0.0, 255.0)

    def compute_output_shape(self, image_shape: Any, *_: Any, **__: Any) -> Any:
        return image_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "channels": self.channels,
            "spatial_blocks": self.spatial_blocks,
            "mixing_blocks": self.mixing_blocks,
            "chroma_mixing_blocks": self.chroma_mixing_blocks,
            "zero_span": self.zero_span,
        }
