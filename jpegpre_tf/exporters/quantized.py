"""The preprocessor with int8 networks: float DCT in front and behind, fake quantisation between.

The bridge to tensorflow-model-optimization, and the only module that knows it. That package takes Functional models
of tf_keras only, so the networks are built again there, by the same function, and get the same weights.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from jpegpre_tf._optional import require
from jpegpre_tf.errors import ModelError
from jpegpre_tf.layers.dead_zone import DeadZone
from jpegpre_tf.models.decision_graph import (
    FEATURE_MAX,
    DecisionGraph,
    Decisions,
    Gates,
    unclipped_features,
)
from jpegpre_tf.models.gate_network import CONDITION_WIDTH, GateNetworkArguments, build_gate_network
from jpegpre_tf.models.preprocessor import Preprocessor, split_tables
from jpegpre_tf.ops.tensor_like import TensorLike

# TFLite's int8 sigmoid always writes multiples of 1/256.
_GATE_MAX = 255 / 256
# Beyond this logit a gate is within 1/256 of 0 or 1; a wider range would only make steps coarser.
_LOGIT_MAX = 6.0
# Share of a layer's activations that is cut off at either end: few outliers would cost all others resolution.
_TAIL = 1e-4
# Weights take 7 of their 8 bits: -64..64. The sum of two products with uint8 then fits into 16 bits, which is how x86
# processors without VNNI add them: those of full size would be cut off there, and each runtime give another picture.
_WEIGHT_MARGIN = 127 / 64
_SAMPLES = 400_000  # activations of a layer kept of each batch
# From the tables to 32 hidden numbers, once per picture; the shifts and factors made of them are int8.
_TABLE_LAYERS = ("_tables", "_tables_hidden")
_FLOAT_LAYERS = ("_tables_hidden",)
_PURPOSE = "int8 export"


class QuantizedPreprocessor(tf.Module):
    """A preprocessor whose networks compute as int8 will; a converter then makes them int8.

    Ranges of activations have to be set by `calibrate`. Call arguments and result are those of `Preprocessor`;
    gradients reach `trainable_variables`.

    Args:
        preprocessor: The trained float `Preprocessor`.

    Raises:
        MissingExtraError: If the extra [export] is not installed.
        ModelError: If the copy of a network does not compute what the network does.
    """

    def __init__(self, preprocessor: Preprocessor) -> None:
        super().__init__()
        self.spatial_blocks = preprocessor.spatial_blocks
        self.float_networks = {
            name: _build_in_tf_keras(getattr(preprocessor, f"{name}_network"), arguments)
            for name, arguments in preprocessor.network_arguments().items()
        }
        self.networks = {name: _quantize(network) for name, network in self.float_networks.items()}
        self.dead_zone = DeadZone(preprocessor.zero_span)
        self.set_weight_ranges()

    @property
    def network_variables(self) -> list[tf.Variable]:
        """Weights and ranges."""
        return [variable for network in self.networks.values() for variable in network.variables]

    @property
    def trainable_variables(self) -> list[tf.Variable]:
        """Weights alone."""
        return [variable for network in self.networks.values() for variable in network.trainable_variables]

    @property
    def graph(self) -> DecisionGraph:
        """What this model computes, with its networks."""

        def gates(name: str) -> Gates:
            def call(features: tf.Tensor, condition: tf.Tensor) -> tf.Tensor:
                # `training` would let ranges drift towards outliers; they are set by `calibrate`.
                gate = tf.sigmoid(self.networks[name]([features, condition], training=False))
                return tf.quantization.fake_quant_with_min_max_args(gate, 0.0, _GATE_MAX)

            return call

        return DecisionGraph(gates("luma"), gates("chroma"), self.dead_zone, _quantized_features)

    def __call__(self, image: Any, tables: Any, strength: Any, training: bool = False) -> tf.Tensor:
        inputs = (tf.cast(image, tf.float32), *split_tables(tables), tf.reshape(strength, [-1, 1, 1, 1]))
        edited = self.graph.edit(*inputs, training=training, offset=0.0 if training else 0.5)
        return edited if training else tf.clip_by_value(tf.floor(edited), 0.0, 255.0)

    def decide(
        self, image: TensorLike, tables: TensorLike, strength: TensorLike, training: bool = False
    ) -> Decisions:
        """As `Preprocessor.decide`."""
        inputs = (tf.cast(image, tf.float32), *split_tables(tables), tf.reshape(strength, [-1, 1, 1, 1]))
        return self.graph.decide(*inputs, training=training)

    def calibrate(self, batches: Iterable[tuple[TensorLike, TensorLike, TensorLike]]) -> None:
        """Sets the range of every activation from what the float networks do on pictures.

        Args:
            batches: (image (batch, height, width, 3), tables (batch, 2, 8, 8), strength (batch,)).
        """
        seen: dict[str, list[np.ndarray]] = {}
        for image, tables, strength in batches:
            self._observe(tf.cast(image, tf.float32), tables, strength, seen)
        if not seen:
            raise ValueError("`batches` must not be empty")
        for network in self.networks.values():
            for layer in network.layers:
                low, high = 0.0, FEATURE_MAX
                observed = seen.get(layer.name.removeprefix("quant_"))
                if observed is not None:
                    # What the tables give are few numbers, all in use: no tail.
                    tail = 0.0 if layer.name.endswith(_TABLE_LAYERS) else _TAIL
                    low, high = np.quantile(np.concatenate(observed), [tail, 1.0 - tail])
                if layer.name.endswith("_logits"):
                    low, high = max(low, -_LOGIT_MAX), min(high, _LOGIT_MAX)
                for name, variable in _ranges(layer):
                    if variable.shape.rank == 0:  # an activation's
                        variable.assign(min(low, 0.0) if name.endswith("_min") else max(high, 1e-3))

    def _observe(
        self, image: tf.Tensor, tables: tf.Tensor, strength: tf.Tensor, seen: dict[str, list[np.ndarray]]
    ) -> None:
        generator = np.random.default_rng(0)

        def gates(name: str) -> Gates:
            def call(features: tf.Tensor, condition: tf.Tensor) -> tf.Tensor:
                layers, outputs = _outputs(self.float_networks[name], features, condition)
                for layer, output in zip(layers, outputs, strict=True):
                    values = np.asarray(output).ravel()
                    if len(values) > _SAMPLES:
                        values = values[generator.integers(0, len(values), _SAMPLES)]
                    seen.setdefault(layer.name, []).append(values)
                return tf.sigmoid(outputs[-1])

            return call

        graph = DecisionGraph(gates("luma"), gates("chroma"), self.dead_zone)
        graph.quantize(image, *split_tables(tables), tf.reshape(strength, [-1, 1, 1, 1]))

    def set_weight_ranges(self) -> None:
        """Sets every kernel's ranges from its values; to be called after weights were changed."""
        for network in self.networks.values():
            for layer in network.layers:
                for name, variable in _ranges(layer):
                    if variable.shape.rank == 1:
                        # From the list of weights: the package puts quantised tensors in the layer's attributes.
                        kernel = next(v for v in layer.trainable_variables if "kernel" in v.name)
                        # Of a depthwise kernel, whose last axis is 1, this is one range for all channels.
                        largest = _WEIGHT_MARGIN * tf.reduce_max(tf.abs(kernel), axis=[0, 1, 2])
                        variable.assign(-largest if name.endswith("_min") else largest)


def float_graph(preprocessor: Preprocessor) -> DecisionGraph:
    """The float graph on tf_keras' networks, for tf2onnx: Keras 3 adds what the tables give as a second bias.

    (tf2onnx then writes a convolution with two biases, which ONNX refuses.)
    """

    def gates(name: str, arguments: GateNetworkArguments) -> Gates:
        twin = _build_in_tf_keras(getattr(preprocessor, f"{name}_network"), arguments)
        return lambda features, condition: tf.sigmoid(twin([features, condition]))

    luma, chroma = (gates(name, arguments) for name, arguments in preprocessor.network_arguments().items())
    return DecisionGraph(luma, chroma, DeadZone(preprocessor.zero_span))


def _outputs(network: Any, features: Any, condition: Any) -> tuple[list[Any], list[tf.Tensor]]:
    """All layers of a tf_keras network but its inputs, and what each gives."""
    tf_keras = require("tf_keras", extra="export", purpose=_PURPOSE)
    layers = [layer for layer in network.layers if not isinstance(layer, tf_keras.layers.InputLayer)]
    return layers, tf_keras.Model(network.inputs, [layer.output for layer in layers])([features, condition])


def check_source(preprocessor: "Preprocessor | QuantizedPreprocessor", precision: str) -> None:
    """Raises unless this kind of preprocessor is what a file of this precision is made of.

    Raises:
        ValueError: If there is no such precision.
        TypeError: If int8 is asked of a float preprocessor, or the other way round.
    """
    if precision not in ("fp32", "fp16", "int8"):
        raise ValueError(f"`precision` must be fp32, fp16 or int8. Received: precision={precision!r}")
    if isinstance(preprocessor, QuantizedPreprocessor) != (precision == "int8"):
        raise TypeError(
            f"`preprocessor` for precision {precision} must be a "
            f"{'QuantizedPreprocessor' if precision == 'int8' else 'Preprocessor'}. "
            f"Received: {type(preprocessor).__name__}"
        )


def _quantized_features(steps: tf.Tensor) -> tf.Tensor:
    return tf.quantization.fake_quant_with_min_max_args(unclipped_features(steps), 0.0, FEATURE_MAX)


def _ranges(layer: Any) -> Iterator[tuple[str, tf.Variable]]:
    """Yields (name, variable) of the layer's range variables."""
    for variable in layer.non_trainable_variables:
        name = variable.name.rsplit("/", 1)[-1].split(":")[0]
        if name.endswith(("_min", "_max")):
            yield name, variable


def _build_in_tf_keras(network: Any, arguments: GateNetworkArguments) -> Any:
    """The same network in tf_keras, its difference checked to be 0."""
    tf_keras = require("tf_keras", extra="export", purpose=_PURPOSE)
    twin = build_gate_network(tf_keras, **arguments)
    twin.set_weights(network.get_weights())
    generator = np.random.default_rng(0)
    features = generator.uniform(0, FEATURE_MAX, (1, 4, 4, arguments["inputs"])).astype(np.float32)
    condition = generator.uniform(-1, 1.8, (1, 1, 1, CONDITION_WIDTH)).astype(np.float32)
    difference = np.abs(
        np.asarray(twin([features, condition])) - np.asarray(network([features, condition]))
    ).max()
    if difference != 0:
        raise ModelError(f"{network.name} network in tf_keras: expected difference 0, received {difference}")
    return twin


def _quantize(network: Any) -> Any:
    """The tf_keras network with the package's fake quantisation; the branch of the tables stays float."""
    tf_keras = require("tf_keras", extra="export", purpose=_PURPOSE)
    tfmot = require("tensorflow_model_optimization", extra="export", purpose=_PURPOSE)
    configs = require(
        "tensorflow_model_optimization.python.core.quantization.keras.default_8bit.default_8bit_quantize_configs",
        extra="export",
        purpose=_PURPOSE,
    )
    annotate = tfmot.quantization.keras.quantize_annotate_layer

    def annotated(layer: Any) -> Any:
        if isinstance(layer, tf_keras.layers.InputLayer):
            return layer
        # ("Layer luma_mixing0_scale:<class ...Multiply> is not supported. You can quantize this layer by passing a
        # `tfmot.quantization.keras.QuantizeConfig` instance" without the configuration.)
        if isinstance(layer, tf_keras.layers.Multiply):
            return annotate(layer, configs.Default8BitOutputQuantizeConfig())
        return layer if layer.name.endswith(_FLOAT_LAYERS) else annotate(layer)

    copy = tf_keras.models.clone_model(network, clone_function=annotated)
    copy.set_weights(network.get_weights())
    known = {"Default8BitOutputQuantizeConfig": configs.Default8BitOutputQuantizeConfig}
    with tfmot.quantization.keras.quantize_scope(known):
        return tfmot.quantization.keras.quantize_apply(copy)
