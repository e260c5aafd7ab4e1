"""Arguments that TensorFlow makes tensors of."""

from typing import TypeAlias

import numpy.typing as npt
import tensorflow as tf

TensorLike: TypeAlias = tf.Tensor | npt.ArrayLike
