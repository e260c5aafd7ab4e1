import base64
import re

import pytest
from PIL import Image

from jpegpre_tf import runtime


@pytest.fixture
def result(balanced, photos, tmp_path):
    source = tmp_path / "a <b>&'\"{{title}}.png"
    Image.fromarray(photos[0][:300, :400]).save(source)
    return runtime.encode_file(source, tmp_path / "out.jpg", balanced)


def test_holds_both_files_and_their_sizes(result):
    page = runtime.ComparePage(quality=75)
    page.add(result)
    text = page.html()
    embedded = [base64.b64decode(data) for data in re.findall(r"data:image/jpeg;base64,([^\"]+)", text)]
    assert embedded == [result.jpeg_plain, result.jpeg]
    assert (
        f"{result.size_bytes_plain / 1000:,.1f} kB" in text and f"{result.size_bytes / 1000:,.1f} kB" in text
    )
    assert f"{result.saved_percent:.1f} % smaller" in text and "1 photo," in text and "quality 75" in text


def test_is_self_contained_and_filled_in(result):
    page = runtime.ComparePage(quality=75)
    page.add(result)
    text = page.html()
    assert (
        "http://" not in text and "https://" not in text and text.count("{{") == text.count("{{title}}.png")
    )
    assert "default-src 'none'" in text


def test_file_names_cannot_become_markup(result):
    page = runtime.ComparePage(quality=75)
    page.add(result)
    assert "<b>&'" not in page.html() and "a &lt;b&gt;&amp;&#x27;&quot;{{title}}.png" in page.html()


def test_a_page_that_has_grown_too_large_counts_what_it_leaves_out(result, monkeypatch):
    monkeypatch.setattr("jpegpre_tf.runtime.pages.compare_page._MOST_EMBEDDED_BYTES", 1)
    page = runtime.ComparePage(quality=75)
    for _ in range(3):
        page.add(result)
    assert page.left_out == 2 and page.html().count("<figure ") == 1
