"""The networks that choose thresholds: plain convolutions, built by functions of the keras module.

`keras` is a parameter so that the same function builds the Keras 3 network and its tf_keras twin for
quantization-aware training.
"""

from types import ModuleType
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from keras import Model

# Numbers of a pair of tables that a network is told, and how many it makes of them.
CONDITION_WIDTH = 128
_HIDDEN_WIDTH = 32
# Variance of what a residual block adds, before training: little, so that depth does not matter at first.
_RESIDUAL_SCALE = 0.2


class GateNetworkArguments(TypedDict):
    """Arguments of `build_gate_network`, which explains them."""

    inputs: int
    outputs: int
    channels: int
    spatial_blocks: int
    mixing_blocks: int
    name: str


def build_gate_network(
    keras: ModuleType,
    *,
    inputs: int,
    outputs: int,
    channels: int,
    spatial_blocks: int,
    mixing_blocks: int,
    name: str,
) -> "Model":
    """Returns a Functional model (features, tables) -> logits.

    Layers whose names end in "_tables_hidden" and "_tables" see the tables alone: once per picture, at 1x1.

    Args:
        keras: The `keras` or `tf_keras` module.
        inputs: Feature channels per block.
        outputs: Logits per block.
        channels: Width.
        spatial_blocks: Residual blocks with a depthwise 3x3 convolution: they see the neighboring blocks.
        mixing_blocks: Residual blocks with 1x1 convolutions only, twice as wide inside, scaled by the tables.
        name: Name of the model; layers are named after it.
    """
    layers = keras.layers
    features = keras.Input((None, None, inputs), name="features")
    tables = keras.Input((1, 1, CONDITION_WIDTH), name="tables")
    hidden = layers.Conv2D(_HIDDEN_WIDTH, 1, activation="relu", name=f"{name}_tables_hidden")(tables)

    def of_tables(width: int, label: str, bias: str) -> Any:
        return layers.Conv2D(
            width, 1, kernel_initializer="zeros", bias_initializer=bias, name=f"{name}_{label}_tables"
        )(hidden)

    def residual(x: Any, h: Any, label: str) -> Any:
        start = keras.initializers.VarianceScaling(_RESIDUAL_SCALE)
        h = layers.Conv2D(channels, 1, kernel_initializer=start, name=f"{name}_{label}_project")(h)
        return layers.Add(name=f"{name}_{label}_add")([x, h])

    x = layers.Conv2D(channels, 1, name=f"{name}_in")(features)
    x = layers.Add(name=f"{name}_in_shift")([x, of_tables(channels, "in", "zeros")])
    x = layers.ReLU(name=f"{name}_in_relu")(x)
    for i in range(spatial_blocks):
        label = f"spatial{i}"
        h = layers.DepthwiseConv2D(3, padding="same", activation="relu", name=f"{name}_{label}_depthwise")(x)
        x = residual(x, h, label)
    for i in range(mixing_blocks):
        label = f"mixing{i}"
        h = layers.Conv2D(2 * channels, 1, activation="relu", name=f"{name}_{label}_expand")(x)
        scale = of_tables(2 * channels, label, "ones")
        h = layers.Multiply(name=f"{name}_{label}_scale")([h, scale])
        x = residual(x, h, label)
    # The bias starts thresholds a quarter of a step above the encoder's own, where decisions are neither rare nor
    # harmful.
    start = keras.initializers.Constant(-1.5)
    x = layers.Conv2D(outputs, 1, bias_initializer=start, name=f"{name}_logits")(x)
    return keras.Model([features, tables], x, name=name)
