"""Learned tables above quality 90: entries stay coarse enough for the 8-bit samples of a carrier."""

import numpy as np
import pytest

from jpegpre_tf import jpeg, runtime
from jpegpre_tf.jpeg.tuned_tables import NODE_QUALITIES, TunedTables


@pytest.fixture
def fine() -> TunedTables:
    """A family with entries finer than Annex K's, as learning finds them."""
    return TunedTables(np.full((4, 2, 8, 8), -0.2, np.float32))


def test_entries_are_at_least_two_levels_up_to_quality_95(fine: TunedTables) -> None:
    assert fine.tables(95).min() == 1
    limited = fine.limit_fine_steps()
    assert min(limited.tables(quality).min() for quality in range(1, 97)) == 2
    assert np.all(limited.tables(95) >= fine.tables(95))


def test_what_was_learned_stays_as_it_is_up_to_the_last_node(fine: TunedTables) -> None:
    for quality in (1, 10, 33, 60, 85, 90):
        np.testing.assert_array_equal(fine.limit_fine_steps().tables(quality), fine.tables(quality))


def test_coarser_entries_than_needed_are_kept() -> None:
    coarse = TunedTables(np.full((4, 2, 8, 8), 2.0, np.float32))
    np.testing.assert_array_equal(coarse.limit_fine_steps().tables(95), coarse.tables(95))


def test_the_added_node_can_be_taken_away_again(fine: TunedTables) -> None:
    limited = fine.limit_fine_steps()
    np.testing.assert_array_equal(limited.lift_limit().log_factors, fine.log_factors)
    assert limited.lift_limit().node_qualities == NODE_QUALITIES
    np.testing.assert_array_equal(limited.limit_fine_steps().log_factors, limited.log_factors)


def test_a_family_learned_above_97_is_left_alone() -> None:
    family = TunedTables(np.full((2, 2, 8, 8), -0.9, np.float32), (10.0, 99.0))
    assert family.limit_fine_steps() is family


@pytest.mark.parametrize("profile", ["balanced", "fidelity", "perceptual"])
def test_shipped_tables_are_coarse_enough(profile: str) -> None:
    session = runtime.load(profile)
    for quality in (80, 90, 95):
        tables = session.target_tables(quality)
        assert tables.min() >= 2
        encoder_tables = jpeg.quantization_tables(jpeg.encoder_quality_for(tables, jpeg.quantization_tables))
        # Nothing is cut of a picture whose contrast does not rise.
        assert np.mean(encoder_tables[0] / tables[0]) < 1 and np.mean(encoder_tables[1] / tables[1]) < 1
