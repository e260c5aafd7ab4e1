"""Keras models."""

from jpegpre_tf.models.preprocessor import Preprocessor

__all__ = ["Preprocessor"]
