"""What a JPEG scan is made of, for its walkers: the codes of its Huffman tables, their order, and how it may end."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpegpre_tf.jpeg.entropy.huffman import HuffmanTable

Int = npt.NDArray[np.int64]

# Coefficients after which a block is done. Of a band of n coefficients a block begins with 64 - n.
BLOCK = 64
# A step of so many ends the band. A step that is no code is larger.
END_OF_BAND, NO_CODE = 128, 256
# Zeros between parts and at the end: a code with its extra bits may be looked up there.
PADDING = b"\xff" * 8


class DamagedScanError(ValueError):
    """What is wrong with a scan."""


@dataclass(frozen=True)
class Grammar:
    """The order of codes in a scan.

    Attributes:
        steps: `(slots * 65536,)` int32 by the next 16 bits: low 6 bits are the bits of code and value, bits 6 to 9
            the bits of a run of ended bands, the rest is the step in coefficients.
        slots: `(2 * blocks of an MCU,)` first entry in `steps` for each block's first code and its other codes.
        first: Place at which a block begins, see `BLOCK`.
    """

    steps: npt.NDArray[np.int32]
    slots: npt.NDArray[np.int32]
    first: int

    @property
    def blocks(self) -> int:
        """Blocks of an MCU."""
        return len(self.slots) // 2


def lookup(table: HuffmanTable) -> tuple[Int, Int]:
    """Returns code length and symbol by the next 16 bits, `(65536,)`; a length of 0 where no code is."""
    lengths, symbols = np.zeros(1 << 16, np.int64), np.zeros(1 << 16, np.int64)
    if sum(table.bits) != len(table.values):
        raise DamagedScanError("a Huffman table is damaged")
    start = 0
    for length, value in zip(np.repeat(np.arange(1, 17), table.bits).tolist(), table.values, strict=True):
        end = start + (1 << (16 - length))
        if end > 1 << 16:
            raise DamagedScanError("a Huffman table is damaged")
        lengths[start:end], symbols[start:end] = length, value
        start = end
    return lengths, symbols


def dc_steps(table: HuffmanTable, step: int) -> npt.NDArray[np.int32]:
    """Returns `Grammar.steps` of DC codes that each stand for `step` places."""
    lengths, symbols = lookup(table)
    is_code = (lengths > 0) & (symbols < 16)
    return np.where(is_code, lengths + symbols | step << 10, 1 | NO_CODE << 10).astype(np.int32)


def ac_steps(table: HuffmanTable, *, has_runs: bool) -> npt.NDArray[np.int32]:
    """Returns `Grammar.steps` of AC codes; `has_runs`: one code may end the band of several blocks."""
    lengths, symbols = lookup(table)
    run, size = symbols >> 4, symbols & 15
    goes_on = (size > 0) | (run == 15)
    step = np.where(goes_on, run + 1, END_OF_BAND)
    ended = np.where(goes_on | (not has_runs), 0, run)
    entry = lengths + size | ended << 6 | step << 10
    # In baseline files only 0x00 ends a block; libjpeg takes the others for it too.
    return np.where(lengths > 0, entry, 1 | NO_CODE << 10).astype(np.int32)


def check_surplus(rest: bytes) -> None:
    """Raises DamagedScanError if what is left behind the byte of the last code is more than padding."""
    # Some encoders fill up to a multiple of so many bytes.
    if len(rest) >= 8 or rest.strip(b"\0\xff"):
        raise DamagedScanError("a scan goes on behind the picture's end")
