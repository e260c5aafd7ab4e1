"""A short run of tools/check/streams.py; the long one is over all verbs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_streams_that_take_nothing_or_lack_letters_end_in_a_line(tmp_path):
    command = [sys.executable, str(ROOT / "tools/check/streams.py"), str(tmp_path / "work"), "--short"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    # Six calls, nine kinds of broken streams.
    assert json.loads(done.stdout) == {"runs": 54, "faults": []}
