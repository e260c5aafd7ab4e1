"""Training: input pipeline, trainer, configuration, callbacks."""

from typing import TYPE_CHECKING

from jpegpre_tf import _keras_backend  # noqa: F401  (refuses other backends than TensorFlow)
from jpegpre_tf._lazy import lazy_names

if TYPE_CHECKING:
    from jpegpre_tf.training.preprocessor_trainer import PreprocessorTrainer

__all__ = ["PreprocessorTrainer"]
# Configurations are checked before TensorFlow's seconds of import.
__getattr__ = lazy_names(__name__, {"PreprocessorTrainer": "jpegpre_tf.training.preprocessor_trainer"})
