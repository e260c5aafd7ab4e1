"""A short run of tools/check/fuzz_encode.py; the long one is 20,000 files."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_mutated_files_do_no_harm(tmp_path):
    # Files that the long run has not seen; wall time is generous, for shared machines.
    command = [
        sys.executable,
        str(ROOT / "tools" / "check" / "fuzz_encode.py"),
        "--files",
        "540",
        "--first",
        "1000000",
    ]
    command += ["--jobs", "1", "--seconds", "60", "--json"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["failures"] == [] and summary["largest_mb"] < 1000
    # Neither everything broken nor everything whole: the mutations do bite, and some are survived.
    for outcomes in summary["counts"].values():
        assert outcomes["encoded"] + outcomes["refused"] == 60 and min(outcomes.values()) >= 1
