"""TFLite export: names, types, parity with Keras at sizes it was not exported at."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

from jpegpre_tf import Preprocessor
from jpegpre_tf.errors import ModelError
from jpegpre_tf.exporters.model_card import write_model_folder
from jpegpre_tf.exporters.tflite import check_tflite, export_tflite
from jpegpre_tf.jpeg.tables import quantization_tables
from jpegpre_tf.runtime import load
from jpegpre_tf.runtime.cards.training_record import TrainingRecord

PICTURES = Path(__file__).parent.parent / "pictures"


@pytest.fixture(scope="module")
def model() -> Preprocessor:
    return Preprocessor(channels=16, mixing_blocks=1, chroma_mixing_blocks=1)


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    with Image.open(PICTURES / "budgie_perched_osprey.webp") as image:
        return np.asarray(image)


@pytest.fixture(scope="module")
def exported(model: Preprocessor, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_tflite(model, tmp_path_factory.mktemp("tflite") / "deeper" / "model.tflite")


@pytest.mark.parametrize("size", [(256, 256), (16, 16), (48, 336)])
@pytest.mark.parametrize("quality", [10, 75])
def test_equals_keras(
    model: Preprocessor, exported: Path, picture: np.ndarray, size: tuple[int, int], quality: int
) -> None:
    image = picture[None, : size[0], : size[1]].astype(np.float32)
    tables = np.stack(quantization_tables(quality)).astype(np.float32)
    inputs = {
        "luma_table": tables[0].reshape(1, 1, 1, 64),
        "chroma_table": tables[1].reshape(1, 1, 1, 64),
        "strength": np.ones((1, 1, 1, 1), np.float32),
    }
    result = Interpreter(str(exported)).get_signature_runner("edit")(image=image, **inputs)["output"]
    difference = np.abs(result - np.asarray(model(image, tables)))
    # The same float32 graph, convolutions summed in another order: at most a rounding tie here and there.
    assert difference.max() <= 1
    assert difference.mean() < 0.01


def test_foreign_models_are_refused() -> None:
    class Doubler(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((1, 4), tf.float32, name="image")])
        def serve(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"output": 2.0 * image}

    module = Doubler()
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [module.serve.get_concrete_function()], module
    )
    with pytest.raises((ModelError, ValueError), match=r"expected tensors|[Ss]ignature|edit"):
        check_tflite(converter.convert())


def test_model_folder_runs_in_the_runtime(model: Preprocessor, picture: np.ndarray, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    write_model_folder(
        model,
        folder,
        version="3",
        training=TrainingRecord("none", ("none",)),
        objective={"psnr_y": 1.0},
        quality_range=(5, 95),
        pictures=[picture[:256, :256]],
    )
    edited = load(str(folder))(picture, 50)
    tables = np.stack(quantization_tables(50)).astype(np.float32)
    expected = np.asarray(model(picture[None].astype(np.float32), tables))[0]
    assert edited.shape == picture.shape
    assert np.abs(edited.astype(int) - expected).max() <= 1
    assert "version 3" in (folder / "README.md").read_text()
