"""Stderr without what libraries write to its file descriptor."""

import os
from pathlib import Path

import pytest

from jpegpre_tf.runtime.quiet import redirect_stderr, without_greeting


def test_only_the_block_is_redirected(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with (tmp_path / "caught").open("wb") as file:
        with redirect_stderr(file):
            os.write(2, b"caught\n")
        assert not file.closed
    with pytest.raises(ValueError, match="inside"), redirect_stderr():
        os.write(2, b"dropped\n")
        raise ValueError("inside")
    os.write(2, b"seen\n")
    assert (tmp_path / "caught").read_bytes() == b"caught\n"
    assert capfd.readouterr().err == "seen\n"


def test_a_greeting_is_dropped_and_other_lines_follow(capfd: pytest.CaptureFixture[str]) -> None:
    with without_greeting():
        os.write(2, b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\nanother line\n")
    assert capfd.readouterr().err == "another line\n"
