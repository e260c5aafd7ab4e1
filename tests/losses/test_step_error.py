"""StepError: units, masking, gradient."""

import numpy as np
import pytest
import tensorflow as tf

from jpegpre_tf import jpeg
from jpegpre_tf.losses import StepError
from jpegpre_tf.ops.transform import real_dct

FLAT = np.full((1, 32, 32, 3), 128.0, np.float32)


def test_equal_pictures_have_no_error() -> None:
    assert float(StepError()(FLAT, FLAT, tf.constant([50.0]))[0]) == 0


def test_one_step_in_every_luma_coefficient_counts_one() -> None:
    table = jpeg.quantization_tables(50)[0].reshape(64).astype(np.float32)
    steps = np.tile(table, (1, 4, 4, 1))
    change = np.asarray(real_dct.inverse(tf.constant(steps)))
    error = StepError()(FLAT, FLAT + change, tf.constant([50.0]))  # a grey change: Cb and Cr stay
    assert float(error[0]) == pytest.approx(1.0, rel=1e-4)


def test_contrast_masks() -> None:
    checks = FLAT.copy()
    checks[:, ::2, ::2] += 100
    for picture, low, high in ((FLAT, 0.99, 1.01), (checks, 0.0, 0.7)):
        weight = StepError()(picture, picture + 8.0, tf.constant([50.0]))
        unmasked = StepError(masking_energy=1e12)(picture, picture + 8.0, tf.constant([50.0]))
        assert low < float(weight[0] / unmasked[0]) < high


def test_masking_must_be_positive() -> None:
    with pytest.raises(ValueError, match="masking_energy"):
        StepError(masking_energy=0)


def test_configuration_round_trip() -> None:
    layer = StepError(masking_energy=7.0, chroma_weight=0.5)
    assert StepError.from_config(layer.get_config()).get_config() == layer.get_config()
