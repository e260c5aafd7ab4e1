"""One layer's value with another's gradient: exact forward, network backward."""

from typing import Any

import keras
import tensorflow as tf

from jpegpre_tf.layers._inputs import PlainArguments, check_images, check_quality
from jpegpre_tf.ops.quantization.learned_rounding import with_gradient_of


@keras.saving.register_keras_serializable(package="jpegpre_tf")
class MixedGradient(PlainArguments, keras.layers.Layer):
    """Returns what `forward` returns, to the bit, with the gradient of `backward`.

    For `PreprocessorTrainer(simulator=..., rate=...)`: the true codec's numbers, and a network's smooth slope.

    Args:
        forward: Layer `(images, quality)` -> tensor: exact, need not be differentiable.
        backward: Layer or model of the same inputs and output shape: differentiable.
    Call arguments:
        images: `(batch, height, width, 3)`, RGB in levels 0..255.
        quality: `(batch,)`, 1..100; no gradient flows to it.
    Raises:
        ValueError: If an argument is not a layer.

    Example:

        simulator = MixedGradient(JPEGSimulator(), NeuralSimulator.from_preset("libjpeg-turbo"))
        trainer = PreprocessorTrainer(Preprocessor(), simulator=simulator)
    """

    def __init__(self, forward: keras.layers.Layer, backward: keras.layers.Layer, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "autocast": False, "dtype": "float32"})
        for name, layer in (("forward", forward), ("backward", backward)):
            if not isinstance(layer, keras.layers.Layer):
                raise ValueError(f"`{name}` must be a Keras layer. Received: {type(layer).__name__}")
        self.forward = forward
        self.backward = backward

    def build(self, *_: Any, **__: Any) -> None:
        """Nothing here depends on shapes; the two layers are built when they are called."""

    def call(self, images: Any, quality: Any) -> tf.Tensor:
        images = check_images(images)
        quality = tf.stop_gradient(check_quality(images, quality))
        value = self.forward(tf.stop_gradient(images), quality)
        return with_gradient_of(tf.stop_gradient(value), self.backward(images, quality))

    def compute_output_shape(self, images_shape: Any) -> Any:
        return self.backward.compute_output_shape(images_shape)

    def get_config(self) -> dict[str, Any]:
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "forward": serialize(self.forward),
            "backward": serialize(self.backward),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "MixedGradient":
        layers = {
            name: keras.saving.deserialize_keras_object(config.pop(name)) for name in ("forward", "backward")
        }
        return cls(**layers, **config)
