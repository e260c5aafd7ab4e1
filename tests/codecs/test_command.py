"""Encoders that are programs: Python scripts here, so that nothing has to be installed."""

import io
import sys

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf.codecs import get_encoder
from jpegpre_tf.codecs.command import CommandEncoder
from jpegpre_tf.errors import JpegpreError, UsageError


@pytest.fixture
def script(tmp_path):
    """Writes a program and returns the words that start it."""

    def write(body):
        path = tmp_path / "encoder of mine.py"
        path.write_text("import sys\nfrom PIL import Image\n" + body)
        return f"{sys.executable} '{path}'"

    return write


GOOD = "Image.open(sys.argv[1]).save(sys.argv[2], 'JPEG', quality=int(sys.argv[3].split('=')[1]))\n"


@pytest.mark.parametrize("place", ["{in}", "{in.png}"])
def test_it_writes_what_the_program_writes(script, photos, place):
    encoder = CommandEncoder(script(GOOD) + f" {place} {{out}} q={{quality}}", name="mine")
    expected = io.BytesIO()
    Image.fromarray(photos[0]).save(expected, "JPEG", quality=33)
    assert encoder.encode_bytes(photos[0], 33) == expected.getvalue()
    made = encoder.encode(photos[0], 33)
    assert made.encoder == "mine" and made.decoded.shape == photos[0].shape


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("sys.exit('no licence\\nfor this')\n", "exit code 1, no file written; it said: no licence for this"),
        ("pass\n", "no file written"),
    ],
)
def test_a_failing_program_is_one_line(script, body, message):
    encoder = CommandEncoder(script(body) + " {in} {out} {quality}")
    with pytest.raises(JpegpreError, match=message) as caught:
        encoder.encode_bytes(np.zeros((8, 8, 3), np.uint8), 50)
    assert "\n" not in str(caught.value)


def test_a_program_that_hangs_is_stopped(script):
    encoder = CommandEncoder(script("import time; time.sleep(60)\n") + " {in} {out} {quality}", timeout=0.5)
    with pytest.raises(JpegpreError, match="timed out"):
        encoder.encode_bytes(np.zeros((8, 8, 3), np.uint8), 50)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("cjpeg {in} {out}", "lacks {quality}"),
        ("no-such-encoder-here {in} {out} {quality}", "not found"),
        ("cjpeg '{in} {out} {quality}", "cannot split"),
    ],
)
def test_a_wrong_command_is_refused_at_once(command, message):
    with pytest.raises(UsageError, match=message):
        CommandEncoder(command)


def test_a_command_line_is_an_encoder_wherever_a_name_is(script):
    encoder = get_encoder(script(GOOD) + " {in} {out} q={quality}")
    assert isinstance(encoder, CommandEncoder) and "{quality}" in encoder.identity()["flags"]
