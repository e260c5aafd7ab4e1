"""IPTC text keeps its letters, whichever characters it was written in; exiftool writes and reads it."""

import pytest

from jpegpre_tf.runtime.pictures.metadata.metadata import insert_metadata
from jpegpre_tf.runtime.pictures.picture import open_content
from tests.runtime.pictures.made_files import photo, saved, tags, witness

CITY = "Zürich"
# Without the mark for UTF-8, IPTC text is Latin 1 by custom.
WRITTEN = {"UTF-8": ("-codedcharacterset=utf8",), "Latin": ("-charset", "iptc=latin")}


@pytest.mark.codec
@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "PNG"])
@pytest.mark.parametrize("characters", WRITTEN)
def test_letters_are_the_same_after_it(characters: str, kind: str) -> None:
    options = WRITTEN[characters]
    content = witness("exiftool", *options, f"-iptc:city={CITY}", "-", stdin=saved(photo(), kind))
    assert tags(content, "-s3", "-City") == CITY
    result = insert_metadata(saved(photo(), "JPEG"), open_content(content).metadata)
    assert tags(result, "-s3", "-City") == CITY
    mark = tags(result, "-s3", "-CodedCharacterSet")
    assert (mark == "UTF8") == (characters == "UTF-8")
