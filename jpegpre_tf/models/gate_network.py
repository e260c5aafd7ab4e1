"""The networks that choose thresholds: plain convolutions, built by functions of the keras module.

`keras` is a parameter so that the same function builds the Keras 3 network and its tf_keras twin for
quantization-aware training.
"""

from typing import Any


def _residual(keras: Any, x: Any, scale: Any, hidden: int, kernel_size: int, name: str) -> Any:
    """x + conv1x1(scale * relu(conv(x))): the quality's scale (FiLM) acts on the hidden channels."""
    channels = x.shape[-1]
    h = keras.layers.Conv2D(hidden, kernel_size, padding="same", activation="relu", name=f"{name}_expand")(x)
    h = keras.layers.Multiply(name=f"{name}_condition")([h, scale])
    h = keras.layers.Conv2D(channels, 1, name=f"{name}_project")(h)
    return keras.layers.Add(name=f"{name}_add")([x, h])


def build_gate_network(
    keras: Any,
    *,
    inputs: int,
    outputs: int,
    channels: int,
    spatial_blocks: int,
    mixing_blocks: int,
    name: str,
) -> Any:
    """Returns a Functional model (features, quality) -> logits.

    Args:
        keras: The `keras` or `tf_keras` module.
        inputs: Feature channels per block.
        outputs: Logits per block.
        channels: Width.
        spatial_blocks: Residual blocks with a 3x3 convolution: they see the neighbouring blocks.
        mixing_blocks: Residual blocks with 1x1 convolutions only, twice as wide inside.
        name: Name of the model; layers are named after it.
    """
    features = keras.Input((None, None, inputs), name="features")
    quality = keras.Input((1, 1, 1), name="quality")
    condition = keras.layers.Rescaling(1 / 50, offset=-1.0, name=f"{name}_quality_scaled")(quality)
    condition = keras.layers.Conv2D(16, 1, activation="relu", name=f"{name}_quality_hidden")(condition)

    def scale(width: int, label: str) -> Any:
        return keras.layers.Conv2D(
            width, 1, kernel_initializer="zeros", bias_initializer="ones", name=f"{name}_{label}_quality"
        )(condition)

    x = keras.layers.Conv2D(channels, 1, activation="relu", name=f"{name}_in")(features)
    x = keras.layers.Multiply(name=f"{name}_in_condition")([x, scale(channels, "in")])
    for i in range(spatial_blocks):
        label = f"spatial{i}"
        x = _residual(keras, x, scale(channels, label), channels, 3, f"{name}_{label}")
    for i in range(mixing_blocks):
        label = f"mixing{i}"
        x = _residual(keras, x, scale(2 * channels, label), 2 * channels, 1, f"{name}_{label}")
    # The bias starts thresholds 0.16 steps above the encoder's own, where decisions are neither rare nor harmful.
    x = keras.layers.Conv2D(
        outputs, 1, bias_initializer=keras.initializers.Constant(-1.5), name=f"{name}_logits"
    )(x)
    return keras.Model([features, quality], x, name=name)
