"""Plain JPEG out: what an unmodified encoder makes of the pixels."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile

from jpegpre_tf import jpeg

SUBSAMPLINGS = ("4:4:4", "4:2:2", "4:2:0")  # Pillow numbers them 0, 1, 2

# Uniform and binary noise at quality 100 came to at most 1.08 bytes per sample; 2 leaves room.
_BYTES_PER_SAMPLE = 2
_room_lock = threading.Lock()
_rooms: list[int] = []


def encode_jpeg(
    pixels: npt.NDArray[np.uint8],
    quality: float,
    *,
    subsampling: str = "4:2:0",
    is_grey: bool = False,
    density: tuple[int, int] | None = None,
) -> bytes:
    """Returns a baseline JPEG file by libjpeg-turbo with Annex K tables and optimised Huffman codes.

    Args:
        pixels: uint8 `(H, W, 3)` RGB, levels 0..255.
        quality: 1..100. Between two whole numbers the tables are in between, see `tables_of`.
        subsampling: "4:2:0", "4:2:2" or "4:4:4".
        is_grey: Write one channel, the luma of `pixels`.
        density: (x, y) dots per inch for the JFIF header.

    Raises:
        ValueError: If `quality` or `subsampling` is not one of those.
    """
    if not 1 <= quality <= 100:
        raise ValueError(f"`quality` must be from 1 to 100. Received: quality={quality}")
    if subsampling not in SUBSAMPLINGS:
        raise ValueError(
            f"`subsampling` must be one of {', '.join(SUBSAMPLINGS)}. Received: subsampling={subsampling!r}"
        )
    image = Image.fromarray(pixels)
    if is_grey:
        image = image.convert("L")
    file = io.BytesIO()
    options: dict[str, Any] = {"quality": int(quality)}
    if quality != int(quality):
        # At quality 50 Pillow writes the tables that it is given.
        options = {"quality": 50, "qtables": [table.ravel().tolist() for table in tables_of(quality)]}
    if density is not None:
        options["dpi"] = density
    with _room_for((image.width + 16) * (image.height + 16) * len(image.getbands()) * _BYTES_PER_SAMPLE):
        image.save(
            file,
            "JPEG",
            subsampling=SUBSAMPLINGS.index(subsampling),
            optimize=True,
            **options,
        )
    return file.getvalue()


def tables_of(quality: float) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint16]]:
    """Returns the (luma, chroma) tables of a quality 1..100, (8, 8) each, whole number or not.

    Between two whole numbers the entries change to the next quality's one after another, the highest
    frequencies first: files then grow in steps of a few per mille, where scaling all entries by a real number
    jumps whenever many of them round up together.
    """
    lower = jpeg.quantization_tables(int(quality))
    share = quality - int(quality)
    if share == 0:
        return lower
    upper = jpeg.quantization_tables(int(quality) + 1)
    changed = jpeg.NATURAL_FROM_ZIGZAG[64 - round(64 * share) :]
    tables = [table.ravel().copy() for table in lower]
    for table, finer in zip(tables, upper, strict=True):
        table[changed] = finer.ravel()[changed]
    return tables[0].reshape(8, 8), tables[1].reshape(8, 8)


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
