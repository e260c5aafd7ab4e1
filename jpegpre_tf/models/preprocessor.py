"""The preprocessing network."""

from typing import Any

import keras
import tensorflow as tf

from jpegpre_tf.layers.dead_zone import ZERO_SPAN, DeadZone
from jpegpre_tf.models.gate_network import build_gate_network
from jpegpre_tf.ops import real_dct
from jpegpre_tf.ops.quantization import quantization_tables

# Two views of |steps|: fine around the thresholds, coarse over the range that decides code lengths.
_FINE_CLIP = 2.0
_COARSE_CLIP = 16.0


def _features(steps: tf.Tensor) -> tf.Tensor:
    magnitude = tf.abs(steps)
    fine = tf.minimum(magnitude, _FINE_CLIP)
    coarse = tf.minimum(magnitude, _COARSE_CLIP) * (_FINE_CLIP / _COARSE_CLIP)
    return tf.concat([fine, coarse], axis=-1)


@keras.saving.register_keras_serializable(package="jpegpre_tf")
class Preprocessor(keras.Model):
    """Edits a picture so that JPEG at a given quality writes fewer bytes for it.

    Works on the encoder's own grid: 8x8 DCT coefficients of Y and of box-averaged Cb and Cr (4:2:0), in quantisation
    steps. A small network looks at the magnitudes of a block and its neighbours and sets thresholds under which
    coefficients move to the cheaper level (`DeadZone`). The inverse DCT of the change is added to the picture.
    It cannot invent detail, and it is the identity at strength 0.

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
        self.luma_network = build_gate_network(
            keras,
            inputs=128,
            outputs=128,
            channels=channels,
            spatial_blocks=spatial_blocks,
            mixing_blocks=mixing_blocks,
            name="luma",
        )
        # The chroma network sees Cb, Cr and the mean of the four luma blocks above them.
        self.chroma_network = build_gate_network(
            keras,
            inputs=384,
            outputs=256,
            channels=channels,
            spatial_blocks=0,
            mixing_blocks=chroma_mixing_blocks,
            name="chroma",
        )
        self.zero_span = zero_span
        self.dead_zone = DeadZone(zero_span, name="dead_zone")
        self.built = True

    def call(self, image: Any, quality: Any, strength: Any, training: bool = False) -> tf.Tensor:
        image, quality, strength = (tf.cast(x, tf.float32) for x in (image, quality, strength))
        tables = tf.reshape(quantization_tables(tf.reshape(quality, [-1])), [-1, 2, 1, 1, 64])
        luma_table, chroma_table = tables[:, 0], tables[:, 1]

        ycc = real_dct.rgb_to_ycc(image)
        luma = real_dct.forward(ycc[..., :1]) / luma_table
        pooled = tf.nn.avg_pool2d(ycc[..., 1:], 2, 2, "VALID")
        cb, cr = (real_dct.forward(pooled[..., i : i + 1]) / chroma_table for i in range(2))

        luma_features = _features(luma)
        luma_logits = self.luma_network([luma_features, quality])
        luma_context = tf.nn.avg_pool2d(luma_features, 2, 2, "VALID")
        chroma_features = tf.concat([_features(cb), _features(cr), luma_context], axis=-1)
        chroma_logits = self.chroma_network([chroma_features, quality])

        change_y = self.dead_zone(luma, luma_logits, strength, training=training) * luma_table
        change_cb = self.dead_zone(cb, chroma_logits[..., :128], strength, training=training) * chroma_table
        change_cr = self.dead_zone(cr, chroma_logits[..., 128:], strength, training=training) * chroma_table
        chroma = [_replicate(real_dct.inverse(change)) for change in (change_cb, change_cr)]
        edited = image + real_dct.ycc_to_rgb(tf.concat([real_dct.inverse(change_y), *chroma], axis=-1))
        if training:
            return edited
        return tf.clip_by_value(tf.round(edited), 0.0, 255.0)

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


def _replicate(plane: tf.Tensor) -> tf.Tensor:
    """Doubles (batch, height, width, 1) in both directions: the box average of the result is the plane itself."""
    return tf.nn.depth_to_space(tf.concat([plane] * 4, axis=-1), 2)
