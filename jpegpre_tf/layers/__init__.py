"""Thin Keras layers over `jpegpre_tf.ops`."""

from jpegpre_tf import _keras_backend  # noqa: F401  (refuses other backends than TensorFlow)
from jpegpre_tf.layers.dead_zone import DeadZone
from jpegpre_tf.layers.jpeg_simulator import JPEGSimulator
from jpegpre_tf.layers.mixed_gradient import MixedGradient
from jpegpre_tf.layers.rate_estimator import RateEstimator
from jpegpre_tf.layers.real_codec import RealCodec
from jpegpre_tf.layers.tuned_tables import TunedTables

__all__ = ["DeadZone", "JPEGSimulator", "MixedGradient", "RateEstimator", "RealCodec", "TunedTables"]
