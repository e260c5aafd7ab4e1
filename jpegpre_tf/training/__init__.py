"""Training: input pipeline, trainer, configuration, callbacks."""

from jpegpre_tf.training.preprocessor_trainer import PreprocessorTrainer

__all__ = ["PreprocessorTrainer"]
