import numpy as np
import pytest

from jpegpre_tf import runtime
from jpegpre_tf.errors import ModelError
from jpegpre_tf.evaluation.writing.tflite_file import TFLiteFile


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_file_of_a_shipped_model_edits_as_the_model(city, precision):
    pixels = np.ascontiguousarray(city[:70, :53])
    path = runtime.find_model("balanced").path / f"tflite/{precision}.tflite"
    preprocess, session = TFLiteFile(path), runtime.load("balanced", precision, threads=1)
    for quality in (30, 80):
        # The same graph on the same pixels; padding beyond the picture is the same too.
        assert np.array_equal(preprocess(pixels, quality), session(pixels, quality))


def test_file_without_signatures(averaging, city):
    preprocess = TFLiteFile(averaging)
    assert preprocess(city[:20, :31], 50, 0.0).shape == (20, 31, 3)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "model.tflite").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="not a TFLite model"):
        TFLiteFile(tmp_path / "model.tflite")
