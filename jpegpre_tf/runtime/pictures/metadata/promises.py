"""XMP that promises what a new file will not have: a gain map, a video, further pictures behind the picture."""

import re
from dataclasses import replace

from jpegpre_tf.runtime.pictures.metadata.metadata import Metadata

_NAMES = rb"(?:hdrgm:\w+|HDRGainMap:\w+|G?Container:\w+|(?:GCamera|Camera):(?:MotionPhoto|MicroVideo)\w*)"
_ATTRIBUTE = re.compile(rb"""\s""" + _NAMES + rb"""\s*=\s*(?:"[^"]*"|'[^']*')""")
_ELEMENT = re.compile(rb"<(" + _NAMES + rb")(?=[\s/>])[^>]*?(?:/>|(?<!/)>.*?</\1\s*>)", re.DOTALL)


def without_promises(metadata: Metadata) -> tuple[Metadata, tuple[str, ...]]:
    """Returns metadata of a file with nothing behind its picture, and a note on each thing that XMP promised."""
    notes = []
    if b"hdrgm:Version" in metadata.xmp:
        notes.append("its HDR gain map cannot be kept: only the standard picture is used")
    if b"MotionPhoto" in metadata.xmp or b"MicroVideo" in metadata.xmp:
        notes.append("XMP names a motion photo's video, which is not there or cannot be kept")
    if not notes:
        return metadata, ()
    xmp = _ELEMENT.sub(b"", _ATTRIBUTE.sub(b"", metadata.xmp))
    return replace(metadata, xmp=xmp), tuple(notes)
