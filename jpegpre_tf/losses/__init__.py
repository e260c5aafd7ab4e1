"""Distortions between pictures and objectives of training, units stated."""

from jpegpre_tf.losses.bd_rate import BDRate
from jpegpre_tf.losses.rate_distortion import RateDistortion
from jpegpre_tf.losses.step_error import StepError

__all__ = ["BDRate", "RateDistortion", "StepError"]
