"""Keras models."""

from jpegpre_tf.models.decision_graph import Decisions
from jpegpre_tf.models.neural_rate_estimator import NeuralRateEstimator
from jpegpre_tf.models.neural_simulator import NeuralSimulator
from jpegpre_tf.models.preprocessor import Preprocessor

__all__ = ["Decisions", "NeuralRateEstimator", "NeuralSimulator", "Preprocessor"]
