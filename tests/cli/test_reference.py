"""docs/cli.md is made of the parsers, and is current."""

import subprocess
import sys
from pathlib import Path

from jpegpre_tf.cli.common.arguments.verbs import EXIT_CODES, VERBS
from jpegpre_tf.cli.main import main

ROOT = Path(__file__).parents[2]


def test_the_page_is_current():
    done = subprocess.run([sys.executable, ROOT / "tools" / "docs" / "cli_reference.py", "--check"], cwd=ROOT)
    assert done.returncode == 0, "run: python tools/docs/cli_reference.py"


def test_the_page_has_every_verb_and_exit_code():
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert all(f"## `jpegpre {verb}`" in text and f"| `{verb}` |" in text for verb in VERBS)
    assert all(f"| {code} |" in text for code in EXIT_CODES)


def test_the_exit_codes_are_those_of_the_table(tmp_path, capsys):
    (tmp_path / "x.png").write_bytes(b"no picture")
    assert main(["models"]) == 0
    for verb in ("encode", "preprocess", "simulate"):
        suffix = "jpg" if verb == "encode" else "png"
        assert main([verb, str(tmp_path / "x.png"), "-o", str(tmp_path / f"out.{suffix}")]) == 1
        assert main([verb, "--no-such-option"]) == 2
