import subprocess
import sys

import pytest

LIGHT = """
import sys
import {module}
heavy = {{"tensorflow", "keras"}} & set(sys.modules)
sys.exit(f"imports {{heavy}}" if heavy else 0)
"""


@pytest.mark.parametrize(
    "module",
    [
        "jpegpre_tf.codecs",
        "jpegpre_tf.filters",
        "jpegpre_tf.evaluation.report",
        "jpegpre_tf.evaluation.points.worker",
    ],
)
def test_never_imports_tensorflow(module):
    command = [sys.executable, "-c", LIGHT.format(module=module)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
