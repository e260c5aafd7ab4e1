"""Writes a baseline JPEG file from strips of rows: the bytes that `encode_jpeg` writes, without its memory.

libjpeg with optimised Huffman codes holds all coefficients, Pillow all pixels in 4 bytes each. Here the symbols
of the scan are held, compressed, about as large as the file.
"""

import zlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from PIL import Image

from jpegpre_tf import jpeg
from jpegpre_tf.jpeg.entropy import scan
from jpegpre_tf.jpeg.entropy.bits import pack_bits, stuffed
from jpegpre_tf.jpeg.entropy.huffman import HuffmanTable, optimal_table
from jpegpre_tf.jpeg.files.segments import SOI, read_segments, segment
from jpegpre_tf.jpeg.tables import interpolated_tables
from jpegpre_tf.jpeg.transform.resample import subsampling_factors
from jpegpre_tf.runtime.encoding.jpeg_file import encode_jpeg

# Pixels that are transformed at a time: bounds intermediates of some 100 bytes per pixel.
_PIXELS_AT_ONCE = 1 << 19
_SOF0, _DHT, _SOS = 0xC0, 0xC4, 0xDA
_EOI = b"\xff\xd9"


class StripJpeg:
    """One JPEG file, made from strips from top to bottom.

    Args:
        height: Height of the picture, pixels.
        width: Width of the picture, pixels.
        quality: 1..100, see `encode_jpeg`.
        subsampling: "4:2:0", "4:2:2" or "4:4:4".
        is_gray: Write one channel.
        density: (x, y) dots per inch for the JFIF header.
    """

    def __init__(
        self,
        height: int,
        width: int,
        quality: float,
        *,
        subsampling: str,
        is_gray: bool,
        density: tuple[int, int] | None,
    ) -> None:
        self._height, self._width = height, width
        self._tables = interpolated_tables(quality)
        self._subsampling = subsampling
        self._is_gray = is_gray
        self._factors = (1, 1) if is_gray else subsampling_factors(subsampling)
        self._counts = np.zeros((4, 256), np.int64)
        self._chunks: list[bytes] = []
        self._last_unit: tuple[npt.NDArray[np.signedinteger], npt.NDArray[np.signedinteger]] | None = None
        small = np.zeros((16, 16, 3), np.uint8)
        self._like = encode_jpeg(small, quality, subsampling=subsampling, is_gray=is_gray, density=density)

    def add(self, rows: npt.NDArray[np.uint8]) -> None:
        """Adds the next rows, uint8 `(rows, W, 3)`: a multiple of 16 of them, but for the last ones."""
        at_once = max(16, _PIXELS_AT_ONCE // self._width // 16 * 16)
        for top in range(0, len(rows), at_once):
            self._add(rows[top : top + at_once])

    def _add(self, rows: npt.NDArray[np.uint8]) -> None:
        pixels = np.asarray(Image.fromarray(rows).convert("L")) if self._is_gray else rows
        coefficients = jpeg.encode_coefficients(pixels, subsampling=self._subsampling, tables=self._tables)
        across, down = self._factors
        units = -(-len(rows) // (8 * down)), -(-self._width // (8 * across))
        blocks, owners = scan.scan_blocks(list(coefficients.planes), self._factors, units)
        per_unit = 1 if self._is_gray else across * down + 2
        skipped = 0
        if self._last_unit is not None:
            # DC is coded as the difference to the block before: prepend it, and drop its symbols again.
            skipped = len(scan.list_symbols(*self._last_unit).symbol)
            blocks = np.concatenate((self._last_unit[0], blocks))
            owners = np.concatenate((self._last_unit[1], owners))
        self._last_unit = blocks[-per_unit:].copy(), owners[-per_unit:].copy()
        symbols = scan.list_symbols(blocks, owners)
        codes = symbols.table[skipped:].astype(np.uint32) * 256 + symbols.symbol[skipped:].astype(np.uint32)
        self._counts += np.bincount(codes, minlength=1024).reshape(4, 256)
        packed = codes | (symbols.extra[skipped:].astype(np.uint32) << 10)
        self._chunks.append(zlib.compress(packed.tobytes(), 1))

    def finish(self) -> bytes:
        """Returns the file; nothing can be added or finished any more."""
        tables = [optimal_table(counts) for counts in self._counts[: 2 if self._is_gray else 4]]
        parts = [SOI]
        written_tables = False
        for marker, payload in read_segments(self._like).head:
            if marker == _DHT:
                if not written_tables:
                    parts += [_table_segment(number, table) for number, table in enumerate(tables)]
                    written_tables = True
                continue
            if marker == _SOF0:
                size = self._height.to_bytes(2, "big") + self._width.to_bytes(2, "big")
                payload = payload[:1] + size + payload[5:]
            parts.append(segment(marker, payload))
        start = read_segments(self._like).scan_start
        length = int.from_bytes(self._like[start + 2 : start + 4], "big")
        parts.append(self._like[start : start + 2 + length])
        parts += self._entropy_coded(tables)
        return b"".join((*parts, _EOI))

    def _entropy_coded(self, tables: list[HuffmanTable]) -> Iterator[bytes]:
        """Yields the scan's bytes, stuffed, padded with ones at the end."""
        codes = np.concatenate([table.codes() for table in tables])
        lengths = np.concatenate([table.lengths() for table in tables])
        held, held_bits = 0, 0
        while self._chunks:
            packed = np.frombuffer(zlib.decompress(self._chunks.pop(0)), np.uint32).astype(np.int64)
            which, extra = packed & 1023, packed >> 10
            # Of every symbol the low four bits say how many bits follow, for DC and AC.
            extra_bits = which & 15
            stream, held, held_bits = pack_bits(
                (codes[which] << extra_bits) | extra, lengths[which] + extra_bits, held, held_bits
            )
            yield stuffed(stream)
        if held_bits:
            yield stuffed(bytes([held << (8 - held_bits) | 0xFF >> held_bits]))


def _table_segment(number: int, table: HuffmanTable) -> bytes:
    # Tables come in the order DC luma, AC luma, DC chroma, AC chroma.
    identifier = (number % 2) << 4 | number // 2
    return segment(_DHT, bytes([identifier, *table.bits, *table.values]))
