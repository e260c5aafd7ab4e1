"""Bits of entropy-coded data, to and from arrays (T.81, F.1.2.3: bits in order, stuffed bytes, ones at the end)."""

import numpy as np
import numpy.typing as npt


def stuffed(stream: bytes) -> bytes:
    """Returns the bytes with a zero after each 0xFF, so that none is taken for a marker."""
    return stream.replace(b"\xff", b"\xff\0")


def pack_bits(
    values: npt.NDArray[np.int64], bits: npt.NDArray[np.int64], held: int, held_bits: int
) -> tuple[bytes, int, int]:
    """Appends values of so many bits to the held bits; returns whole bytes and what is left over."""
    start = held_bits + np.cumsum(bits) - bits
    total = int(start[-1] + bits[-1])
    stream = np.zeros(total // 8 + 6, np.uint8)
    stream[0] = held << (8 - held_bits) if held_bits else 0
    # A code and its extra bits are at most 27 bits from any offset in a byte: spread over 5 bytes. Bits are
    # disjoint, so adding is or-ing.
    shifted = values << (40 - start % 8 - bits)
    for offset in range(5):
        part = ((shifted >> (32 - 8 * offset)) & 0xFF).astype(np.uint8)
        np.add.at(stream, start // 8 + offset, part)
    whole, left = divmod(total, 8)
    return stream[:whole].tobytes(), int(stream[whole]) >> (8 - left) if left else 0, left


def windows(data: bytes) -> npt.NDArray[np.uint16]:
    """Returns the 16 bits from every bit on, `(8 * (len(data) - 2),)`."""
    values = np.frombuffer(data, np.uint8).astype(np.uint32)
    joined = values[:-2] << 16 | values[1:-1] << 8 | values[2:]
    return (joined[:, np.newaxis] >> np.arange(8, 0, -1, dtype=np.uint32)).astype(np.uint16).ravel()
