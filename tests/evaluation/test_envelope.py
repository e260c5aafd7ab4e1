import pytest

from jpegpre_tf.evaluation.envelope import choose_strengths

REFERENCE = [(0.25, 30.0), (0.5, 33.0), (1.0, 36.0), (2.0, 39.0)]
QUALITIES = (10, 30, 60, 90)


def by_quality(**points):
    table = {quality: {0.0: point} for quality, point in zip(QUALITIES, REFERENCE, strict=True)}
    for name, point in points.items():
        table[int(name[1:3])][float(name[4:]) / 10] = point
    return table


def test_takes_the_point_furthest_left_of_the_reference():
    # At 33 dB the reference needs 0.5: 0.45 saves 10 %. At 32 dB it needs 0.397: 0.3 saves 24 %.
    chosen = choose_strengths(REFERENCE, by_quality(q30_5=(0.45, 33.0), q30_9=(0.3, 32.0)))
    assert chosen[30] == (0.9, (0.3, 32.0))
    assert chosen[10] == (0.0, REFERENCE[0])


def test_never_worse_than_untouched():
    chosen = choose_strengths(REFERENCE, by_quality(q60_5=(1.1, 35.0), q90_5=(1.99, 38.0)))
    assert all(strength == 0 for strength, _ in chosen.values())


def test_continues_the_reference_below_its_lowest_point():
    # 3 dB per octave: at 29 dB the reference would need 0.198 bpp.
    assert choose_strengths(REFERENCE, by_quality(q10_5=(0.18, 29.0)))[10][0] == 0.5
    assert choose_strengths(REFERENCE, by_quality(q10_5=(0.21, 29.0)))[10][0] == 0.0


@pytest.mark.parametrize("points", [REFERENCE[:2], [(0.5, 33.0)]])
def test_too_short_a_reference_keeps_the_picture_untouched(points):
    table = {10: {0.0: points[0], 0.5: (0.1, 40.0)}}
    assert choose_strengths(points, table)[10][0] == 0.0
