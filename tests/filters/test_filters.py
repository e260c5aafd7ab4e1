import numpy as np
import pytest

from jpegpre_tf.errors import UsageError
from jpegpre_tf.filters import Area, Identity, filter_names, get_filter


@pytest.mark.parametrize("name", filter_names())
def test_strength_zero_gives_the_picture(name, city):
    assert np.array_equal(get_filter(name)(city, 50, 0.0), city)


@pytest.mark.parametrize("name", filter_names())
def test_keeps_shape_and_type_and_input(name, city):
    before = city.copy()
    result = get_filter(name)(city, 50, get_filter(name).strengths[-1])
    assert result.shape == city.shape and result.dtype == np.uint8
    assert np.array_equal(city, before)


@pytest.mark.parametrize("name", [name for name in filter_names() if name != "identity"])
def test_more_strength_changes_more(name, city):
    chosen = get_filter(name)
    strengths = (0.5, 1.0) if len(chosen.strengths) == 1 else chosen.strengths
    changes = [np.abs(chosen(city, 30, strength).astype(int) - city).mean() for strength in strengths]
    assert changes[0] > 0
    assert changes == sorted(changes)


@pytest.mark.parametrize("name", filter_names())
@pytest.mark.parametrize("shape", [(1, 1), (3, 40), (17, 9)])
def test_odd_sizes(name, shape, city):
    picture = np.ascontiguousarray(city[: shape[0], : shape[1]])
    assert get_filter(name)(picture, 50, get_filter(name).strengths[0]).shape == picture.shape


@pytest.mark.parametrize("name", filter_names())
def test_flat_picture_stays_flat(name):
    flat = np.full((40, 40, 3), 117, np.uint8)
    result = get_filter(name)(flat, 60, get_filter(name).strengths[-1])
    # One level: a JPEG's colour conversion, and filters in float32, may round the other way.
    assert np.abs(result.astype(int) - 117).max() <= 1


def test_area_filter_equals_scikit_image(city):
    from skimage.morphology import area_closing, area_opening

    small = np.ascontiguousarray(city[:64, :64])
    result = Area()(small, 50, 0.5)  # 64 ** 0.5 = 8 pixels
    for channel in range(3):
        opened = area_opening(small[..., channel], 8, connectivity=1)
        assert np.array_equal(result[..., channel], area_closing(opened, 8, connectivity=1))


def test_quality_matters_only_where_said(city):
    for name in filter_names():
        chosen = get_filter(name)
        same = np.array_equal(chosen(city, 20, chosen.strengths[0]), chosen(city, 80, chosen.strengths[0]))
        assert same != chosen.uses_quality


def test_identities_and_descriptions_differ():
    identities = [tuple(get_filter(name).identity().values()) for name in filter_names()]
    assert len(set(identities)) == len(identities)
    for name in filter_names():
        chosen = get_filter(name)
        assert len({chosen.describe(strength) for strength in chosen.strengths}) == len(chosen.strengths)


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_bad_strength(strength, city):
    with pytest.raises(ValueError, match="strength"):
        Identity()(city, 50, strength)


def test_unknown_name():
    with pytest.raises(UsageError, match="sharpen"):
        get_filter("sharpen")
