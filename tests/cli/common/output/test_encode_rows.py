"""What the last sentence of `encode` and `batch` compares with."""

import pytest

from jpegpre_tf.cli.common.output.encode_rows import describe_look


@pytest.mark.parametrize(
    ("tables", "edited", "said"),
    [
        ("tuned", 0, "for the same look"),
        ("tuned", 1, "for the same look (of 1 picture: at the same quality)"),
        ("tuned", 3, "at the same quality"),
        ("standard", 0, "at the same quality"),
        (((16,), (17,)), 0, "at the same quality"),
    ],
)
def test_only_carriers_promise_a_look(tables, edited, said):
    assert describe_look(tables, edited, 3) == said
