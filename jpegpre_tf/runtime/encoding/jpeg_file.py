"""Plain JPEG out: what an unmodified encoder makes of the pixels."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile

from jpegpre_tf._padded import pillow_image
from jpegpre_tf.jpeg.tables import interpolated_tables

SUBSAMPLINGS = ("4:4:4", "4:2:2", "4:2:0")  # Pillow numbers them 0, 1, 2

SCANS = ("baseline", "progressive", "smallest")

# Uniform and binary noise at quality 100 came to at most 1.08 bytes per sample; 2 leaves room.
_BYTES_PER_SAMPLE = 2
_room_lock = threading.Lock()
_rooms: list[int] = []


def encode_jpeg(
    pixels: npt.NDArray[np.uint8],
    quality: float,
    *,
    subsampling: str = "4:2:0",
    is_gray: bool = False,
    density: tuple[int, int] | None = None,
    scan: str = "baseline",
) -> bytes:
    """Returns a JPEG file by libjpeg-turbo with Annex K tables and optimised Huffman codes.

    Args:
        pixels: uint8 `(H, W, 3)` RGB, levels 0..255; padded ones, see `Session`, are not copied.
        quality: 1..100. Between two whole numbers the tables are in between, see `jpeg.tables.interpolated_tables`.
        subsampling: "4:2:0", "4:2:2" or "4:4:4".
        is_gray: Write one channel, the luma of `pixels`.
        density: (x, y) dots per inch for the JFIF header.
        scan: "baseline", "progressive", or "smallest" for the smaller one of both: they hold the same coefficients.

    Raises:
        ValueError: If `quality`, `subsampling` or `scan` is not one of those.
    """
    if not 1 <= quality <= 100:
        raise ValueError(f"`quality` must be from 1 to 100. Received: quality={quality}")
    if subsampling not in SUBSAMPLINGS:
        raise ValueError(
            f"`subsampling` must be one of {', '.join(SUBSAMPLINGS)}. Received: subsampling={subsampling!r}"
        )
    if scan not in SCANS:
        raise ValueError(f"`scan` must be one of {', '.join(SCANS)}. Received: scan={scan!r}")
    image = Image.fromarray(pixels).convert("L") if is_gray else pillow_image(pixels)
    options: dict[str, Any] = {"quality": int(quality)}
    if quality != int(quality):
        # At quality 50 Pillow writes the tables that it is given.
        options = {
            "quality": 50,
            "qtables": [table.ravel().tolist() for table in interpolated_tables(quality)],
        }
    if density is not None:
        options["dpi"] = density
    files = []
    with _room_for((image.width + 16) * (image.height + 16) * len(image.getbands()) * _BYTES_PER_SAMPLE):
        for kind in SCANS[:2] if scan == "smallest" else (scan,):
            file = io.BytesIO()
            image.save(
                file,
                "JPEG",
                subsampling=SUBSAMPLINGS.index(subsampling),
                optimize=True,
                progressive=kind == "progressive",
                **options,
            )
            files.append(file.getvalue())
    return min(files, key=len)


@contextmanager
def _room_for(size_bytes: int) -> Iterator[None]:
    """Makes Pillow's output buffer large enough for the whole file, for as long as any thread needs it.

    With optimised Huffman codes the whole file must fit Pillow's buffer. Pillow takes one byte per pixel, too
    little for noise at high quality ("broken data stream when writing image file"). The only way to more is
    `ImageFile.MAXBLOCK`, for the process; unused room is never touched, so it costs no memory.
    """
    global _usual_maxblock
    with _room_lock:
        if not _rooms:
            _usual_maxblock = ImageFile.MAXBLOCK
        _rooms.append(size_bytes)
        ImageFile.MAXBLOCK = max(_usual_maxblock, *_rooms)
    try:
        yield
    finally:
        with _room_lock:
            _rooms.remove(size_bytes)
            ImageFile.MAXBLOCK = max(_usual_maxblock, *_rooms) if _rooms else _usual_maxblock


_usual_maxblock = ImageFile.MAXBLOCK
