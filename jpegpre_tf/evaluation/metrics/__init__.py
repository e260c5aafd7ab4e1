"""Full-reference metrics, through well-kept packages; none needs TensorFlow."""

from jpegpre_tf.evaluation.metrics.base import LARGEST_DECIBELS, Frame, Metric
from jpegpre_tf.evaluation.metrics.registry import METRICS, get_metrics

__all__ = ["LARGEST_DECIBELS", "METRICS", "Frame", "Metric", "get_metrics"]
