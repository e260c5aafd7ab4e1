"""Distortions between pictures, units stated."""

from jpegpre_tf.losses.step_error import StepError

__all__ = ["StepError"]
