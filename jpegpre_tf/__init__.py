"""jpegpre_tf: make ordinary JPEG files smaller at the same look by editing pixels before the encoder.

Public names are resolved on first use, so that `import jpegpre_tf` never imports TensorFlow: encoding a
photo needs only NumPy, Pillow and LiteRT.
"""

import importlib
from typing import Any

from jpegpre_tf._version import __version__

# Public name -> module that defines it.
_LAZY_NAMES = {
    "JPEGSimulator": "jpegpre_tf.layers.jpeg_simulator",
    "RateEstimator": "jpegpre_tf.layers.rate_estimator",
    "NeuralRateEstimator": "jpegpre_tf.models.neural_rate_estimator",
    "NeuralSimulator": "jpegpre_tf.models.neural_simulator",
    "Preprocessor": "jpegpre_tf.models.preprocessor",
    "PreprocessorTrainer": "jpegpre_tf.training.preprocessor_trainer",
}
_LAZY_MODULES = ("jpeg", "ops", "layers", "models", "losses", "training", "runtime")

__all__ = ["__version__", *_LAZY_NAMES, *_LAZY_MODULES]


def __getattr__(name: str) -> Any:
    if name in _LAZY_NAMES:
        return getattr(importlib.import_module(_LAZY_NAMES[name]), name)
    if name in _LAZY_MODULES:
        return importlib.import_module(f"jpegpre_tf.{name}")
    raise AttributeError(f"module 'jpegpre_tf' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
