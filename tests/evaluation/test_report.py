import csv
import os
import re

import pytest
from PIL import Image

from jpegpre_tf.evaluation.candidates import make_encoder_candidate, make_filter_candidate
from jpegpre_tf.evaluation.equal_size import smallest_file_above
from jpegpre_tf.evaluation.evaluate import EvaluationConfig, evaluate
from jpegpre_tf.evaluation.report import write_report
from jpegpre_tf.evaluation.report.tables import cell, format_signed
from jpegpre_tf.evaluation.results import Results, bd_rate_cells
from jpegpre_tf.evaluation.series import average_curve, average_size_change, collect_curves

ENCODER = "libjpeg-turbo"
# Anything that would make a browser ask a server.
LOADS = re.compile(r"""(src|href)\s*=\s*["'](?!data:)|url\(|@import|fetch\(|https?://""")


@pytest.fixture
def small(folder, tmp_path):
    """Configuration and results of a quick evaluation of a filter and an encoder."""
    candidates = (make_filter_candidate("gaussian", ENCODER), make_encoder_candidate("mozjpeg-trellis"))
    config = EvaluationConfig(
        (folder,), candidates, ("psnr_y", "ssim"), (10, 20, 35, 55, 80), cache=tmp_path / "c"
    )
    return config, evaluate(config)


def test_folder_holds_everything(small, tmp_path):
    config, results = small
    report = tmp_path / "report"
    write_report(results, config, report)
    assert sorted(path.name for path in report.iterdir()) == [
        "crops",
        "index.html",
        "plots",
        "results.csv",
        "results.json",
        "table.md",
    ]
    assert len(list((report / "plots").glob("*.png"))) == 1 + 3 * 2
    assert len(list((report / "crops").glob("*.png"))) == 3 * 3
    rows = list(csv.DictReader((report / "results.csv").open()))
    assert len(rows) == 3 * 5 * (1 + len(config.candidates[0].strengths) + 1)
    page = (report / "index.html").read_text()
    assert not LOADS.search(page)
    assert "{{" not in page
    for text in ("optimised Huffman", "trellis", "0.2-1.5", "1.0-2.5", "gb82_city", "SSIM", "sigma 0.5 px"):
        assert text in page


def test_plots_are_drawn_again_only_when_their_data_changed(small, tmp_path):
    config, results = small
    report = tmp_path / "report"
    write_report(results, config, report)
    times = {path: path.stat().st_mtime_ns for path in (report / "plots").iterdir()}
    write_report(results, config, report)
    assert times == {path: path.stat().st_mtime_ns for path in (report / "plots").iterdir()}
    content = results.to_json()
    content["candidates"][1]["points"]["gb82_city"][0]["metrics"]["ssim"] += 1
    results = Results.from_json(content)
    (report / "plots" / "rd_psnr_y.png").write_bytes(b"damaged")
    write_report(results, config, report)
    changed = {path.stem for path, time in times.items() if path.stat().st_mtime_ns != time}
    assert changed == {"rd_ssim", "change_ssim", "pictures_ssim", "rd_psnr_y"}


def test_names_cannot_inject_markup(folder, tmp_path):
    (folder / "gb82_city.png").rename(folder / "<b>&city.png")
    config = EvaluationConfig((folder,), (make_encoder_candidate("webp"),), ("psnr_y",), cache=tmp_path / "c")
    write_report(evaluate(config), config, tmp_path / "report")
    page = (tmp_path / "report" / "index.html").read_text()
    assert "<b>&city" not in page
    assert "&lt;b&gt;&amp;city" in page


@pytest.mark.parametrize("name", [b"not text \xff.png", rb"$\frac$.png"])
def test_any_name_can_be_drawn(folder, tmp_path, name):
    path = os.path.join(os.fsencode(folder), name)  # noqa: PTH118  bytes, that macOS does not take
    try:
        os.rename(folder / "gb82_city.png", path)  # noqa: PTH104
    except OSError:
        pytest.skip("this file system takes text alone")
    config = EvaluationConfig((folder,), (make_encoder_candidate("webp"),), ("psnr_y",), cache=tmp_path / "c")
    write_report(evaluate(config), config, tmp_path / "report")
    assert list((tmp_path / "report" / "plots").glob("pictures_*.png"))


def test_report_of_nothing_but_failures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "broken.png").write_bytes(b"")
    config = EvaluationConfig((folder,), (make_encoder_candidate("webp"),), cache=tmp_path / "c")
    results = evaluate(config)
    write_report(results, config, tmp_path / "report")
    assert "1 failed" in (tmp_path / "report" / "index.html").read_text()


def test_terminal_table(small):
    _, results = small
    header, *rows = bd_rate_cells(results)
    assert header == ["BD-rate %", "PSNR-Y", "SSIM"]
    assert rows[0][0].startswith("Gaussian blur") and rows[1][0].startswith("MozJPEG trellis")
    assert {len(row) for row in rows} == {3}


def test_mean_curves(small):
    import numpy as np

    _, results = small
    plain = collect_curves(results, results.reference, "psnr_y")
    mean = average_curve(plain)
    assert [quality for quality, _, _ in mean] == [10, 20, 35, 55, 80]
    assert mean[0][1] == pytest.approx(np.mean([points[0][1] for points in plain.values()]))
    rates = np.array([1.0, 1.3])
    assert average_size_change(plain, plain, rates, higher_is_better=True).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(("percent", "text"), [(1.25, "+1.2"), (-3.0, "\N{MINUS SIGN}3.0"), (-0.04, "0.0")])
def test_signed(percent, text):
    assert format_signed(percent) == text


def test_cells_say_nothing_without_a_value():
    assert cell(None) == "<td>-</td>"
    assert "good" in cell(-5.0) and "bad" in cell(5.0)


def test_equal_size_never_wrongs_plain_jpeg(city):
    from jpegpre_tf.codecs import LibjpegTurbo

    encoder = LibjpegTurbo()
    for size_bytes in (1500, 4000, 9000):
        found = smallest_file_above(encoder, city, size_bytes)
        assert found.size_bytes >= size_bytes
        assert len(encoder.encode_bytes(city, found.quality - 1)) < size_bytes
    assert smallest_file_above(encoder, city, 10**9).quality == 100
    assert smallest_file_above(encoder, city, 1).quality == 1


def test_plots_are_pictures(small, tmp_path):
    from jpegpre_tf.evaluation.report.plots import write_plots

    for path in write_plots(small[1], tmp_path / "plots").values():
        with Image.open(path) as picture:
            picture.verify()
