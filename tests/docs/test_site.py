"""The site builds without a warning: pages, links, and the reference from docstrings."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_site_builds_and_warnings_are_errors(tmp_path: Path) -> None:
    pytest.importorskip("mkdocstrings", reason="needs the extra [docs]")
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    reference = (tmp_path / "site" / "reference" / "index.html").read_text(encoding="utf-8")
    assert "from_preset" in reference and "libjpeg-turbo sample by sample" in reference
