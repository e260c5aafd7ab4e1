"""Keras models."""

from jpegpre_tf import _keras_backend  # noqa: F401  (refuses other backends than TensorFlow)
from jpegpre_tf.models.decision_graph import Decisions
from jpegpre_tf.models.neural_rate_estimator import NeuralRateEstimator
from jpegpre_tf.models.neural_simulator import NeuralSimulator
from jpegpre_tf.models.preprocessor import Preprocessor

__all__ = ["Decisions", "NeuralRateEstimator", "NeuralSimulator", "Preprocessor"]
