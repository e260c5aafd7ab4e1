"""Distortions between pictures and objectives of training, units stated."""

from typing import TYPE_CHECKING

from jpegpre_tf import _keras_backend  # noqa: F401  (refuses other backends than TensorFlow)
from jpegpre_tf._lazy import lazy_names

if TYPE_CHECKING:
    from jpegpre_tf.losses.bd_rate import BDRate
    from jpegpre_tf.losses.rate_distortion import RateDistortion
    from jpegpre_tf.losses.step_error import StepError

__all__ = ["BDRate", "RateDistortion", "StepError"]
# Configurations name metrics, and are checked before TensorFlow's seconds of import.
__getattr__ = lazy_names(
    __name__,
    {
        "BDRate": "jpegpre_tf.losses.bd_rate",
        "RateDistortion": "jpegpre_tf.losses.rate_distortion",
        "StepError": "jpegpre_tf.losses.step_error",
    },
)
