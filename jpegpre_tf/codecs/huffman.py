"""Lossless re-optimisation of a JPEG file's Huffman tables: jpegtran if installed, else in Python."""

import functools
import re
import shutil
import subprocess

from jpegpre_tf.errors import JpegpreError
from jpegpre_tf.jpeg.files.rehuffman import reoptimize_baseline


@functools.cache
def _jpegtran() -> str | None:
    return shutil.which("jpegtran")


@functools.cache
def describe_reoptimizer() -> str:
    """Says what re-optimises, for example "jpegtran 2.1.5 -optimize"."""
    program = _jpegtran()
    if program is None:
        return "jpegpre_tf"
    answer = subprocess.run([program, "-version"], capture_output=True, text=True, check=False)
    version = re.search(r"version (\S+)", answer.stdout + answer.stderr)
    return f"jpegtran {version.group(1) if version else '(version unknown)'} -optimize"


def reoptimize(data: bytes) -> bytes:
    """Returns the same coefficients with Huffman tables fitted to them; the decoded picture stays the same.

    Raises:
        JpegpreError: If the file is refused.
    """
    program = _jpegtran()
    if program is None:
        try:
            return reoptimize_baseline(data)
        except ValueError as error:
            raise JpegpreError(str(error)) from error
    command = [program, "-copy", "none", "-optimize"]
    answer = subprocess.run(command, input=data, capture_output=True, check=False)
    if answer.returncode != 0 or not answer.stdout:
        raise JpegpreError(f"jpegtran failed: {answer.stderr.decode(errors='replace').strip()}")
    return answer.stdout
