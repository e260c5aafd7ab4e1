"""README and docs: links lead somewhere, and measured numbers have a source."""

import json
from pathlib import Path

import pytest

from tools.docs import links, number_sources

ROOT = Path(__file__).parents[2]


def test_every_link_of_the_repository_leads_somewhere(capsys: pytest.CaptureFixture[str]) -> None:
    assert links.main([]) == 0, capsys.readouterr().out


def test_every_number_is_from_results_or_has_its_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert number_sources.main([]) == 0, capsys.readouterr().out


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "results" / "kodak").mkdir(parents=True)
    results = {"candidates": [{"bd_rate": {"ssim": {"0.2-1.5": {"mean": -4.3561}, "1.0-2.5": None}}}]}
    (tmp_path / "results" / "kodak" / "a.json").write_text(json.dumps(results))
    (tmp_path / "README.md").write_text(
        "# A\n\n[page](docs/page.md#the-second-part-2), files of -4.4 %: `make test`.\n"
    )
    (tmp_path / "docs" / "page.md").write_text("# Page\n\n## The *second* part, 2\n\nSee `docs/page.md`.\n")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[a](docs/none.md)", "docs/none.md: there is no such file"),
        ("[a](docs/page.md#third)", "docs/page.md#third: there is no such heading"),
        ("[a](#none)", "#none: there is no such heading"),
        ("![a](none.png)", "none.png: there is no such file"),
        ("run `python tools/none.py`", "tools/none.py: there is no such file"),
    ],
)
def test_a_link_that_leads_nowhere_is_named(
    checkout: Path, text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = ["--root", str(checkout)]
    assert links.main(root) == 0
    (checkout / "README.md").write_text(f"# A\n\n{text}\n")
    assert links.main(root) == 1
    assert f"README.md: {message}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("It takes 600 MB.", "docs/page.md: Page / Part"),
        ("It takes 12 seconds, is off by 0.3 levels.", "docs/page.md: Page / Part"),
        ("| a | b |\n| --- | ---: |\n| x | -3.5 |", "docs/page.md: Page / Part"),
        ("Up to 12 % smaller.", "docs/page.md: Page / Part"),
    ],
)
def test_a_number_without_a_source_is_named(
    checkout: Path, text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = ["--root", str(checkout)]
    assert number_sources.main(root) == 0
    page = checkout / "docs" / "page.md"
    page.write_text(f"# Page\n\n## Part\n\n{text}\n")
    assert number_sources.main(root) == 1
    assert message in capsys.readouterr().out
    page.write_text(f"# Page\n\n## Part\n\n{text}\n\n    python tools/bench/cost.py PICTURES\n")
    assert number_sources.main(root) == 0


def test_export_readmes_are_read_too_and_defaults_are_no_measurements(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = checkout / "export" / "web" / "README.md"
    page.parent.mkdir(parents=True)
    table = "| option | default |\n| --- | ---: |\n| `quality` | 75 |\n"
    page.write_text(f"# Web\n\n## `compress(picture, options)`\n\n{table}")
    assert number_sources.main(["--root", str(checkout)]) == 0
    page.write_text(f"# Web\n\n## Speed\n\n{table}")
    assert number_sources.main(["--root", str(checkout)]) == 1
    assert "export/web/README.md: Web / Speed" in capsys.readouterr().out


def test_a_percentage_of_the_readme_that_was_not_measured_is_named(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / "README.md").write_text("# A\n\nFiles of -4.5 %: `make test`.\n")
    assert number_sources.main(["--root", str(checkout)]) == 1
    assert "README.md: -4.5 %: expected a number of results/" in capsys.readouterr().out


@pytest.mark.parametrize("profile", ["balanced", "fidelity", "perceptual"])
def test_a_models_page_has_the_numbers_of_its_description(profile: str) -> None:
    folder = ROOT / "savedmodels" / profile
    description = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    page = (folder / "README.md").read_text(encoding="utf-8").splitlines()
    for name, percents in description["measured"]["Kodak"].items():
        if name.startswith("bd_rate_percent"):
            cells = [name.removeprefix("bd_rate_percent "), *map(str, percents.values())]
            assert f"| {' | '.join(cells)} |" in page
