import os

import pytest

from jpegpre_tf.storage.names import csv_cell, printable, printable_path


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"a b.jpg", "a b.jpg"),
        ("\u65e5\u672c.jpg".encode(), "\u65e5\u672c.jpg"),
        (b"\xff.jpg", r"\xff.jpg"),
        (b"\x1b[31mred\x07.jpg", r"\x1b[31mred\x07.jpg"),
        (b"two\nlines\r.jpg", r"two\nlines\r.jpg"),
        ("\u202egpj.exe".encode(), r"\u202egpj.exe"),
        ("\u2028\x9b".encode(), r"\u2028\x9b"),
    ],
)
def test_a_name_is_one_line_without_commands(name, shown):
    assert printable_path(os.fsdecode(name)) == shown
    assert printable(shown) == shown


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", " =1", "\t=1"])
def test_no_cell_is_a_formula(text):
    assert not csv_cell(text).lstrip().startswith(("=", "+", "-", "@"))
    assert csv_cell("a=b.jpg") == "a=b.jpg"
