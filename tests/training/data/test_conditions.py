"""What crops are trained for: shares, ranges, and foreign tables that are tables."""

import numpy as np
import pytest

from jpegpre_tf.jpeg.tables import quantization_tables
from jpegpre_tf.training.data.conditions import Conditions
from jpegpre_tf.training.data.foreign_tables import draw_tables


def test_shares_and_ranges() -> None:
    generator = np.random.default_rng(0)
    conditions = Conditions((20, 60), (0.5, 1.0), full_strength_share=0.7, tuned_share=0.4)
    quality, strength, tables = (
        np.array(part) for part in zip(*(conditions.draw(generator) for _ in range(2000)), strict=True)
    )
    assert quality.min() == 20 and quality.max() == 60 and set(quality % 1) == {0}
    assert strength.min() >= 0.5 and strength.max() == 1.0
    # Shares of 2000 draws have a standard deviation of 0.011 at most.
    assert np.mean(strength == 1.0) == pytest.approx(0.7, abs=0.05)
    is_tuned = np.all(tables == 0, axis=(1, 2, 3))
    assert np.mean(is_tuned) == pytest.approx(0.4, abs=0.05)
    foreign = tables[~is_tuned]
    assert foreign.min() >= 1 and foreign.max() <= 255 and np.all(foreign == np.round(foreign))


def test_without_a_share_there_are_no_tables() -> None:
    assert len(Conditions().draw(np.random.default_rng(0))) == 2


def test_annex_k_is_among_the_foreign_tables() -> None:
    generator = np.random.default_rng(1)
    drawn = [draw_tables(50.0, generator) for _ in range(400)]
    annex_k = np.stack(quantization_tables(50))
    share = np.mean([np.array_equal(tables, annex_k) for tables in drawn])
    assert share == pytest.approx(0.4, abs=0.1)
    assert len({tables.tobytes() for tables in drawn}) > 100


def test_tables_of_one_kind_alone() -> None:
    generator = np.random.default_rng(2)
    conditions = Conditions((50, 50), tuned_share=0.0, foreign_tables="mozjpeg")
    drawn = {conditions.draw(generator)[2].tobytes() for _ in range(20)}
    assert len(drawn) == 1  # of one quality: no other kind, and none at random
    (tables,) = (np.frombuffer(content, np.float32).reshape(2, 8, 8) for content in drawn)
    np.testing.assert_array_equal(tables[0], tables[1])  # MozJPEG has one table for luma and chroma
    assert tables[0, 0, :4].tolist() == [16, 16, 16, 18] and tables.max() == 255
    with pytest.raises(ValueError, match="foreign_tables"):
        Conditions(foreign_tables="guetzli")


@pytest.mark.parametrize("field", ["full_strength_share", "tuned_share"])
def test_shares_out_of_range(field: str) -> None:
    with pytest.raises(ValueError, match=field):
        Conditions(**{field: 1.5})
    with pytest.raises(ValueError, match="quality_range"):
        Conditions((0, 50))


@pytest.mark.parametrize("field", ["quality_range", "strength_range"])
@pytest.mark.parametrize("value", [(0.9, 0.2), (0, 101), 90, (1, 1, 1)])
def test_ranges_are_two_numbers_in_order(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=rf"`{field}` must be a lowest and a highest .*Received: {field}="):
        Conditions(**{field: value})
