"""A result of an earlier run is recognized, by every program that reads JPEG files still a JPEG file, and stays."""

import pytest
from PIL import Image

from jpegpre_tf import runtime
from jpegpre_tf.jpeg.files.segments import read_segments
from jpegpre_tf.runtime.pictures.jpeg_files import made_file
from jpegpre_tf.runtime.pictures.jpeg_files.made_file import MadeMark, find_mark, insert_mark, stays
from tests.runtime.pictures.made_files import photo, saved, tags, witness

PLAIN = saved(photo(), "JPEG", quality=60)


def mark_of(content: bytes) -> MadeMark | None:
    return find_mark(read_segments(content), {})


@pytest.mark.codec
def test_a_mark_is_found_and_harms_no_reader():
    marked = insert_mark(PLAIN, MadeMark(60, 1.0))
    assert len(marked) == len(PLAIN) + made_file.MARK_BYTES
    assert mark_of(marked) == MadeMark(60, 1.0) and mark_of(PLAIN) is None
    assert witness("djpeg", stdin=marked) == witness("djpeg", stdin=PLAIN)
    assert tags(marked, "-a", "-Warning", "-Comment", "-ThumbnailImage", "-JFIF:all") == tags(
        PLAIN, "-JFIF:all"
    )


def test_when_it_stays():
    assert stays(MadeMark(60, 1.0), 75, 1.0) and stays(MadeMark(75, 1.0), 75, 1.0)
    assert not stays(MadeMark(75, 1.0), 60, 1.0) and not stays(None, 75, 1.0)


def test_another_recognizer_is_asked_too(monkeypatch):
    found = MadeMark(70, 1.0)
    monkeypatch.setattr(made_file, "RECOGNIZERS", [*made_file.RECOGNIZERS, lambda *_: found])
    assert mark_of(PLAIN) == found


@pytest.mark.parametrize("profile", ["balanced", "perceptual"])
@pytest.mark.parametrize("metadata", ["keep", "strip"])
def test_a_second_run_keeps_the_file(tmp_path, photos, profile, metadata):
    session = runtime.load(profile, threads=1)
    path = tmp_path / "x.jpg"
    Image.fromarray(photos[0]).save(path, quality=92)
    first = runtime.encode_file(path, path, session, in_place=True, metadata=metadata)
    content = path.read_bytes()
    second = runtime.encode_file(path, path, session, in_place=True, metadata=metadata)
    assert not first.is_copy and second.is_copy and path.read_bytes() == content
    assert "earlier run" in second.reasons[0]
    lower = runtime.encode_file(path, path, session, in_place=True, metadata=metadata, quality=30)
    assert not lower.is_copy
