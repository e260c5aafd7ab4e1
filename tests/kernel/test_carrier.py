"""The kernel's carriers against those of NumPy: the same samples, the same choice of quality, at every level."""

import numpy as np
import pytest

from jpegpre_tf import jpeg
from jpegpre_tf.jpeg.carriers.carrier import whole_mcus
from jpegpre_tf.runtime.inference import carrier as carrier_module
from jpegpre_tf.runtime.inference.carrier import carrier_in_one_sweep, make_carrier
from jpegpre_tf.runtime.inference.kernel import Kernel
from jpegpre_tf.runtime.inference.kernel_carrier import KernelCarriers
from jpegpre_tf.runtime.inference.kernel_library import kernel_levels, kernel_library


@pytest.fixture
def kernels(library) -> list[KernelCarriers]:
    found = kernel_library()
    assert found is not None
    return [KernelCarriers(found, threads, level) for threads, level in enumerate(kernel_levels(), 1)]


def assert_same(kernels, coefficients, tables) -> np.ndarray:
    wanted, share = jpeg.carrier_pixels(coefficients, tables), jpeg.clipping(coefficients, tables)[0]
    for kernel in kernels:
        pixels, clipped_share = kernel.render(coefficients, tables)
        np.testing.assert_array_equal(pixels, wanted)
        assert clipped_share == share
    return wanted


@pytest.mark.parametrize(("target", "encoder"), [(20, 60), (75, 90), (95, 98), (60, 20)])
def test_samples_and_counts_are_those_of_numpy(kernels, photo, target, encoder):
    tables = jpeg.quantization_tables(encoder)
    for height, width in ((130, 203), (1, 1), (24, 40), (39, 9), (8, 200)):
        image = np.ascontiguousarray(photo[:height, :width])
        assert_same(kernels, jpeg.encode_coefficients(image, target), tables)
        assert_same(kernels, jpeg.encode_coefficients(image[..., 1].copy(), target), tables)
        whole = jpeg.encode_coefficients(image, target)
        padded = jpeg.Coefficients(whole_mcus(whole), whole.tables, height, width, "4:2:0")
        assert_same(kernels, padded, tables)


def test_any_coefficients_and_tables_come_to_the_same(kernels):
    chance = np.random.default_rng(5)
    for largest in (3, 100, 32767):
        planes = tuple(
            chance.integers(-largest - 1, largest + 1, (*size, 8, 8)).astype(np.int16)
            for size in ((5, 9), (3, 5), (3, 5))
        )
        tables = tuple(chance.integers(1, 256, (2, 8, 8)))
        coefficients = jpeg.Coefficients(planes, tables, 40, 70, "4:2:0")
        assert_same(kernels, coefficients, tables)
        luma = jpeg.Coefficients(planes[:1], tables, 40, 70, "4:2:0")
        assert_same(kernels, luma, tables)


def test_the_choice_of_quality_is_that_of_numpy(kernels, photo, monkeypatch):
    squares = (np.indices((64, 64)) // 5).sum(axis=0)[..., np.newaxis] % 2 * 255
    pictures = {"photo": photo[:96, :96], "squares": np.repeat(squares, 3, axis=2).astype(np.uint8)}
    # Larger than what is judged in one piece.
    pictures["large"] = np.tile(photo[:200, :200], (6, 5, 1))
    chosen = set()
    for image in pictures.values():
        for target in (30, 80, 92, 96):
            coefficients = jpeg.encode_coefficients(np.ascontiguousarray(image), target)
            found = {kernel.choose_quality(coefficients, jpeg.quantization_tables) for kernel in kernels[:1]}
            with monkeypatch.context() as patch:
                patch.setattr(carrier_module, "kernel_carriers", lambda threads: None)
                wanted = make_carrier(coefficients, jpeg.quantization_tables)
            assert found == {wanted.quality}
            chosen |= found
    assert len(chosen) > 2


def test_a_carrier_in_one_sweep_is_the_one_of_its_decisions(kernels, content, photo):
    squares = (np.indices((64, 64)) // 5).sum(axis=0)[..., np.newaxis] % 2 * 255
    squares = np.repeat(squares, 3, axis=2).astype(np.uint8)
    kernel = Kernel(content, threads=2)
    made = []
    for image in (photo, photo[:39, :9], photo[:1, :1], photo[:70, :83], squares):
        for target in (30, 75, 99):
            image = np.ascontiguousarray(image)
            tables = jpeg.quantization_tables(target)
            decided = jpeg.Coefficients(kernel.decide(image, tables, 0.8), tables, *image.shape[:2], "4:2:0")
            wanted = make_carrier(decided, jpeg.quantization_tables)
            found = carrier_in_one_sweep(
                kernel, image, np.stack(tables).astype(np.uint8), 0.8, jpeg.quantization_tables
            )
            made.append(found is not None)
            if found is None:
                assert wanted.clipped_share > 0 or wanted.encoder_tables[0].mean() < 3
                continue
            assert (found.quality, found.width, found.height) == (wanted.quality, wanted.width, wanted.height)
            assert (found.clipped_share, found.wrong_share) == (wanted.clipped_share, wanted.wrong_share)
            for name in ("pixels", "tables", "encoder_tables"):
                np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))
    assert 3 < sum(made) < len(made)


def test_encoders_find_the_coefficients(kernels, photo):
    coefficients = jpeg.encode_coefficients(np.ascontiguousarray(photo), 75)
    tables = jpeg.quantization_tables(90)
    pixels, _ = kernels[0].render(coefficients, tables)
    for found, wanted in zip(
        jpeg.encode_coefficients(pixels, 90).planes, whole_mcus(coefficients), strict=True
    ):
        np.testing.assert_array_equal(found, wanted)


def test_other_coefficients_are_refused(kernels, photo):
    image = np.ascontiguousarray(photo[:20, :20])
    with pytest.raises(ValueError, match="must be 4:2:0"):
        kernels[0].render(jpeg.encode_coefficients(image, 50, "4:4:4"), jpeg.quantization_tables(90))
    planes = jpeg.encode_coefficients(image, 50).planes
    wrong = jpeg.Coefficients(planes, jpeg.quantization_tables(50), 20, 40, "4:2:0")
    with pytest.raises(ValueError, match="plane 0 of a picture of 40x20"):
        kernels[0].render(wrong, jpeg.quantization_tables(90))
    with pytest.raises(ValueError, match="64 whole numbers"):
        kernels[0].render(jpeg.encode_coefficients(image, 50), np.zeros((2, 8, 8)))
