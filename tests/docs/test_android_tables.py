"""export/android/README.md: tables that tools/docs/android_tables.py writes."""

import re

import pytest

from tools.docs.android_tables import PROFILES, README, filled, model_sizes


def test_the_models_weigh_what_the_readme_says() -> None:
    text = README.read_text(encoding="utf-8")
    for profile in PROFILES:
        (row,) = re.findall(
            rf"^\| `{profile}` \d+, int8, with its tables \| ([\d,]+) \| ([\d,]+) \|$", text, re.MULTILINE
        )
        for stated, found in zip(row, model_sizes(profile), strict=True):
            # Models of one architecture differ by what their numbers compress to.
            assert int(stated.replace(",", "")) == pytest.approx(found, rel=0.1), profile


def test_tables_go_between_their_markers_and_nothing_else_changes() -> None:
    text = "a\n<!-- size -->\nold\n<!-- end of size -->\nb\n<!-- arm -->\n<!-- end of arm -->\n"
    received = filled(text, {"size": "| 1 |", "arm": "| 2 |\n| 3 |"})
    assert received == text.replace("old", "| 1 |").replace(
        "arm -->\n<!-- end", "arm -->\n| 2 |\n| 3 |\n<!-- end"
    )
    with pytest.raises(SystemExit, match="expected the markers of memory"):
        filled(text, {"memory": ""})
