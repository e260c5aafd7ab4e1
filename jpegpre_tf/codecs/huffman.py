"""Lossless re-optimisation of a JPEG file's Huffman tables."""

import functools
import re
import shutil
import subprocess

from jpegpre_tf.errors import JpegpreError


@functools.cache
def _jpegtran() -> str | None:
    return shutil.which("jpegtran")


@functools.cache
def reoptimiser() -> str:
    """Says what re-optimises: "jpegtran 2.1.5" for example."""
    program = _jpegtran()
    if program is None:
        raise JpegpreError(
            "a fair jpegli needs `jpegtran`: install libjpeg-turbo-progs (Debian) or jpeg-turbo"
        )
    answer = subprocess.run([program, "-version"], capture_output=True, text=True, check=False)
    version = re.search(r"version (\S+)", answer.stdout + answer.stderr)
    return f"jpegtran {version.group(1) if version else '(version unknown)'} -optimize"


def reoptimise(data: bytes) -> bytes:
    """Returns the same coefficients with Huffman tables fitted to them; the decoded picture stays the same.

    Raises:
        JpegpreError: If jpegtran is not installed or refuses the file.
    """
    program = _jpegtran()
    if program is None:
        raise JpegpreError(reoptimiser())
    answer = subprocess.run(
        [program, "-copy", "none", "-optimize"], input=data, capture_output=True, check=False
    )
    if answer.returncode != 0 or not answer.stdout:
        raise JpegpreError(f"jpegtran failed: {answer.stderr.decode(errors='replace').strip()}")
    return answer.stdout
