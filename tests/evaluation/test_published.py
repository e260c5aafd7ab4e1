"""Committed results, and the tables and plots that Markdown files have of them."""

import dataclasses
import json
import runpy
from pathlib import Path

import pytest

from jpegpre_tf.errors import UsageError
from jpegpre_tf.evaluation.candidates import (
    make_encoder_candidate,
    make_filter_candidate,
    make_profile_candidate,
)
from jpegpre_tf.evaluation.evaluate import EvaluationConfig, evaluate
from jpegpre_tf.evaluation.report.markdown import find_blocks, update_markdown
from jpegpre_tf.evaluation.results import (
    PublishedSet,
    explain_difference,
    publish_results,
    read_results,
    write_results,
)

ROOT = Path(__file__).parents[2]
TOOL = runpy.run_path(str(ROOT / "tools/plot/results.py"))
BEGIN, END = "<!-- results:small", "<!-- /results -->\n"


@pytest.fixture
def checkout(folder, tmp_path):
    """A checkout with a README.md without markers and published results of two files."""
    root = tmp_path / "checkout"
    root.mkdir()
    (root / "README.md").write_text("# Title\n")
    for name, rows in (
        (
            "a",
            (make_profile_candidate("balanced", "libjpeg-turbo", 1.0, None), make_encoder_candidate("webp")),
        ),
        ("b", (make_filter_candidate("identity", "libjpeg-turbo"),)),
    ):
        config = EvaluationConfig(
            (folder,), rows, ("psnr_y", "ssim"), (10, 25, 50, 80), cache=tmp_path / "cache"
        )
        write_results(evaluate(config), tmp_path / name)
        publish_results(
            read_results(tmp_path / name / "results.json"), root / "results/small" / f"{name}.json"
        )
    return root


def mark(root, options, body=""):
    readme = root / "README.md"
    readme.write_text(f"# Title\n\n{BEGIN} {options} -->\n{body}{END}\nText.\n")
    return readme


def test_published_results_are_small_and_equal_to_five_digits(checkout, tmp_path):
    published, whole = checkout / "results/small/a.json", tmp_path / "a/results.json"
    assert published.stat().st_size < whole.stat().st_size / 1.5
    first, second = read_results(published), read_results(whole)
    for one, other in zip(first.candidates, second.candidates, strict=True):
        mine, theirs = one.bd_rate["ssim"]["0.2-1.5"], other.bd_rate["ssim"]["0.2-1.5"]
        assert mine.mean == pytest.approx(theirs.mean, abs=1e-5)


@pytest.mark.parametrize(
    ("options", "rows"),
    [
        (
            "show=mean rows=encoder:webp;profile:balanced metrics=ssim",
            [
                "| | SSIM |",
                "| --- | ---: |",
                "| WebP | {webp:+.1f} |",
                "| **`balanced`** | {balanced:+.1f} |",
            ],
        ),
        ("show=wins rows=filter:identity metrics=ssim", ["| no filter | 0 of 3 |"]),
        ("show=interval rows=filter:identity metrics=ssim", ["| no filter | +0.0 (+0.0 to +0.0) |"]),
        (
            "show=ranges rows=filter:identity metrics=ssim",
            ["| | bpp | SSIM |", "| no filter | 0.6-1.5 | +0.0 |"],
        ),
        ("range=0.6-1.5", ["| | PSNR-Y | SSIM |", "| no filter | +0.0 | +0.0 |"]),
    ],
)
def test_tables(checkout, options, rows):
    readme = mark(checkout, options, "old\n")
    assert update_markdown(readme, checkout / "results")
    first = PublishedSet(checkout / "results/small")
    means = {c.key: c.bd_rate["ssim"]["0.2-1.5"].mean for c in first.candidates}
    text = readme.read_text()
    label = next(c.label for c in first.candidates if c.key == "filter:identity")
    for row in rows:
        row = row.format(webp=means["encoder:webp"], balanced=means["profile:balanced"])
        assert row.replace("no filter", label) + "\n" in text
    assert "old" not in text and text.startswith("# Title\n\n") and text.endswith("\nText.\n")
    assert not update_markdown(readme, checkout / "results")


def test_plot_is_drawn_and_known_to_be_current(checkout):
    readme = mark(checkout, "show=plot file=docs/plot.png rows=encoder:webp")
    (checkout / "docs").mkdir()
    assert update_markdown(readme, checkout / "results")
    assert "](docs/plot.png)" in readme.read_text()
    assert all(block.is_current() for block in find_blocks(readme, checkout / "results"))
    (checkout / "docs/plot.png").write_bytes(b"another")
    assert not any(block.is_current() for block in find_blocks(readme, checkout / "results"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("show=best", "cannot understand"),
        ("rwos=a", "cannot understand"),
        ("show=plot", "cannot understand"),
        ("rows=encoder:mozjpeg", "no encoder:mozjpeg in the results"),
        ("metrics=lpips", "no lpips"),
        ("range=1-2", "no range"),
    ],
)
def test_wrong_markers_are_refused(checkout, options, message):
    readme = mark(checkout, options)
    before = readme.read_text()
    with pytest.raises(UsageError, match=message):
        update_markdown(readme, checkout / "results")
    assert readme.read_text() == before


def test_marker_without_its_end_is_refused(checkout):
    (checkout / "README.md").write_text(f"{BEGIN} -->\n")
    with pytest.raises(UsageError, match="without its end"):
        find_blocks(checkout / "README.md", checkout / "results")


def test_tool_publishes_draws_and_notices_what_is_old(checkout, tmp_path, capsys):
    readme = mark(checkout, "rows=encoder:webp")
    root = ["--root", str(checkout)]
    assert TOOL["main"]([*root, "check"]) == 1
    assert "README.md: not drawn" in capsys.readouterr().out
    (checkout / "results/small/a.json").unlink()
    assert TOOL["main"]([*root, "publish", str(tmp_path / "a/results.json"), "small/a"]) == 0
    assert "| WebP |" in readme.read_text()
    assert TOOL["main"]([*root, "check"]) == 0
    path = checkout / "results/small/a.json"
    content = json.loads(path.read_text())
    content["candidates"][0]["model"]["file"] = "0" * 64
    path.write_text(json.dumps(content))
    assert TOOL["main"]([*root, "check"]) == 1
    assert "profile:balanced: measured with another network" in capsys.readouterr().out


def test_results_of_another_network_or_other_tables(checkout):
    (found,) = [c for c in PublishedSet(checkout / "results/small").candidates if c.kind == "profile"]
    assert explain_difference(found) is None
    changed = dataclasses.replace(found, model={**found.model, "tables": "0" * 64})
    assert "other tables" in explain_difference(changed)
    assert "no model 'gone' ships" in explain_difference(dataclasses.replace(found, key="profile:gone, int8"))


def test_readme_and_docs_show_the_published_results_of_the_models_that_ship():
    assert TOOL["main"](["check"]) == 0


@pytest.mark.parametrize("profile", ["balanced", "fidelity", "perceptual"])
def test_a_models_own_measurements_are_the_published_ones(profile):
    model = json.loads((ROOT / "savedmodels" / profile / "model.json").read_text())
    results = json.loads((ROOT / "results/kodak/profiles.json").read_text())
    (row,) = [row for row in results["candidates"] if row["key"] == f"profile:{profile}"]
    measured = model["measured"]["Kodak"]["bd_rate_percent 0.2-1.5 bpp"]
    assert set(measured) == set(row["bd_rate"])
    for metric, percent in measured.items():
        assert percent == pytest.approx(row["bd_rate"][metric]["0.2-1.5"]["mean"], abs=0.006)
