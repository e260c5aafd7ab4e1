"""A neural simulator or rate estimator as TFLite or ONNX."""

import tempfile
from typing import Any

import tensorflow as tf

from jpegpre_tf._optional import require
from jpegpre_tf.errors import ModelError, first_line
from jpegpre_tf.exporters.onnx import OPSET
from jpegpre_tf.exporters.onnx_file import store_once
from jpegpre_tf.exporters.tflite_file import read_model, write_model
from jpegpre_tf.exporters.tflite_metadata import describe
from jpegpre_tf.models.neural_rate_estimator import NeuralRateEstimator
from jpegpre_tf.models.neural_simulator import NeuralSimulator
from jpegpre_tf.ops.blocks import coefficients_of, pictures_of
from jpegpre_tf.ops.quantization.learned_rounding import choose_quantized

SIGNATURE = "run"
# Constants of the exact transform have 13 bits: float16 weights took decoded samples 1.8 levels off on average.
PRECISION = "fp32"
PICTURE, BITS = "output", "bits_per_pixel"
DESCRIPTIONS = {
    "image": "RGB samples 0..255",
    "quality": "the encoder's quality 1..100, a whole number",
    PICTURE: "RGB samples 0..255, whole numbers: the picture that a decoder makes of the encoder's file",
    BITS: "bits of the encoder's file per pixel",
}
_SUMMARIES = {
    PICTURE: "tells what a JPEG encoder and a decoder make of a picture",
    BITS: "tells how large the file of a JPEG encoder is",
}
Network = NeuralSimulator | NeuralRateEstimator


def output_name(network: Network) -> str:
    """What the network's one output is called."""
    return BITS if isinstance(network, NeuralRateEstimator) else PICTURE


def convert_tflite(
    network: Network, size: tuple[int, int], properties: dict[str, str] | None = None
) -> bytes:
    """Returns a TFLite file with the signature `run`: image, quality -> `output`, or `bits_per_pixel`.

    `image` is float32 (1, height, width, 3) of one size, which cannot be changed afterwards; `quality` float32 (1,).

    Args:
        network: A trained one.
        size: Height and width of pictures, pixels.
        properties: Some of name, version, license, for the file's metadata.

    Raises:
        ModelError: If the converter cannot write the network with TFLite's own operations.
    """
    module = tf.Module()
    # The bare variables: the converter does not see through Keras' wrappers and would leave them unfrozen.
    module.v = [variable.value for variable in network.variables]
    module.run = _function(network, size)
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures={SIGNATURE: module.run})
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[SIGNATURE])
        try:
            model = read_model(converter.convert())
        except Exception as error:  # the converter raises classes of its own
            raise ModelError(f"TFLite's operations do not hold this network: {first_line(error)}") from error
    summary = _SUMMARIES[output_name(network)]
    describe(model, {"description": summary, **(properties or {})}, DESCRIPTIONS)
    return write_model(model)


def convert_onnx(network: Network, properties: dict[str, str] | None = None) -> bytes:
    """Returns an ONNX file, float32, with the tensors of `convert_tflite` and free height and width.

    Args:
        network: A trained one.
        properties: Some of name, version, license, for the file's metadata.
    """
    onnx = require("onnx", extra="export", purpose="ONNX export")
    tf2onnx = require("tf2onnx", extra="export", purpose="ONNX export")
    function = _function(network, (None, None))
    model, _ = tf2onnx.convert.from_function(function, input_signature=function.input_signature, opset=OPSET)
    for value in (*model.graph.input, *model.graph.output):
        if value.name in ("image", PICTURE):
            for axis, size in ((1, "height"), (2, "width")):
                value.type.tensor_type.shape.dim[axis].dim_param = size
    store_once(model)
    described = {name: DESCRIPTIONS[name] for name in ("image", "quality", output_name(network))}
    onnx.helper.set_model_props(model, described | (properties or {}))
    onnx.checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString()
    return content


def _function(network: Network, size: tuple[int | None, int | None]) -> Any:
    """The network without what checks arguments and carries gradients."""
    specs = [
        tf.TensorSpec((1, *size, 3), tf.float32, name="image"),
        tf.TensorSpec((1,), tf.float32, name="quality"),
    ]

    def run(image: tf.Tensor, quality: tf.Tensor) -> dict[str, tf.Tensor]:
        coefficients = coefficients_of(image, network.quantizer.arithmetic)
        decisions, tables = network.quantizer.decide(coefficients, quality)
        # Sizes that are known when the graph is built leave no operation behind.
        shape = tf.shape(image)
        height, width = (known or shape[axis] for axis, known in zip((1, 2), size, strict=True))
        if isinstance(network, NeuralRateEstimator):
            pixels = tf.cast(height * width, tf.float32)
            return {BITS: network.rate_network(decisions) / pixels}
        planes = [choose_quantized(d) * table for d, table in zip(decisions, tables, strict=True)]
        return {PICTURE: pictures_of(planes, height, width)}

    return tf.function(run, input_signature=specs, autograph=False)
