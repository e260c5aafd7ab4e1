"""PAM files (Netpbm's P7): gray and color with or without alpha, 1 to 16 bits. Pillow does not read them."""

from typing import BinaryIO

import numpy as np
from PIL import Image

PAM_SIGNATURE = b"P7\n"
_MOST_HEADER_BYTES = 1 << 16
# Type of the samples -> (how many, Pillow's mode).
_TYPES = {
    "BLACKANDWHITE": (1, "L"),
    "GRAYSCALE": (1, "L"),
    "RGB": (3, "RGB"),
    "BLACKANDWHITE_ALPHA": (2, "LA"),
    "GRAYSCALE_ALPHA": (2, "LA"),
    "RGB_ALPHA": (4, "RGBA"),
}
# What samples without a type are taken for; two and four may be anything.
_UNTYPED = {1: "GRAYSCALE", 3: "RGB"}
_ROWS_AT_ONCE = 64


def read_header(file: BinaryIO) -> dict[str, str]:
    """Returns the fields of a PAM file's header, and leaves the file at its first sample.

    Raises:
        ValueError: If the header has no end.
    """
    fields: dict[str, str] = {}
    file.seek(len(PAM_SIGNATURE))
    while file.tell() < _MOST_HEADER_BYTES:
        line = file.readline(_MOST_HEADER_BYTES)
        if not line.endswith(b"\n"):
            break
        name, _, value = line.decode("latin-1").strip().partition(" ")
        if name == "ENDHDR":
            return fields
        if name and not name.startswith("#"):
            # Several lines of the type are one, says its manual.
            before = f"{fields[name]} " if name == "TUPLTYPE" and name in fields else ""
            fields[name] = before + value.strip()
    raise ValueError("its header has no end")


def size_of(fields: dict[str, str]) -> tuple[int, int]:
    """Returns width and height that a header states.

    Raises:
        ValueError: If it states none.
    """
    try:
        width, height = int(fields["WIDTH"]), int(fields["HEIGHT"])
    except (KeyError, ValueError):
        raise ValueError("its header states no size") from None
    if width <= 0 or height <= 0:
        raise ValueError(f"a picture of {width}x{height} pixels")
    return width, height


def decode_pam(file: BinaryIO, fields: dict[str, str]) -> Image.Image:
    """Returns the picture, 8 bits per sample: L, LA, RGB or RGBA.

    Args:
        file: The file, at its first sample.
        fields: What its header states, by name.

    Raises:
        ValueError: If its samples are of an unknown kind.
        OSError: If samples are missing.
    """
    width, height = size_of(fields)
    try:
        depth, most = int(fields["DEPTH"]), int(fields["MAXVAL"])
    except (KeyError, ValueError):
        raise ValueError("its header states no depth or largest value") from None
    kind = fields.get("TUPLTYPE") or _UNTYPED.get(depth, "")
    if kind not in _TYPES or _TYPES[kind][0] != depth or not 0 < most < 65536:
        said = f"{depth} samples of type {kind or 'unknown'} up to {most}"
        raise ValueError(f"PAM of {said} is not supported")
    sample_bytes = 2 if most > 255 else 1
    pixels = np.empty((height, width, depth), np.uint8)
    for top in range(0, height, _ROWS_AT_ONCE):
        rows = min(_ROWS_AT_ONCE, height - top)
        wanted = rows * width * depth * sample_bytes
        data = file.read(wanted)
        if len(data) < wanted:
            raise OSError("image file is truncated")
        values = np.frombuffer(data, f">u{sample_bytes}").astype(np.uint32).reshape(rows, width, depth)
        pixels[top : top + rows] = (np.minimum(values, most) * 255 + most // 2) // most
    mode = _TYPES[kind][1]
    return Image.fromarray(pixels[..., 0] if mode == "L" else pixels, mode)
