"""One small trained-looking preprocessor and its files, made once: conversions take seconds each."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf import Preprocessor
from jpegpre_tf.exporters.onnx import convert_onnx
from jpegpre_tf.exporters.quantized import QuantizedPreprocessor
from jpegpre_tf.exporters.signatures import INPUTS
from jpegpre_tf.exporters.tflite import convert_tflite
from jpegpre_tf.jpeg.tables import quantization_tables
from jpegpre_tf.training.data.crops import list_pictures, training_dataset

PICTURES = Path(__file__).parent.parent / "pictures"


@pytest.fixture(scope="session")
def model() -> Preprocessor:
    """Another width and depth than any shipped model; random weights, also where fresh ones are constant."""
    model = Preprocessor(channels=24, mixing_blocks=1, chroma_mixing_blocks=1)
    generator = np.random.default_rng(0)
    for variable in model.trainable_variables:
        value = np.asarray(variable)
        # Small beside a fresh kernel's values, large enough that factors depend on the tables.
        variable.assign(value + generator.normal(0, 0.02, value.shape).astype(np.float32))
    return model


@pytest.fixture(scope="session")
def quantized(model: Preprocessor) -> QuantizedPreprocessor:
    pytest.importorskip("tensorflow_model_optimization", reason="needs the extra [export]")
    quantized = QuantizedPreprocessor(model)
    quantized.calibrate(with_tables(PICTURES))
    return quantized


def with_tables(folder: Path) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Two batches (image, tables, strength)."""
    batches = training_dataset(list_pictures(folder), batch_size=4, crop_size=128, seed=1)
    return [
        (
            image.numpy(),
            np.stack([np.stack(quantization_tables(int(q))) for q in quality.numpy()]).astype(np.float32),
            strength.numpy(),
        )
        for image, quality, strength in batches.take(2)
    ]


@pytest.fixture(scope="session")
def crops() -> list[np.ndarray]:
    """uint8 crops of the sample pictures, of sizes that nothing was exported at."""
    pictures = []
    for path in sorted(PICTURES.glob("*.webp")):
        with Image.open(path) as picture:
            pictures.append(np.asarray(picture.convert("RGB")))
    return [pictures[0][64:192, 64:272], pictures[1][128:384, 100:356], pictures[2][200:216, 200:248]]


@pytest.fixture(scope="session")
def files(model: Preprocessor, quantized: QuantizedPreprocessor) -> dict[tuple[str, str], dict[str, bytes]]:
    """(format, precision) -> signature -> content; TFLite has all in one file."""
    found = {}
    for precision in ("fp32", "fp16", "int8"):
        source = quantized if precision == "int8" else model
        found["tflite", precision] = {"all": convert_tflite(source, precision)}
        found["onnx", precision] = {name: convert_onnx(source, precision, name) for name in INPUTS}
    return found
