import itertools

import numpy as np
import pytest

from jpegpre_tf.evaluation.candidates import make_encoder_candidate, reference
from jpegpre_tf.evaluation.pictures import describe_picture, find_pictures
from jpegpre_tf.evaluation.points.scores import measure_scores
from jpegpre_tf.evaluation.quality_calibration import Calibration, fit_calibration

QUALITIES = np.arange(5.0, 100.0, 5.0)


def score(quality):
    """Rises as a mean score does: steeply at low qualities."""
    return 100 - 150 * np.exp(-np.asarray(quality) / 30)


def test_family_that_is_ahead_by_a_few_qualities_is_asked_for_less():
    found = fit_calibration(QUALITIES, score(QUALITIES), score(QUALITIES + 4))
    at = dict(zip(found.quality, found.at, strict=True))
    assert (found.quality[0], found.quality[-1]) == (1.0, 100.0)
    # Linear interpolation of the curve between qualities five apart is off by less than a quarter.
    for quality in range(15, 91, 5):
        assert at[quality] == pytest.approx(quality - 4, abs=0.25)


def test_equal_families_mean_themselves():
    found = fit_calibration(QUALITIES, score(QUALITIES), score(QUALITIES))
    assert found.at == pytest.approx(found.quality, abs=0.01)


def test_no_more_is_asked_of_a_family_than_its_best():
    """Its score falls beyond 80, and is never that of plain files beyond about 77."""
    family = score(np.minimum(QUALITIES, 80) + 4) - np.maximum(QUALITIES - 80, 0)
    found = fit_calibration(QUALITIES, score(QUALITIES), family)
    at = dict(zip(found.quality, found.at, strict=True))
    assert at[50] == pytest.approx(46, abs=0.25)
    assert at[90] == at[95] == at[100] == 80


def test_ascending_and_smooth_for_an_uneven_family():
    noise = np.random.default_rng(1).normal(0, 1.5, len(QUALITIES))
    found = fit_calibration(QUALITIES, score(QUALITIES), score(QUALITIES + 4) + noise)
    assert all(b >= a for a, b in itertools.pairwise(found.at))
    assert all(1 <= at <= 100 for at in found.at)


def test_second_round_ends_where_the_scores_are_equal():
    """The family's score is that at `at` + 6; each round scores what the last one gave."""
    found = None
    for _ in range(3):
        at = QUALITIES if found is None else np.interp(QUALITIES, found.quality, found.at)
        found = fit_calibration(QUALITIES, score(QUALITIES), score(at + 6), start=found)
    at = np.interp(QUALITIES, found.quality, found.at)
    inside = (QUALITIES >= 20) & (QUALITIES <= 90)
    assert np.abs(score(at + 6) - score(QUALITIES))[inside].max() < 0.1


def test_start_is_what_the_files_were_made_with():
    start = Calibration((1.0, 100.0), (1.0, 100.0))
    assert fit_calibration(QUALITIES, score(QUALITIES), score(QUALITIES + 4), start=start) == fit_calibration(
        QUALITIES, score(QUALITIES), score(QUALITIES + 4)
    )


def test_scores_that_do_not_rise_are_refused():
    with pytest.raises(ValueError, match="rise with the quality"):
        fit_calibration(QUALITIES, score(QUALITIES), np.full(len(QUALITIES), 50.0))


def test_scores(folder, tmp_path):
    pictures = [describe_picture(name, path) for name, path in find_pictures([folder]).items()]
    plain, same = measure_scores(
        pictures,
        [reference(), make_encoder_candidate("libjpeg-turbo")],
        [20, 60],
        "ssimulacra2",
        cache=tmp_path / "cache",
        jobs=1,
    )
    assert plain.scores.shape == (len(pictures), 2)
    assert np.array_equal(plain.scores, same.scores) and np.array_equal(plain.rates_bpp, same.rates_bpp)
    assert (plain.scores[:, 0] < plain.scores[:, 1]).all()
    assert (plain.rates_bpp[:, 0] < plain.rates_bpp[:, 1]).all()
