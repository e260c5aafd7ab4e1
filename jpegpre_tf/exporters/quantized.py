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
from jpegpre_tf.models.gate_network import build_gate_network
from jpegpre_tf.models.preprocessor import FEATURE_MAX, edit, unclipped_features

# TFLite's int8 sigmoid always writes multiples of 1/256.
_GATE_MAX = 255 / 256
# Beyond this logit a gate is within 1/256 of 0 or 1; a wider range would only make steps coarser.
_LOGIT_MAX = 6.0
# Share of a layer's activations that is cut off at either end: few outliers would cost all others resolution.
_TAIL = 1e-4
_SAMPLES = 400_000  # activations of a layer kept of each batch
# From the quality to 16 hidden numbers, once per picture; the factors made of them are int8.
_QUALITY_LAYERS = ("_quality", "_quality_hidden", "_quality_scaled")
_FLOAT_LAYERS = ("_quality_scaled", "_quality_hidden")
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

    def __init__(self, preprocessor: Any) -> None:
        super().__init__()
        self.spatial_blocks = preprocessor.spatial_blocks
        self.float_networks = {
            name: _twin(getattr(preprocessor, f"{name}_network"), arguments)
            for name, arguments in preprocessor.network_arguments().items()
        }
        self.networks = {name: _quantized(network) for name, network in self.float_networks.items()}
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

    def __call__(self, image: Any, quality: Any, strength: Any, training: bool = False) -> tf.Tensor:
        edited = self._edit(image, quality, strength, training, 0.0 if training else 0.5)
        return edited if training else tf.clip_by_value(tf.floor(edited), 0.0, 255.0)

    def levels(self, image: tf.Tensor, quality: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
        """The same from uint8 to uint8, levels: the cast truncates, so no pass over the picture rounds."""
        return self._levels(image, quality, strength, 0.5)

    def unrounded_levels(self, image: tf.Tensor, quality: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
        """`levels` for `tflite_levels.replace_casts`, whose QUANTIZE rounds."""
        return self._levels(image, quality, strength, 0.0)

    def _levels(self, image: tf.Tensor, quality: tf.Tensor, strength: tf.Tensor, offset: float) -> tf.Tensor:
        edited = self._edit(tf.cast(image, tf.float32), quality, strength, False, offset)
        return tf.cast(tf.minimum(tf.nn.relu(edited), 255.0), tf.uint8)

    def _edit(self, image: Any, quality: Any, strength: Any, training: bool, offset: float) -> tf.Tensor:
        def gates(name: str) -> Any:
            def call(features: tf.Tensor) -> tf.Tensor:
                # `training` would let ranges drift towards outliers; they are set by `calibrate`.
                gate = tf.sigmoid(self.networks[name]([features, quality], training=False))
                return tf.quantization.fake_quant_with_min_max_args(gate, 0.0, _GATE_MAX)

            return call

        return edit(
            image,
            quality,
            strength,
            luma_gates=gates("luma"),
            chroma_gates=gates("chroma"),
            decide=lambda *arguments: self.dead_zone(*arguments, training=training),
            features=_quantized_features,
            offset=offset,
        )

    def calibrate(self, batches: Iterable[tuple[Any, Any, Any]]) -> None:
        """Sets the range of every activation from what the float networks do on pictures.

        Args:
            batches: (image (batch, height, width, 3), quality (batch,), strength (batch,)), as for training.
        """
        seen: dict[str, list[np.ndarray]] = {}
        for image, quality, strength in batches:
            quality, strength = (
                tf.reshape(tf.cast(x, tf.float32), [-1, 1, 1, 1]) for x in (quality, strength)
            )
            self._observe(tf.cast(image, tf.float32), quality, strength, seen)
        if not seen:
            raise ValueError("`batches` must not be empty")
        qualities = np.arange(1, 101, dtype=np.float32).reshape(-1, 1, 1, 1)
        for network in self.float_networks.values():
            features = np.zeros((len(qualities), 1, 1, network.inputs[0].shape[-1]), np.float32)
            layers, outputs = _outputs(network, features, qualities)
            for layer, output in zip(layers, outputs, strict=True):
                if layer.name.endswith(_QUALITY_LAYERS):
                    seen[layer.name] = [np.asarray(output).ravel()]
        for network in self.networks.values():
            for layer in network.layers:
                low, high = 0.0, FEATURE_MAX
                observed = seen.get(layer.name.removeprefix("quant_"))
                if observed is not None:
                    # Factors from the quality are few and all in use: no tail.
                    tail = 0.0 if layer.name.endswith(_QUALITY_LAYERS) else _TAIL
                    low, high = np.quantile(np.concatenate(observed), [tail, 1.0 - tail])
                if layer.name.endswith("_logits"):
                    low, high = max(low, -_LOGIT_MAX), min(high, _LOGIT_MAX)
                for name, variable in _ranges(layer):
                    if variable.shape.rank == 0:  # an activation's
                        variable.assign(min(low, 0.0) if name.endswith("_min") else max(high, 1e-3))

    def _observe(
        self, image: tf.Tensor, quality: tf.Tensor, strength: tf.Tensor, seen: dict[str, list[np.ndarray]]
    ) -> None:
        generator = np.random.default_rng(0)

        def gates(name: str) -> Any:
            def call(features: tf.Tensor) -> tf.Tensor:
                layers, outputs = _outputs(self.float_networks[name], features, quality)
                for layer, output in zip(layers, outputs, strict=True):
                    values = np.asarray(output).ravel()
                    if len(values) > _SAMPLES:
                        values = values[generator.integers(0, len(values), _SAMPLES)]
                    seen.setdefault(layer.name, []).append(values)
                return tf.sigmoid(outputs[-1])

            return call

        edit(
            image,
            quality,
            strength,
            luma_gates=gates("luma"),
            chroma_gates=gates("chroma"),
            decide=self.dead_zone,
        )

    def set_weight_ranges(self) -> None:
        """Sets every kernel's ranges from its values; to be called after weights were changed."""
        for network in self.networks.values():
            for layer in network.layers:
                for name, variable in _ranges(layer):
                    if variable.shape.rank == 1:
                        # From the list of weights: the package puts quantised tensors in the layer's attributes.
                        kernel = next(v for v in layer.trainable_variables if "kernel" in v.name)
                        largest = tf.reduce_max(tf.abs(kernel), axis=[0, 1, 2])
                        variable.assign(-largest if name.endswith("_min") else largest)


def _outputs(network: Any, features: Any, quality: Any) -> tuple[list[Any], list[tf.Tensor]]:
    """All layers of a tf_keras network but its inputs, and what each gives."""
    tf_keras = require("tf_keras", extra="export", purpose=_PURPOSE)
    layers = [layer for layer in network.layers if not isinstance(layer, tf_keras.layers.InputLayer)]
    return layers, tf_keras.Model(network.inputs, [layer.output for layer in layers])([features, quality])


def check_source(preprocessor: Any, precision: str) -> None:
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


def _twin(network: Any, arguments: dict[str, Any]) -> Any:
    """The same network in tf_keras, its difference checked to be 0."""
    tf_keras = require("tf_keras", extra="export", purpose=_PURPOSE)
    twin = build_gate_network(tf_keras, **arguments)
    twin.set_weights(network.get_weights())
    generator = np.random.default_rng(0)
    features = generator.uniform(0, FEATURE_MAX, (1, 4, 4, arguments["inputs"])).astype(np.float32)
    quality = np.full((1, 1, 1, 1), 50.0, np.float32)
    difference = np.abs(
        np.asarray(twin([features, quality])) - np.asarray(network([features, quality]))
    ).max()
    if difference != 0:
        raise ModelError(f"{network.name} network in tf_keras: expected difference 0, received {difference}")
    return twin


def _quantized(network: Any) -> Any:
    """The tf_keras network with the package's fake quantisation; the branch of the quality stays float."""
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
        # ("Layer luma_in_condition:<class ...Multiply> is not supported. You can quantize this layer by passing a
        # `tfmot.quantization.keras.QuantizeConfig` instance" without the configuration.)
        if isinstance(layer, tf_keras.layers.Multiply):
            return annotate(layer, configs.Default8BitOutputQuantizeConfig())
        return layer if layer.name.endswith(_FLOAT_LAYERS) else annotate(layer)

    copy = tf_keras.models.clone_model(network, clone_function=annotated)
    copy.set_weights(network.get_weights())
    known = {"Default8BitOutputQuantizeConfig": configs.Default8BitOutputQuantizeConfig}
    with tfmot.quantization.keras.quantize_scope(known):
        return tfmot.quantization.keras.quantize_apply(copy)
